"""Settings: people, invitations and tokens; and taking an invitation."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from daozhang.server import second_factor
from daozhang.server.clock import now
from daozhang.server.config import config
from daozhang.server.middleware import lang_of
from daozhang.server.models import ApiToken, Grant, Invitation, Person
from daozhang.server.models.people import Role
from daozhang.server.people import accept, change_person, invite, let_in, standing_invitation
from daozhang.server.tokens import SCOPES, make_token, revoke_token
from daozhang.server.views.base import Face, page
from daozhang.server.words import say

__all__ = ["invitation", "person", "settings"]

_DIGITS: Final = 15
_ID_MAX: Final = 120


@page("settings")
def settings(face: Face) -> HttpResponse:
    """Show and change what belongs to me, and for administrators who may come in."""
    if face.request.method == "POST":
        return _change(face)
    return face.render(
        "settings.html",
        factor="on" if second_factor.has_one(face.person) else "off",
        tokens=[
            _token(face, one) for one in face.person.tokens.filter(revoked_at=None).order_by("name")
        ],
        scopes=[(scope, face.say(f"scope.{scope}")) for scope in SCOPES],
        fresh=face.request.session.pop("fresh_secret", ""),
        roles=[(role, face.say(f"role.{role}")) for role in Role.values],
        kinds=[(kind, face.say(f"kind.{kind}")) for kind in Grant.Kind.values],
        manages=face.may("people"),
        **_everyone(face),
    )


def _token(face: Face, token: ApiToken) -> dict[str, Any]:
    time = face.speech.time
    return {
        "pk": token.pk,
        "name": token.name,
        "shown": token.shown,
        "scopes": face.say("word.comma").join(face.say(f"scope.{one}") for one in token.scopes),
        "made": time(token.made_at, year=True),
        "used": time(token.used_at, year=True) if token.used_at else face.say("token.unused"),
        "ends": time(token.ends_at, year=True) if token.ends_at else "",
    }


def _everyone(face: Face) -> dict[str, Any]:
    """Return the people, what they see and how they sign in, to whoever manages them."""
    if not face.may("people"):
        return {"people": (), "invitations": (), "must": ()}
    must, have = second_factor.required(), second_factor.who_have()
    return {
        "people": [
            {
                "person": person,
                "role": face.say(f"role.{person.role}"),
                "rows": face.say("word.comma").join(
                    face.say(f"grant.{g.kind}", value=g.value) for g in person.grants.all()
                )
                or face.say(
                    "grant.all" if person.role not in {"provider", "bank"} else "grant.none"
                ),
                "factor": "on" if person.pk in have
                else "missing" if person.role in must else "off",
            }
            for person in Person.objects.prefetch_related("grants").order_by("email")
        ],
        "invitations": [
            (one.email, face.say(f"role.{one.role}"), face.speech.time(one.ends_at, year=True))
            for one in Invitation.objects.filter(taken_at=None, ends_at__gt=now()).order_by("-id")
        ],
        "must": must,
    }  # fmt: skip


def _change(face: Face) -> HttpResponse:
    """Do what one of the page's forms asks for."""
    action = face.request.POST.get("do", "")
    own = {"token": _make_token, "revoke": _revoke}
    done = {**own, **_MANAGED}.get(action)
    if done is None or (action not in own and not face.may("people")):
        return face.render("refused.html", status=403)
    done(face)
    return HttpResponseRedirect(reverse("settings"))


def _invite(face: Face) -> None:
    post = face.request.POST
    email, role = post.get("email", "").strip().lower(), post.get("role", "")
    kind, value = post.get("kind", ""), post.get("value", "").strip()
    try:
        validate_email(email)
    except ValidationError:
        messages.error(face.request, face.say("people.bad_address"))
        return
    if role not in Role.values or (value and kind not in Grant.Kind.values):
        messages.error(face.request, face.say("people.bad_role"))
        return
    if Person.objects.filter(email=email).exists():
        messages.error(face.request, face.say("people.there_already", email=email))
        return
    url = config().public_url + reverse("invitation", args=["-"]).removesuffix("-/")
    grants = [(kind, one.strip()) for one in value.split(",") if one.strip()]
    secret = invite(
        now(), face.person, email=email, name=post.get("name", "").strip()[:80], role=role,
        grants=grants, url=url, lang=face.lang,
    )  # fmt: skip
    # Where no letter can be sent, the link is handed over by other means; it is shown once.
    face.request.session["fresh_secret"] = url + secret
    messages.success(face.request, face.say("people.invited", email=email))


def _number(face: Face, name: str) -> int:
    text = face.request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0


def _named(face: Face) -> Person | None:
    return Person.objects.filter(pk=_number(face, "person")).first()


def _stop(face: Face) -> None:
    person = _named(face)
    if person is None or person == face.person:
        messages.error(face.request, face.say("people.not_yourself"))
        return
    let_in(now(), face.person, person, is_active=not person.is_active)


def _reset(face: Face) -> None:
    person = _named(face)
    if person is None or person == face.person:
        messages.error(face.request, face.say("people.not_yourself"))
    elif second_factor.reset(now(), face.person.email, person):
        messages.success(face.request, face.say("people.factor.was_reset", who=person.email))
    else:
        messages.error(face.request, face.say("people.factor.none", who=person.email))


def _require(face: Face) -> None:
    roles = [role for role in face.request.POST.getlist("roles") if role in Role.values]
    second_factor.require(now(), face.person, roles)
    messages.success(face.request, face.say("people.factor.saved"))


_MANAGED: Final = {"invite": _invite, "stop": _stop, "reset": _reset, "require": _require}
"""What administrators do here."""


def _make_token(face: Face) -> None:
    post = face.request.POST
    scopes = [scope for scope in post.getlist("scopes") if scope in SCOPES]
    name = post.get("name", "").strip()[:80]
    if not scopes or not name:
        messages.error(face.request, face.say("token.needs"))
        return
    _, secret = make_token(now(), face.person, name=name, scopes=scopes)
    face.request.session["fresh_secret"] = secret


def _revoke(face: Face) -> None:
    token = face.person.tokens.filter(pk=_number(face, "token")).first()
    if token is not None:
        revoke_token(now(), face.person, token)


@page("people", here="settings")
def person(face: Face, pk: int) -> HttpResponse:
    """Show somebody, and change their role and rows."""
    found = Person.objects.filter(pk=pk).first()
    if found is None:
        return face.render("not_found.html", status=404)
    if face.request.method == "POST":
        return _person_changed(face, found)
    kept = list(found.grants.order_by("value"))
    time = face.speech.time
    return face.render(
        "person.html",
        person=found,
        itself=found == face.person,
        joined=time(found.joined_at, year=True),
        last=time(found.last_login, year=True) if found.last_login else "",
        factor="on" if second_factor.has_one(found) else "off",
        roles=[(role, face.say(f"role.{role}")) for role in Role.values],
        grants=[
            (kind, face.say(f"kind.{kind}"), ", ".join(g.value for g in kept if g.kind == kind))
            for kind in Grant.Kind.values
        ],
    )


def _person_changed(face: Face, found: Person) -> HttpResponse:
    post = face.request.POST
    role = post.get("role", "")
    if found == face.person:
        messages.error(face.request, face.say("people.not_yourself"))
    elif role not in Role.values:
        messages.error(face.request, face.say("people.bad_role"))
    else:
        grants = [
            (kind, value)
            for kind in Grant.Kind.values
            for one in post.get(kind, "").split(",")
            if (value := one.strip()[:_ID_MAX])
        ]
        change_person(now(), face.person, found, role=role, grants=grants)
        messages.success(face.request, face.say("person.changed", who=found.email))
    return HttpResponseRedirect(reverse("person", args=[found.pk]))


class _Password(forms.Form):
    password = forms.CharField(max_length=200)


def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Let an invited person set a password."""
    lang = lang_of(request)
    found = standing_invitation(secret, now())
    wrong: list[str] = []
    if found is not None and request.method == "POST":
        form = _Password(request.POST)
        password = form.cleaned_data["password"] if form.is_valid() else ""
        try:
            validate_password(password)
            accept(found, password, now(), lang)
        except ValidationError as error:
            wrong = list(error.messages)
        else:
            return HttpResponseRedirect(reverse("account_login"))
    values = {"invitation": found, "wrong": wrong, "say": lambda key: say(lang, key)}
    return render(request, "invitation.html", values, status=200 if found else 404)
