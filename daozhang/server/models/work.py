"""Background work: who does it, and what it made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from daozhang.server.models.people import Person

__all__ = ["Bucket", "IdempotentCall", "Lease", "Snapshot"]


class Lease(models.Model):
    """The right to do one kind of work until a moment; a worker that died loses it by itself."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=80)
    until = models.DateTimeField()


class Snapshot(models.Model):
    """What one run found; its tables lie in a folder of the number."""

    number = models.BigIntegerField(primary_key=True)
    mark = models.CharField(max_length=64)
    """The state of the store that it was made from."""
    as_of = models.DateTimeField()
    made_at = models.DateTimeField()
    sales = models.BigIntegerField()
    seconds = models.IntegerField()

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-number"]


class Bucket(models.Model):
    """How many calls of the API somebody may still make, for all processes together."""

    name = models.CharField(max_length=120, primary_key=True)
    left = models.FloatField()
    at = models.DateTimeField()
    """When so many were left; it fills since then."""


class IdempotentCall(models.Model):
    """What a call with an idempotency key was answered, so that its repetition does nothing."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """A key means one call of one person."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], name="one_call_a_key")
        ]
