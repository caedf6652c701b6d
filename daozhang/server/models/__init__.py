"""What the database holds: people, files' receipts, work, incidents, audit.

Facts and journeys are not here: they lie in the store and in snapshots.
"""

from daozhang.server.models.audit import AuditEntry, AuditHead
from daozhang.server.models.files import Delivery, Source
from daozhang.server.models.incidents import Alarm, Incident, IncidentEvent, Notice
from daozhang.server.models.people import ApiToken, Grant, Invitation, Person, SecondFactorRule
from daozhang.server.models.work import Bucket, IdempotentCall, Lease, Snapshot

__all__ = [
    "Alarm", "ApiToken", "AuditEntry", "AuditHead", "Bucket", "Delivery", "Grant",
    "IdempotentCall", "Incident", "IncidentEvent", "Invitation", "Lease", "Notice", "Person",
    "SecondFactorRule", "Snapshot", "Source",
]  # fmt: skip
