"""The files of ``check --out``: journeys, incidents, summary. Each is replaced whole."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from daozhang.app.check import Checked
from daozhang.charts import LANGS, Lang, Speech
from daozhang.charts.paces import Pace, all_paces
from daozhang.charts.why import action_of, fact_said, tell_apart
from daozhang.charts.witness import SEEN_IN

__all__ = [
    "incident_json",
    "incidents_json",
    "summary_json",
    "utc_text",
    "write_answers",
    "write_whole",
]

JOURNEY_COLUMNS = (
    "sale_id", "status", "leg", "reason", "amount_minor", "currency", "merchant_id", "store_id",
    "terminal_id", "provider_id", "channel", "account_id", "captured_at", "submitted_at",
    "cleared_at", "paid_out_at", "credited_at", "promised_at", "promise_rule", "provisional",
    "credit_id", "credit_ids", "payout_id", "net_minor", "fee_minor", "fee_expected_minor",
    "refunded_minor", "charged_back_minor", "credited_minor", "outstanding_minor", "late_s",
    "matched_by", "cause", "mechanism", "incident_id",
)  # fmt: skip
"""The contract's journeys, in order."""

AMBIGUOUS_MAX = 500
"""How many credits with several answers are told one by one."""


def utc_text(moment: datetime | None) -> str | None:
    """Return an instant as RFC 3339 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_answers(checked: Checked, folder: Path) -> None:
    """Make the folder and write ``journeys.parquet``, ``incidents.json`` and ``summary.json``.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(JOURNEY_COLUMNS)
    checked.engine.save(
        f"SELECT {columns} FROM journeys ORDER BY sale_id", folder / "journeys.parquet"
    )
    for name, value in (
        ("incidents.json", incidents_json(checked)),
        ("summary.json", summary_json(checked)),
    ):
        write_whole(folder / name, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def incidents_json(checked: Checked) -> list[dict[str, Any]]:
    """Return the incidents in the contract's shape, with each sentence in both languages."""
    zone = ZoneInfo(checked.settings.book.timezone if checked.settings.book else "UTC")
    speeches = {lang: Speech(lang, zone) for lang in LANGS}
    return [incident_json(row, speeches) for row in checked.figures.incidents]


def incident_json(row: Mapping[str, Any], speeches: Mapping[Lang, Speech]) -> dict[str, Any]:
    """Return one incident in the contract's shape.

    Args:
        row: of ``figures.incidents``.
        speeches: the languages that its sentences are told in.
    """
    evidence = json.loads(row.get("evidence") or "[]")
    rivals = json.loads(row.get("rivals") or "[]")
    confidence = row.get("confidence_permille")
    return {
        "incident_id": row["incident_id"],
        "cause": row.get("cause", "unknown"),
        "mechanism": row.get("mechanism"),
        "leg": row["leg"],
        "scope": json.loads(row["scope"]),
        "sales": row["sales"],
        "late_minor": row["late_minor"],
        "currency": row["currency"],
        "since": utc_text(row["since"]),
        "until": utc_text(row["until"]),
        "expected_at": utc_text(row.get("expected_at")),
        "expected_from": utc_text(row.get("expected_from")),
        "expected_until": utc_text(row.get("expected_until")),
        "confidence": None if confidence is None else confidence / 1000,
        "open_sales": row["open_sales"],
        "outstanding_minor": row["outstanding_minor"],
        "example": row["example"],
        "evidence": [
            {
                **fact,
                "seen_in": list(SEEN_IN.get(fact["fact"], ())),
                **{lang: fact_said(fact, speech) for lang, speech in speeches.items()},
            }
            for fact in evidence
        ],
        "rivals": [
            {
                **rival,
                **{f"tell_{lang}": tell_apart(row, rivals, speech)
                   for lang, speech in speeches.items()},
            }
            for rival in rivals
        ],
        "actions": [
            {lang: action_of(row.get("mechanism"), speech) for lang, speech in speeches.items()}
        ],
    }  # fmt: skip


def summary_json(checked: Checked) -> dict[str, Any]:
    """Return ``summary.json``: every term of the identities and every sum that faces show."""
    figures = checked.figures
    return {
        "as_of": utc_text(figures.as_of),
        "engine": checked.engine.name,
        "by_status": _by(figures.by_status, "status"),
        "by_cause": _by_cause(checked),
        "identities": checked.outcome.identities.to_json(),
        "late_by": {
            dimension: [
                {
                    "value": part.value.isoformat() if isinstance(part.value, date) else part.value,
                    "currency": part.currency,
                    "late_sales": part.late_sales,
                    "late_minor": part.late_minor,
                    "overdue_sales": part.overdue_sales,
                    "overdue_minor": part.overdue_minor,
                }
                for part in parts
            ]
            for dimension, parts in figures.late_by.items()
        },
        "speed": [
            {name: getattr(speed, name) for name in speed.__slots__} for speed in figures.speed
        ],
        "open": [_unseen(row) for row in figures.open],
        "punctuality": [_punctuality(pace) for pace in all_paces(figures)],
        "legs": [{name: getattr(leg, name) for name in leg.__slots__} for leg in figures.legs],
        "fees": [dict(row) for row in figures.fees],
        "unexplained_credits": {
            "by_currency": {
                currency: {"credits": credits, "amount_minor": minor}
                for currency, (credits, minor) in figures.unexplained_totals.items()
            },
            "largest": [_credit(row) for row in figures.unexplained],
        },
        "ambiguous_credits": _ambiguous(checked),
        "findings": [_unseen(row) for row in figures.findings],
        "gaps": {
            gap: {"rows": rows, "minor": minor} for gap, (rows, minor) in figures.gaps.items()
        },
        "waiting": {currency: dict(row) for currency, row in figures.waiting.items()},
        "missing_statements": [_unseen(row) for row in figures.unseen],
        "provisional_years": provisional_years(checked),
        "files": _files(checked),
        "skipped_files": _skipped(checked),
        "problems": [
            {"file": p.file, **p.to_json(), "severity": p.severity} for p in checked.problems[:1000]
        ],
    }


def _punctuality(pace: Pace) -> dict[str, Any]:
    low, high = pace.between
    return {
        "dimension": pace.dimension,
        "value": pace.value,
        "currency": pace.currency,
        "sales": pace.sales,
        "on_time": pace.on_time,
        "late": pace.late,
        "overdue": pace.overdue,
        "unknown": pace.unseen,
        "on_time_permille": pace.share,
        "low_permille": low,
        "high_permille": high,
        "median_lag_min": pace.lag(50),
        "p95_lag_min": pace.lag(95),
    }


def provisional_years(checked: Checked) -> list[int]:
    """Return the years whose calendars are not verified and on which a promise depends."""
    rows = checked.engine.rows(
        "SELECT DISTINCT due_date FROM outcomes WHERE provisional AND due_date IS NOT NULL"
    )
    book = checked.settings.book
    calendars = list(book.calendars.values()) if book else []
    years = {row[0].year for row in rows if isinstance(row[0], date)}
    years |= {year - 1 for year in years}
    return sorted(y for y in years if any(not calendar.verified(y) for calendar in calendars))


def _by(rows: Iterable[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """Nest rows by a key, their amounts by currency."""
    nested: dict[str, Any] = {}
    for row in rows:
        entry = nested.setdefault(str(row[key]), {"sales": 0})
        entry["sales"] += row["sales"]
        for name, value in row.items():
            if name.endswith("_minor"):
                entry.setdefault(name, {})[row["currency"]] = value
    return nested


def _by_cause(checked: Checked) -> dict[str, Any]:
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in checked.engine.fetch(
        "SELECT i.cause, o.currency, count(*) AS sales, "
        "CAST(sum(o.amount_minor) AS BIGINT) AS minor "
        "FROM outcomes_late AS o JOIN incident_sales AS i ON i.sale_id = o.sale_id "
        "WHERE i.cause IS NOT NULL GROUP BY i.cause, o.currency"
    ).to_pylist():
        total = totals[row["cause"], row["currency"]]
        total[0] += row["sales"]
        total[1] += row["minor"]
    return _by(
        [
            {"cause": cause, "currency": currency, "sales": sales, "amount_minor": minor}
            for (cause, currency), (sales, minor) in sorted(totals.items())
        ],
        "cause",
    )


def _unseen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _credit(row: Mapping[str, Any]) -> dict[str, Any]:
    explained = row["explained_minor"] if row["standing"] == "explained" else 0
    return {
        "account_id": row["account_id"],
        "credit_id": row["credit_id"],
        "currency": row["currency"],
        "amount_minor": row["amount_minor"],
        "unexplained_minor": row["amount_minor"] - explained,
        "booked_at": utc_text(row["booked_at"]),
        "ref": row["ref"],
        "counterparty": row["counterparty"],
    }


def _ambiguous(checked: Checked) -> dict[str, Any]:
    """Tell of the unexplained credits that several answers fit: they are left open, not guessed."""
    rows = checked.engine.fetch(
        "SELECT * FROM credit_standing WHERE ambiguous IS NOT NULL "
        "ORDER BY amount_minor DESC, account_id, credit_id"
    ).to_pylist()
    totals: dict[str, dict[str, int]] = {}
    for row in rows:
        total = totals.setdefault(row["currency"], {"credits": 0, "amount_minor": 0})
        total["credits"] += 1
        total["amount_minor"] += row["amount_minor"]
    return {
        "by_currency": dict(sorted(totals.items())),
        "largest": [
            {
                **_credit(row),
                "rivals": row["rivals"],
                "answers": str(row["ambiguous"]).split(" | "),
            }
            for row in rows[:AMBIGUOUS_MAX]
        ],
    }


def _files(checked: Checked) -> list[dict[str, Any]]:
    if checked.intake is None:
        return []
    return [
        {
            "file": f.file,
            "format": f.format,
            "kind": f.kind,
            "rows": f.rows,
            "refused": f.refused_rows,
        }
        for f in checked.intake.files
    ]


def _skipped(checked: Checked) -> list[dict[str, Any]]:
    if checked.intake is None:
        return []
    return [
        {
            "file": f.file,
            "kind": f.kind,
            "reason": f.problems[0].message if f.problems else "",
        }
        for f in checked.intake.skipped
    ]
