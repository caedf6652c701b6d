"""People and invitations, for administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from daozhang.server import second_factor
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import JSON, Caller, caller_of, needs
from daozhang.server.api.errors import ApiError, WrongValueError
from daozhang.server.api.idempotency import Keep, Key, once_keeping
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import In, Line, Moment, Out
from daozhang.server.clock import now
from daozhang.server.config import config
from daozhang.server.models import Invitation, Person
from daozhang.server.people import change_person, invite, let_in

__all__ = ["router"]

GRANTS_MAX: Final = 1000

router = Router(tags=["people"])
Role = Literal["operations", "finance", "provider", "bank", "administrator", "auditor"]
Kind = Literal["merchant", "store", "provider", "bank", "account"]


class GrantOut(Out):
    """One merchant, store, provider, bank or account whose rows somebody sees."""

    kind: Kind
    value: Line = Field(min_length=1, max_length=120)


class GrantIn(In):
    """One merchant, store, provider, bank or account whose rows somebody shall see."""

    kind: Kind
    value: Line = Field(min_length=1, max_length=120)


class PersonOut(Out):
    """Somebody who may sign in, or might."""

    person_id: int
    email: str
    name: str
    role: str
    lang: str = Field(description="`zh` or `en`; empty: as each call asks.")
    is_active: bool = Field(description="False: shut out.")
    joined_at: Moment
    second_factor: bool = Field(description="One is set up.")
    grants: list[GrantOut] = Field(description="None: all rows; for providers and banks none.")


class PersonChange(In):
    """What is changed of somebody; what is left out stays as it is."""

    is_active: Annotated[bool, Field(strict=True)] | None = None
    role: Role | None = None
    grants: list[GrantIn] | None = Field(
        None, max_length=GRANTS_MAX, description="All of them from now on."
    )


class SecondFactor(Out):
    """Whose roles must have a second factor."""

    roles: list[Role]


class SecondFactorIn(In):
    """Whose roles must have a second factor from now on; others need none."""

    roles: list[Role] = Field(max_length=6)


class InvitationIn(In):
    """Whom to invite."""

    email: Line = Field(min_length=3, max_length=254, json_schema_extra={"format": "email"})
    name: Line = Field("", max_length=80)
    role: Role
    grants: list[GrantIn] = Field(default=[], max_length=GRANTS_MAX)
    lang: Literal["zh", "en"] | None = Field(None, description="Of the letter; null: as asked.")


class InvitationOut(Out):
    """An invitation that nobody has taken yet."""

    invitation_id: int
    email: str
    name: str
    role: str
    grants: list[GrantOut]
    invited_by: str | None
    made_at: Moment
    ends_at: Moment


class NewInvitation(InvitationOut):
    """An invitation that was made."""

    url: str | None = Field(description="Shown this once; null when the call is repeated.")


def _person(person: Person) -> dict[str, Any]:
    return {
        "person_id": person.pk,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "lang": person.lang,
        "is_active": person.is_active,
        "joined_at": person.joined_at,
        "second_factor": second_factor.has_one(person),
        "grants": [{"kind": g.kind, "value": g.value} for g in person.grants.all()],
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    by = invitation.invited_by
    return {
        "invitation_id": invitation.pk,
        "email": invitation.email,
        "name": invitation.name,
        "role": invitation.role,
        "grants": [{"kind": kind, "value": value} for kind, value in invitation.grants],
        "invited_by": by.email if by else None,
        "made_at": invitation.made_at,
        "ends_at": invitation.ends_at,
    }


@router.get(
    "/people", auth=needs("people", "read"), response=answers(PageOf[PersonOut]),
    operation_id="people",
)  # fmt: skip
def people(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """List people by their address."""
    after = place_of(asked.cursor, str)
    found = Person.objects.prefetch_related("grants").order_by("email")
    if after is not None:
        found = found.filter(email__gt=after[0])
    return page_of(
        request, list(found[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.email], told=_person,
    )  # fmt: skip


@router.get(
    "/people/{int:person_id}", auth=needs("people", "read"),
    response=answers(PersonOut, 200, 404), operation_id="person",
)  # fmt: skip
def person(request: HttpRequest, person_id: int) -> dict[str, Any]:  # noqa: ARG001 - ninja's
    """One person."""
    return _person(_found(person_id))


def _found(person_id: int) -> Person:
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise ApiError("not_found", person_id=person_id)
    return found


@router.patch(
    "/people/{int:person_id}", auth=needs("people", None, JSON),
    response=answers(PersonOut, 200, 404, 409, 413, 415), operation_id="change_person",
)  # fmt: skip
def change(request: HttpRequest, person_id: int, body: PersonChange) -> dict[str, Any]:
    """Shut somebody out or let them in again; give them another role or other rows."""
    caller = caller_of(request)
    found = _found(person_id)
    if found == caller.person:
        raise ApiError("not_yourself", person_id=person_id)
    if body.is_active is not None:
        let_in(now(), caller.person, found, is_active=body.is_active)
    if body.role is not None or body.grants is not None:
        kept = [(one.kind, one.value) for one in found.grants.all()]
        change_person(
            now(), caller.person, found, role=body.role or found.role,
            grants=kept if body.grants is None else [(g.kind, g.value) for g in body.grants],
        )  # fmt: skip
    return _person(found)


@router.delete(
    "/people/{int:person_id}/second-factor", auth=needs("people", None),
    response=answers(None, 204, 404, 409), operation_id="reset_second_factor",
)  # fmt: skip
def reset(request: HttpRequest, person_id: int) -> Status[None]:
    """Take somebody's second factor away, as after a lost phone; a letter tells them."""
    caller = caller_of(request)
    found = _found(person_id)
    if found == caller.person:
        raise ApiError("not_yourself", person_id=person_id)
    second_factor.reset(now(), caller.person.email, found)
    return Status(204, None)


@router.get(
    "/second-factor", auth=needs("people", "read"), response=answers(SecondFactor),
    operation_id="second_factor",
)  # fmt: skip
def must_have(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - ninja's
    """Which roles' people must have a second factor before they see anything."""
    return {"roles": sorted(second_factor.required())}


@router.put(
    "/second-factor", auth=needs("people", None, JSON),
    response=answers(SecondFactor, 200, 413, 415), operation_id="require_second_factor",
)  # fmt: skip
def require(request: HttpRequest, body: SecondFactorIn) -> dict[str, Any]:
    """Say which roles' people must have one, and no others."""
    second_factor.require(now(), caller_of(request).person, body.roles)
    return {"roles": sorted(second_factor.required())}


@router.get(
    "/invitations", auth=needs("people", "read"), response=answers(PageOf[InvitationOut]),
    operation_id="invitations",
)  # fmt: skip
def invitations(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """List invitations that can still be taken, the newest first."""
    after = place_of(asked.cursor, int)
    found = Invitation.objects.filter(taken_at=None, ends_at__gt=now()).order_by("-id")
    if after is not None:
        found = found.filter(id__lt=after[0])
    return page_of(
        request, list(found.select_related("invited_by")[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.pk], told=_invitation,
    )  # fmt: skip


@router.post(
    "/invitations", auth=needs("people", None, JSON),
    response=answers(NewInvitation, 201, 409, 413, 415), operation_id="invite",
)  # fmt: skip
def make(request: HttpRequest, body: InvitationIn, key: Key = None) -> Status[Any]:
    """Invite somebody: a letter is sent, and its link is answered for where letters do not go."""
    caller = caller_of(request)
    # A letter may take long to go out: not while other writers wait for the database.
    return once_keeping(
        request, caller, key, lambda keep: _invited(caller, body, keep), secrets=("url",)
    )


def _invited(caller: Caller, body: InvitationIn, keep: Keep) -> NewInvitation:
    email = body.email.lower()
    try:
        validate_email(email)
    except ValidationError:
        raise WrongValueError("body", "email", why="email") from None
    if Person.objects.filter(email=email).exists():
        raise ApiError("already_there", email=email)
    url = config().public_url + reverse("invitation", args=["-"]).removesuffix("-/")
    grants = list(dict.fromkeys((grant.kind, grant.value) for grant in body.grants))
    told: list[NewInvitation] = []

    def made(invitation: Invitation, secret: str) -> None:
        told.append(NewInvitation(**_invitation(invitation), url=url + secret))
        keep(told[0])

    invite(
        now(), caller.person, email=email, name=body.name, role=body.role, grants=grants, url=url,
        lang=body.lang or caller.lang, along=made,
    )  # fmt: skip
    return told[0]
