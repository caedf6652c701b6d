"""The audit trail: a chain of entries in which a change or a gap shows."""

from __future__ import annotations

from django.db import models

__all__ = ["AuditEntry", "AuditHead"]


class AuditEntry(models.Model):
    """One change by somebody. ``digest`` covers the entry and the digest of the one before."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=254, blank=True)
    detail = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)


class AuditHead(models.Model):
    """The newest entry: locked while one is added, so that the chain has no fork."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")
