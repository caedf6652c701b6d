"""The caller: who they are, what they may, whose rows they see, and their tokens."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import JSON, Caller, caller_of, needs
from daozhang.server.api.errors import ApiError, WrongValueError
from daozhang.server.api.idempotency import Key, once
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import In, Line, Moment, Out
from daozhang.server.clock import now
from daozhang.server.models import ApiToken
from daozhang.server.rights import ROLES
from daozhang.server.second_factor import has_one
from daozhang.server.tokens import make_token, revoke_token

__all__ = ["router"]

NAME_MAX: Final = 80

router = Router(tags=["me"])


class Rows(Out):
    """Whose rows somebody sees: a list that is null restricts nothing."""

    all: bool
    merchants: list[str] | None
    stores: list[str] | None
    providers: list[str] | None
    accounts: list[str] | None


class UsedToken(Out):
    """The token of this call."""

    name: str
    scopes: list[str]


class Me(Out):
    """Who calls."""

    email: str
    name: str
    lang: str = Field(description="`zh` or `en`; empty: as each call asks.")
    role: str
    rights: list[str]
    rows: Rows
    second_factor: bool = Field(description="One is set up.")
    token: UsedToken | None = Field(description="Null: this is a session.")


class Token(Out):
    """A program's key; its secret is shown once."""

    token_id: int
    person: str
    name: str
    begins_with: str
    scopes: list[str]
    made_at: Moment
    ends_at: Moment | None
    used_at: Moment | None
    revoked_at: Moment | None


class NewToken(Token):
    """A token that was made."""

    secret: str | None = Field(description="Shown this once; null when the call is repeated.")


class TokenIn(In):
    """A token to be made."""

    name: Line = Field(min_length=1, max_length=NAME_MAX, description="What it is for.")
    scopes: list[Literal["read", "files", "incidents"]] = Field(min_length=1, max_length=3)
    ends_at: Moment | None = Field(None, description="When it stops being valid; null: never.")


class TokenFilters(Paging):
    """Which tokens."""

    everyone: Literal["true", "false"] = Field(
        "false", description="Those of all people, for administrators."
    )


@router.get("/me", auth=needs("settings", "read"), response=answers(Me), operation_id="me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Who I am here, what I may and whose rows I see."""
    caller = caller_of(request)
    person, scope = caller.person, caller.scope
    kinds = ("merchants", "stores", "providers", "accounts")
    return {
        "email": person.email,
        "name": person.name,
        "lang": person.lang,
        "role": person.role,
        "rights": sorted(ROLES.get(person.role, ())),
        "rows": {
            "all": scope.whole,
            **{
                kind: None if (ids := getattr(scope, kind)) is None else sorted(ids)
                for kind in kinds
            },
        },
        "second_factor": has_one(person),
        "token": caller.token,
    }


def _token(token: ApiToken) -> dict[str, Any]:
    return {
        "token_id": token.pk,
        "person": token.person.email,
        "name": token.name,
        "begins_with": token.shown,
        "scopes": token.scopes,
        "made_at": token.made_at,
        "ends_at": token.ends_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }


@router.get(
    "/tokens", auth=needs("settings", "read"), response=answers(PageOf[Token]),
    operation_id="tokens",
)  # fmt: skip
def tokens(request: HttpRequest, asked: Query[TokenFilters]) -> dict[str, Any]:
    """List tokens, the newest first: my own, or everybody's."""
    caller = caller_of(request)
    found = ApiToken.objects.select_related("person").order_by("-id")
    if asked.everyone == "false":
        found = found.filter(person=caller.person)
    elif not _manages(caller):
        raise ApiError("no_right", needs="people", role=caller.person.role)
    after = place_of(asked.cursor, int)
    if after is not None:
        found = found.filter(id__lt=after[0])
    return page_of(
        request, list(found[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.pk], told=_token,
    )  # fmt: skip


def _manages(caller: Caller) -> bool:
    return "people" in ROLES.get(caller.person.role, ())


@router.post(
    "/tokens", auth=needs("settings", None, JSON), response=answers(NewToken, 201, 409, 413, 415),
    operation_id="make_token",
)  # fmt: skip
def make(request: HttpRequest, body: TokenIn, key: Key = None) -> Status[Any]:
    """Make a token of my own; only its digest is kept."""
    caller = caller_of(request)
    return once(request, caller, key, lambda: _made(caller, body), secrets=("secret",))


def _made(caller: Caller, body: TokenIn) -> NewToken:
    at = now()
    if body.ends_at is not None and body.ends_at <= at:
        raise WrongValueError("body", "ends_at", why="past")
    token, secret = make_token(
        at, caller.person, name=body.name, scopes=sorted(set(body.scopes)), ends_at=body.ends_at
    )
    return NewToken(**_token(token), secret=secret)


@router.delete(
    "/tokens/{int:token_id}", auth=needs("settings", None), response=answers(None, 204, 404),
    operation_id="revoke_token",
)  # fmt: skip
def revoke(request: HttpRequest, token_id: int) -> Status[None]:
    """Revoke a token: one of my own, or as an administrator anybody's."""
    caller = caller_of(request)
    found = ApiToken.objects.select_related("person").filter(pk=token_id)
    if not _manages(caller):
        found = found.filter(person=caller.person)
    token = found.first()
    if token is None:
        raise ApiError("not_found", token_id=token_id)
    revoke_token(now(), caller.person, token)
    return Status(204, None)
