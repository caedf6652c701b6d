"""Which sales were made on which release: the intervals of every terminal, and what came of them.

Rules kept here: a sale is of a release from the moment at which its terminal's upgrade began, and
no longer when the terminal went on to another or was put back; what comes after that is in
neither group. The others are terminals that the release had not reached when they sold, at the same
providers.
"""

from __future__ import annotations

from typing import Final

from daozhang.app.snapshot import Reading
from daozhang.server.kept import kept

__all__ = ["DUE", "GROUPS", "effects", "group_condition", "intervals", "near"]

GROUPS: Final = ("upgraded", "others")
DUE: Final = ("on_time", "late", "overdue")
"""Statuses of money that was due and of which it can be told what became of it."""

_INTERVALS: Final = """
SELECT
    f.release_id, f.terminal_id, f.from_at, f.outcome, f.wave, f.tries, t.store_id, t.provider_id,
    least(
        lead(f.from_at) OVER (PARTITION BY f.terminal_id ORDER BY f.from_at, f.release_id),
        CASE WHEN f.outcome = 'rolled_back' THEN f.finished_at END
    ) AS until_at
FROM (
    SELECT
        terminal_id, release_id, min(started_at) AS from_at,
        max_by(outcome, started_at) AS outcome, max_by(finished_at, started_at) AS finished_at,
        min(wave) AS wave, count(*) AS tries
    FROM facts_upgrades
    GROUP BY terminal_id, release_id
) AS f
LEFT JOIN facts_terminals AS t ON t.terminal_id = f.terminal_id
"""
_GROUP: Final = """CASE
    WHEN u.terminal_id IS NULL THEN 'others'
    WHEN u.until_at IS NULL OR o.captured_at < u.until_at THEN 'upgraded'
    ELSE 'after'
END"""
_EFFECTS: Final = """
SELECT
    r.release_id, {group} AS side, o.provider_id, o.currency, o.status,
    count(*) AS sales, CAST(sum(o.amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(o.outstanding_minor) AS BIGINT) AS outstanding_minor
FROM outcomes AS o
JOIN (SELECT release_id, min(from_at) AS since FROM {u} GROUP BY release_id) AS r
    ON o.captured_at >= r.since
LEFT JOIN {u} AS u
    ON u.release_id = r.release_id AND u.terminal_id = o.terminal_id AND o.captured_at >= u.from_at
WHERE o.status IN {due}
GROUP BY ALL
"""


def intervals(reading: Reading) -> str:
    """Return what to read a row per terminal and release from, as SQL.

    Columns: release_id, terminal_id, from_at, until_at (NULL: still on it), outcome, wave, tries,
    store_id, provider_id.
    """
    return kept(reading, "upgraded", _INTERVALS)


def effects(reading: Reading) -> str:
    """Return what to read the due money of both groups from, as SQL, by release and provider."""
    sql = _EFFECTS.format(group=_GROUP, u=f"({_INTERVALS})", due=DUE)
    return kept(reading, "upgraded_money", sql)


def near(reading: Reading, release: str, sales: str) -> str:
    """Return the SQL condition that a sale's provider was due something of a release's sales."""
    return (
        f"{sales}.provider_id IN (SELECT m.provider_id FROM {effects(reading)} AS m "
        f"WHERE m.release_id = {release} AND m.side = 'upgraded')"
    )


def group_condition(reading: Reading, release: str, side: str, sales: str = "o") -> str:
    """Return the SQL condition that a sale is of a group of a release.

    Args:
        reading: a snapshot in a scope.
        release: as an SQL literal.
        side: one of :data:`GROUPS`.
        sales: what the table of sales is called.
    """
    u = intervals(reading)
    reached = (
        f"SELECT 1 FROM {u} AS u WHERE u.release_id = {release} "
        f"AND u.terminal_id = {sales}.terminal_id AND {sales}.captured_at >= u.from_at"
    )
    on_it = f"EXISTS ({reached} AND (u.until_at IS NULL OR {sales}.captured_at < u.until_at))"
    return (
        f"{sales}.captured_at >= (SELECT min(w.from_at) FROM {u} AS w "
        f"WHERE w.release_id = {release}) AND {near(reading, release, sales)} "
        f"AND {on_it if side == 'upgraded' else f'NOT EXISTS ({reached})'}"
    )
