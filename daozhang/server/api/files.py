"""Files: send one, and see what became of those that were sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import File, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import MULTIPART, Caller, caller_of, needs
from daozhang.server.api.errors import ApiError
from daozhang.server.api.idempotency import Keep, Key, once_keeping
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import Moment, Out
from daozhang.server.clock import now
from daozhang.server.models import Delivery
from daozhang.server.receiving import RefusedFileError, receive

__all__ = ["router"]

router = Router(tags=["files"])


class Receipt(Out):
    """One file that was received, and what became of it."""

    file_id: int
    name: str
    sha256: str
    size_bytes: int
    way: str = Field(description="upload, folder, source or api.")
    by: str | None = Field(description="Who sent it.")
    received_at: Moment
    state: str = Field(description="waiting, taken, duplicate or refused.")
    format: str | None
    rows: dict[str, int] = Field(description="Table → rows taken.")
    refused_rows: int
    problems: list[dict[str, Any]] = Field(description="Each with its place and what to do.")
    totals: list[dict[str, Any]] = Field(description="What the file says it sums to.")
    taken_at: Moment | None


class FileFilters(Paging):
    """Which files."""

    state: Literal["waiting", "taken", "duplicate", "refused"] | None = None


def _receipt(delivery: Delivery) -> Receipt:
    return Receipt(
        file_id=delivery.pk,
        name=delivery.name,
        sha256=delivery.digest,
        size_bytes=delivery.size,
        way=delivery.way,
        by=str(delivery.by) if delivery.by else None,
        received_at=delivery.received_at,
        state=delivery.state,
        format=delivery.form or None,
        rows=delivery.rows,
        refused_rows=delivery.refused_rows,
        problems=delivery.problems,
        totals=delivery.totals,
        taken_at=delivery.taken_at,
    )


def _seen_by(caller: Caller) -> QuerySet[Delivery]:
    """Return the files that somebody may see: who sees only some rows sees what they sent.

    A file may hold rows of everybody, and its receipt tells of them.
    """
    found = Delivery.objects.select_related("by")
    return found if caller.scope.whole else found.filter(by=caller.person)


@router.get(
    "/files", auth=needs("files", "read"), response=answers(PageOf[Receipt]), operation_id="files"
)
def files(request: HttpRequest, asked: Query[FileFilters]) -> dict[str, Any]:
    """List the files that were received, the newest first."""
    after = place_of(asked.cursor, int)
    found = _seen_by(caller_of(request)).order_by("-id")
    if asked.state is not None:
        found = found.filter(state=asked.state)
    if after is not None:
        found = found.filter(id__lt=after[0])
    return page_of(
        request, list(found[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.pk], told=_receipt,
    )  # fmt: skip


@router.get(
    "/files/{int:file_id}", auth=needs("files", "read"), response=answers(Receipt, 200, 404),
    operation_id="file",
)  # fmt: skip
def file(request: HttpRequest, file_id: int) -> Receipt:
    """One file's receipt."""
    found = _seen_by(caller_of(request)).filter(pk=file_id).first()
    if found is None:
        raise ApiError("not_found", file_id=file_id)
    return _receipt(found)


@router.post(
    "/files", auth=needs("files.send", "files", MULTIPART),
    response=answers(Receipt, 201, 409, 413, 415, 507), operation_id="send_file",
)  # fmt: skip
def send_file(request: HttpRequest, file: File[UploadedFile], key: Key = None) -> Status[Any]:
    """Send a file of the till, a provider or a bank; it is read within a minute or so."""
    caller = caller_of(request)

    def parts() -> Iterator[bytes]:
        yield f"{file.name}\n".encode()
        yield from file.chunks()

    return once_keeping(
        request, caller, key, lambda keep: _received(caller, file, keep), parts=parts
    )


def _received(caller: Caller, file: UploadedFile, keep: Keep) -> Receipt:
    try:
        delivery = receive(
            file.chunks(), file.name or "file", at=now(), way="api", by=caller.person,
            traced=caller.traced,
            along=lambda received: keep(_receipt(received)),
        )  # fmt: skip
    except RefusedFileError as error:
        key = "file_empty" if error.key == "files.empty" else "too_large"
        raise ApiError(key, file=file.name) from None
    return _receipt(delivery)
