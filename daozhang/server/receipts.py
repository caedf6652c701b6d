"""A delivery's receipt: what became of it, in rows, refusals and sums of money.

Rules kept here: a receipt written again after a crash says what it would have said before. So a
file that the store has already is a duplicate only if it was there before this delivery came.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from daozhang.facts import Problem
from daozhang.server.config import config
from daozhang.server.models import Delivery
from daozhang.server.receiving import waiting_path
from daozhang.store.parts import Ingested, Store

__all__ = ["problem_json", "problems_of", "refuse", "sums_of", "sweep", "write_receipt"]

PROBLEMS_KEPT: Final = 200
ORPHAN_HOURS: Final = 24
"""A file on its way in that nobody has touched for so long was left by a crash."""

_STATES: Final = {
    "added": Delivery.State.TAKEN,
    "copied": Delivery.State.TAKEN,
    "refused": Delivery.State.REFUSED,
}
_AMOUNTS: Final = {
    "sales": "amount_minor",
    "settlements": "net_minor",
    "payouts": "net_minor",
    "credits": "amount_minor",
}
"""The column that a file's money is summed by: what is to move or has moved."""


def write_receipt(delivery: Delivery, done: Ingested, store: Store, at: datetime) -> None:
    """Write down what became of a delivery; then its waiting file is removed.

    Args:
        delivery: still waiting.
        done: what the store did with its file.
        store: which.
        at: now, aware.
    """
    taken = done.taken
    delivery.form = taken.format or ""
    delivery.rows = dict(taken.rows)
    delivery.refused_rows = taken.refused
    delivery.problems = [problem_json(p) for p in taken.problems[:PROBLEMS_KEPT]]
    if done.status == "already_there":
        again = _before(delivery, store)
        delivery.state = Delivery.State.DUPLICATE if again else Delivery.State.TAKEN
    else:
        delivery.state = _STATES[done.status]
    if done.status in {"added", "already_there"}:
        delivery.totals = sums_of(store, delivery.digest, taken.rows)
    delivery.taken_at = at
    delivery.save()
    shutil.rmtree(waiting_path(delivery).parent, ignore_errors=True)


def _before(delivery: Delivery, store: Store) -> bool:
    """Return whether a file that the store has was there before this delivery.

    It was not if the store took it after the delivery came and no other delivery is its: then this
    very delivery was taken, and the receipt of it was lost with the process.
    """
    same = Delivery.objects.filter(digest=delivery.digest, state=Delivery.State.TAKEN)
    if same.exclude(pk=delivery.pk).exists():
        return True
    kept = next((r for r in store.receipts() if r.id == delivery.digest), None)
    if kept is None or kept.ingested_at is None:
        return True
    # The store's moment has whole seconds.
    received = delivery.received_at.replace(microsecond=0)
    return datetime.fromisoformat(kept.ingested_at) < received


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as a delivery keeps it; a file within an archive keeps its name."""
    return {"severity": problem.severity, **problem.to_json(), "file": problem.file}


def problems_of(delivery: Delivery) -> list[Problem]:
    """Return a delivery's problems, those that refused something first."""
    found = [
        Problem(
            p.get("file", delivery.name), p.get("line"), p["code"], p["message"],
            p.get("severity", "error"),
        )
        for p in delivery.problems
    ]  # fmt: skip
    return sorted(found, key=lambda p: (p.severity != "error", p.file, p.line or 0))


def sums_of(store: Store, digest: str, rows: dict[str, int]) -> list[dict[str, Any]]:
    """Return what a file's facts sum up to, by table and currency, from the store's own part.

    Returns:
        ``{table, currency, rows, amount_minor}`` in the order of the tables.
    """
    wanted = [table for table in _AMOUNTS if rows.get(table)]
    if not wanted:
        return []
    sums = []
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for table in wanted:
            part = store.part(table, digest)
            if part.is_file():
                source = f"read_parquet('{_quoted(part)}')"
            else:  # Its rows were merged with others'.
                store.register(con, "one_", lambda file_id: file_id == digest)
                source = f"one_{table}"
            found = con.execute(
                f"SELECT currency, count(*), CAST(sum({_AMOUNTS[table]}) AS HUGEINT) "
                f"FROM {source} GROUP BY currency ORDER BY currency"
            ).fetchall()
            sums += [
                {"table": table, "currency": c, "rows": n, "amount_minor": int(m or 0)}
                for c, n, m in found
            ]
    return sums


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def refuse(delivery: Delivery, at: datetime) -> None:
    """Refuse a delivery whose file is gone."""
    delivery.state, delivery.taken_at = Delivery.State.REFUSED, at
    why = "the file was removed from the server before it was read; send it again"
    delivery.problems = [problem_json(Problem(delivery.name, None, "file_gone", why))]
    delivery.save()


def sweep(at: datetime) -> None:
    """Remove what crashes have left among the waiting files: nobody waits for it any more."""
    folder = config().waiting
    if not folder.is_dir():
        return
    waiting = set(
        Delivery.objects.filter(state=Delivery.State.WAITING).values_list("pk", flat=True)
    )
    for path in folder.iterdir():
        if path.is_dir() and path.name.isdigit() and int(path.name) in waiting:
            continue
        # One that was just received may not be in the table yet.
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if at - changed < timedelta(hours=ORPHAN_HOURS):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
