"""Files on their way in, and where they come from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from daozhang.server.models.people import Person

__all__ = ["Delivery", "Source"]


class Source(models.Model):
    """A place that files are fetched from on a schedule, or that somebody should send them from."""

    name = models.CharField(max_length=80, unique=True)
    address = models.CharField(max_length=400, blank=True)
    every_minutes = models.PositiveIntegerField(default=60)
    enabled = models.BooleanField(default=True)
    account_id = models.CharField(max_length=120, blank=True)
    """The account whose statement comes from here; empty: no statement is expected."""
    expected_by = models.CharField(max_length=5, blank=True)
    """Local time by which each business day's statement should be here, such as ``09:30``."""
    last_tried_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=400, blank=True)
    seen = models.JSONField(default=dict)
    """Name of each file fetched → its size and time there, so that it is fetched once."""


class Delivery(models.Model):
    """One file that was received, and its receipt."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        TAKEN = "taken"
        DUPLICATE = "duplicate"
        REFUSED = "refused"

    name = models.CharField(max_length=254)
    digest = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    way = models.CharField(max_length=10)
    """``upload``, ``folder``, ``source`` or ``api``."""
    source = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    form = models.CharField(max_length=40, blank=True)
    rows = models.JSONField(default=dict)
    refused_rows = models.IntegerField(default=0)
    problems = models.JSONField(default=list)
    totals = models.JSONField(default=list)
    taken_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=300, blank=True)
    """Which file of the watched folder or of a source this was, so that it is received once."""

    class Meta:
        """Lists show the newest first."""

        ordering: ClassVar = ["-received_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["origin"], condition=~models.Q(origin=""), name="one_delivery_an_origin"
            )
        ]
