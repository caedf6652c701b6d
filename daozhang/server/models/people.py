"""People, what rows they may see, and how they come in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

__all__ = ["ApiToken", "Grant", "Invitation", "Person", "Role", "SecondFactorRule"]


class Role(models.TextChoices):
    """What somebody does here; rights follow from it (:mod:`daozhang.server.rights`)."""

    OPERATIONS = "operations"
    FINANCE = "finance"
    PROVIDER = "provider"
    BANK = "bank"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class People(BaseUserManager["Person"]):
    """Makes people; an address is the same whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """Make somebody; without a password they cannot sign in until they set one."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        """Find somebody by their address."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser):
    """Somebody who signs in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices)
    lang = models.CharField(max_length=2, default="", blank=True)
    """``zh`` or ``en``; empty: as their browser asks."""

    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = People()

    @property
    def letter_lang(self) -> str:
        """The language of a letter to them, for which no browser can be asked."""
        return self.lang or "zh"

    def __str__(self) -> str:
        """Return how others know them."""
        return self.name or self.email


class Grant(models.Model):
    """One merchant, store, provider, bank or account whose rows a person may see."""

    class Kind(models.TextChoices):
        """What is named."""

        MERCHANT = "merchant"
        STORE = "store"
        PROVIDER = "provider"
        BANK = "bank"
        ACCOUNT = "account"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=120)

    class Meta:
        """A grant is there once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind", "value"], name="one_grant")
        ]


class Invitation(models.Model):
    """A letter that lets its reader set a password; only the digest of its secret is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices)
    grants = models.JSONField(default=list)
    secret_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)


class ApiToken(models.Model):
    """A program's key to the API, with scopes; only its digest is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    secret_digest = models.CharField(max_length=64, unique=True)
    shown = models.CharField(max_length=16)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class SecondFactorRule(models.Model):
    """A role whose people must set up a second factor before they see anything."""

    role = models.CharField(max_length=20, choices=Role.choices, primary_key=True)
    since = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
