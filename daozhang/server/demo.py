"""A simulated chain in the middle of a bad upgrade, with one login a role: to try the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction

from daozhang.app.scope import EVERYTHING
from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.models import Delivery, Grant, Person
from daozhang.server.models.people import Role
from daozhang.server.readings import newest, reading_for
from daozhang.server.receiving import receive

__all__ = ["PASSWORD", "furnish", "people"]

PASSWORD: Final = "arrive-on-time"  # noqa: S105 - printed for everyone who tries the demo


def furnish(folder: Path) -> int:
    """Receive the files of a simulated estate; return how many there were."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    known = set(Delivery.objects.values_list("name", flat=True))
    for path in paths:
        if path.name in known:
            continue
        with path.open("rb") as file:
            chunks = iter(lambda: file.read(2**20), b"")
            receive(chunks, path.name, at=now(), way="folder")
    return len(paths)


def people() -> Sequence[tuple[Person, str]]:
    """Make one person a role, each with rows that the estate has; return them with their rows."""
    snapshot = newest()
    assert snapshot is not None, "the demo has tracked its estate before"
    everyone = reading_for(EVERYTHING)
    assert everyone is not None
    engine = everyone.engine()
    ((store, provider, bank),) = engine.rows(
        "SELECT max_by(l.store_id, (n, l.store_id)), max_by(l.provider_id, (n, l.provider_id)), "
        "max_by(l.bank_id, (n, l.bank_id)) FROM (SELECT store_id, provider_id, bank_id, "
        "count(*) AS n FROM listed WHERE incident_id IS NOT NULL "
        "GROUP BY store_id, provider_id, bank_id) AS l"
    )
    hashed = make_password(PASSWORD)
    made = []
    for name, role, grants in (
        ("ops", Role.OPERATIONS, ()),
        ("store", Role.OPERATIONS, (("store", store),)),
        ("finance", Role.FINANCE, ()),
        ("provider", Role.PROVIDER, (("provider", provider),)),
        ("bank", Role.BANK, (("bank", bank),)),
        ("admin", Role.ADMINISTRATOR, ()),
        ("auditor", Role.AUDITOR, ()),
    ):
        email = f"{name}@demo.example"
        with transaction.atomic():
            person = Person.objects.filter(email=email).first()
            if person is None:
                person = Person.objects.create_user(email, role=role, name=name)
                # One word for all, told to whoever starts the demo: it need be hashed only once.
                person.password = hashed
                person.save(update_fields=["password"])
                for kind, value in grants:
                    Grant.objects.create(person=person, kind=kind, value=str(value))
                audit.record(now(), "demo", "person.joined", email, role=role)
        made.append((person, ", ".join(f"{kind} {value}" for kind, value in grants)))
    return made
