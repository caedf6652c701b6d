"""The audit trail: every change, by whom, in a chain that shows tampering (R18).

Each entry's digest covers its own content and the digest before it, so that an entry changed,
removed or put in between breaks the chain from there on; the head is kept apart, so that a trail
cut off at its end shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from daozhang.server.models import AuditEntry, AuditHead

__all__ = ["Broken", "record", "verify"]


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the trail was tampered with: the number of the entry, and what is wrong with it."""

    number: int
    what: str


def _digest(before: str, entry: AuditEntry) -> str:
    text = json.dumps(
        [
            before, entry.number, entry.at.astimezone(UTC).isoformat(), entry.actor, entry.action,
            entry.subject, entry.detail,
        ],
        ensure_ascii=False, sort_keys=True,
    )  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()


def record(at: datetime, actor: str, action: str, subject: str = "", **detail: Any) -> None:
    """Add an entry, in the caller's transaction if there is one: no change without its entry.

    Args:
        at: now, aware.
        actor: who did it: an address, or the name of a part of the program.
        action: what, such as ``person.invited``.
        subject: to whom or what.
        detail: values that JSON can hold; never a secret.
    """
    with transaction.atomic():
        AuditHead.objects.get_or_create(id=1)
        head = AuditHead.objects.select_for_update().get(id=1)
        entry = AuditEntry(
            number=head.number + 1, at=at, actor=actor, action=action, subject=subject,
            detail=json.loads(json.dumps(detail)),
        )  # fmt: skip
        entry.digest = _digest(head.digest, entry)
        entry.save(force_insert=True)
        head.number, head.digest = entry.number, entry.digest
        head.save()


def verify() -> Iterator[Broken]:
    """Yield every place at which the trail does not hold together."""
    before, expected = "", 1
    for entry in AuditEntry.objects.order_by("number").iterator():
        if entry.number != expected:
            yield Broken(expected, "missing")
        if entry.digest != _digest(before, entry):
            yield Broken(entry.number, "changed")
        before, expected = entry.digest, entry.number + 1
    head = AuditHead.objects.filter(id=1).first()
    if head is not None and (head.number, head.digest) != (expected - 1, before):
        yield Broken(expected, "cut off")
