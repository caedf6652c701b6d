"""Opens what statements come packed in: zip (Alipay, UnionPay) and gzip (WeChat Pay).

Rules kept here: a member is unpacked into a temporary folder, one at a time, and never more of it
than the limits allow; names of members are for messages only and never become paths. Chinese
providers write GBK names without saying so. Archives inside archives are not opened.
"""

from __future__ import annotations

import gzip
import lzma
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from daozhang.formats._sheets import ZIP_MARK
from daozhang.formats.limits import (
    ARCHIVE_MEMBERS_MAX,
    FILE_BYTES_MAX,
    ZIP_RATIO_FLOOR_BYTES,
    ZIP_RATIO_MAX,
)
from daozhang.formats.tables import is_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daozhang.formats.base import Source

__all__ = ["ArchiveError", "Member", "is_archive", "members"]

_GZIP_MARK: Final = b"\x1f\x8b"
_UTF8_NAME: Final = 0x800  # General purpose bit 11 of APPNOTE 4.4.4.
_ENCRYPTED: Final = 0x1
_CHUNK_BYTES: Final = 256 * 1024
_NOT_FILES: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError,
    OverflowError,
)  # fmt: skip


class ArchiveError(ValueError):
    """The archive cannot be opened; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, unpacked.

    Attributes:
        name: what it is called inside; empty for the one content of a gzip file.
        path: where it lies until the next member is asked for.
    """

    name: str
    path: Path


def is_archive(source: Source) -> bool:
    """Say whether a file is a zip (and no workbook or document) or gzip, by its first bytes."""
    head = source.head
    if head.startswith(_GZIP_MARK):
        return True
    return head.startswith(ZIP_MARK) and not is_workbook(source) and b"mimetype" not in head[:60]


@contextmanager
def _unpacked(open_it: Callable[[], IO[bytes]], packed_bytes: int) -> Iterator[Path]:
    """Yield the path of the content while it is needed.

    Raises:
        ArchiveError: it unpacks to more than the limits allow, or is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="daozhang-") as folder:
        path = Path(folder) / "member"
        try:
            with open_it() as packed, path.open("wb") as plain:
                size = 0
                while chunk := packed.read(_CHUNK_BYTES):
                    size += len(chunk)
                    _check_size(size, packed_bytes)
                    plain.write(chunk)
        except ArchiveError:
            raise
        except (*_DAMAGE, RuntimeError, OSError) as error:
            raise ArchiveError(
                "archive_broken",
                f"the archive is damaged ({type(error).__name__}): fetch it again",
            ) from None
        yield path


def _check_size(size: int, packed_bytes: int) -> None:
    if size > FILE_BYTES_MAX:
        raise ArchiveError(
            "zip_too_large",
            f"a file in the archive unpacks to more than {FILE_BYTES_MAX} bytes: split it",
        )
    if size > ZIP_RATIO_FLOOR_BYTES and size > ZIP_RATIO_MAX * max(packed_bytes, 1):
        raise ArchiveError(
            "zip_bomb",
            f"a file in the archive unpacks to over {ZIP_RATIO_MAX} times its size: fetch it "
            "again, or unpack it yourself",
        )


def members(source: Source) -> Iterator[Member | ArchiveError]:
    """Yield the files of an archive, unpacked one by one, in the order in which they stand.

    A member that cannot be unpacked is an error as a value; the others follow.

    Raises:
        OSError: the archive cannot be read.
    """
    if source.head.startswith(_GZIP_MARK):
        yield from _one(Member("", source.path), lambda: _gunzip(source.path), _size(source))
        return
    try:
        archive = zipfile.ZipFile(source.path)
    except (*_DAMAGE, OSError):
        yield ArchiveError("archive_broken", "the zip archive is damaged: fetch it again")
        return
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > ARCHIVE_MEMBERS_MAX:
            yield ArchiveError(
                "archive_too_many",
                f"the archive holds {len(infos)} files, more than the {ARCHIVE_MEMBERS_MAX} "
                "allowed: unpack it and add the files in parts",
            )
            return
        for info in infos:
            name = _name(info)
            if any(mark in name for mark in _NOT_FILES):
                continue
            if info.flag_bits & _ENCRYPTED:
                yield ArchiveError(
                    "password_protected",
                    f"{name} is protected by a password: unpack it and add the file inside",
                )
                continue
            yield from _one(Member(name, source.path), _opener(archive, info), info.compress_size)


def _gunzip(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(path, "rb"))


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _one(
    member: Member, open_it: Callable[[], IO[bytes]], packed_bytes: int
) -> Iterator[Member | ArchiveError]:
    try:
        with _unpacked(open_it, packed_bytes) as path:
            yield Member(member.name, path)
    except ArchiveError as error:
        yield error


def _size(source: Source) -> int:
    return source.path.stat().st_size


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; one that is not marked as UTF-8 is read as GB18030 if it can be."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename
