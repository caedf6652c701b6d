"""Incidents as they live on from run to run, and alarms."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from daozhang.server.models.people import Person

__all__ = ["Alarm", "Incident", "IncidentEvent", "Notice"]


class Incident(models.Model):
    """Late money of one cause: opened when it is first seen, closed when nothing of it is open."""

    incident_id = models.CharField(max_length=40, primary_key=True)
    is_open = models.BooleanField(db_index=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3)
    cause = models.CharField(max_length=40)
    mechanism = models.CharField(max_length=60, blank=True)
    late_minor = models.BigIntegerField()
    outstanding_minor = models.BigIntegerField()
    sales = models.BigIntegerField()
    told = models.JSONField(default=dict)

    class Meta:
        """Most money at stake first."""

        ordering: ClassVar = ["-is_open", "-outstanding_minor", "-late_minor", "incident_id"]


class IncidentEvent(models.Model):
    """One thing that happened to an incident: opened, changed, closed, reopened, or a note."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    detail = models.JSONField(default=dict)

    class Meta:
        """As they happened."""

        ordering: ClassVar = ["at", "id"]


class Alarm(models.Model):
    """Something that should have happened and did not, such as a statement that has not come."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    day = models.DateField(null=True)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        """One alarm a subject and day."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject", "day"], name="one_alarm")
        ]


class Notice(models.Model):
    """Something that people outside were told, or will be: kept so that it is told once."""

    subject = models.CharField(max_length=80, primary_key=True)
    """``event:`` and the number of an incident's event, or ``alarm:`` and that of an alarm."""
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
