"""Settings: people, invitations and tokens; and taking an invitation."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from daozhang.server.clock import now
from daozhang.server.config import config
from daozhang.server.middleware import lang_of
from daozhang.server.models import Grant, Invitation, Person
from daozhang.server.models.people import Role
from daozhang.server.people import accept, invite, let_in, standing_invitation
from daozhang.server.tokens import SCOPES, make_token, revoke_token
from daozhang.server.views.base import Face, page
from daozhang.server.words import say

__all__ = ["invitation", "settings"]


@page("settings")
def settings(face: Face) -> HttpResponse:
    """Show and change what belongs to me, and for administrators who may come in."""
    if face.request.method == "POST":
        return _change(face)
    manages = face.may("people")
    people = Person.objects.prefetch_related("grants").order_by("email") if manages else ()
    return face.render(
        "settings.html",
        people=[
            {
                "person": person,
                "role": face.say(f"role.{person.role}"),
                "rows": face.say("word.comma").join(
                    face.say(f"grant.{g.kind}", value=g.value) for g in person.grants.all()
                )
                or face.say(
                    "grant.all" if person.role not in {"provider", "bank"} else "grant.none"
                ),
            }
            for person in people
        ],
        invitations=Invitation.objects.filter(taken_at=None, ends_at__gt=now()) if manages else (),
        manages=manages,
        roles=[(role, face.say(f"role.{role}")) for role in Role.values],
        kinds=[(kind, face.say(f"kind.{kind}")) for kind in Grant.Kind.values],
        tokens=face.person.tokens.filter(revoked_at=None).order_by("name"),
        scopes=[(scope, face.say(f"scope.{scope}")) for scope in SCOPES],
        fresh=face.request.session.pop("fresh_secret", ""),
    )


def _change(face: Face) -> HttpResponse:
    """Do what one of the page's forms asks for."""
    action = face.request.POST.get("do", "")
    done = {"invite": _invite, "stop": _stop, "token": _make_token, "revoke": _revoke}.get(action)
    if done is None or (action in {"invite", "stop"} and not face.may("people")):
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


def _stop(face: Face) -> None:
    person = Person.objects.filter(pk=face.request.POST.get("person", "0")).first()
    if person is None or person == face.person:
        messages.error(face.request, face.say("people.not_yourself"))
        return
    let_in(now(), face.person, person, is_active=not person.is_active)


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
    token = face.person.tokens.filter(pk=face.request.POST.get("token", "0")).first()
    if token is not None:
        revoke_token(now(), face.person, token)


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
