"""A sale's journey as JSON: the same for the command line and the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from daozhang.app.answers import utc_text
from daozhang.app.trace import Trace

__all__ = ["plainly", "trace_json"]


def plainly(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON can hold it: instants as RFC 3339 in UTC, days as ISO 8601."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return one sale's journey with its steps, deadlines, money and doubts."""
    return {
        "journey": plainly(trace.journey),
        "reached": trace.reached,
        "station": trace.station,
        "holder": {"role": trace.holder[0], "id": trace.holder[1]},
        "waited_s": trace.waited_s,
        "steps": [
            {
                "at": utc_text(step.at),
                "day_only": step.day_only,
                "what": step.what,
                "minor": step.minor,
                **plainly(step.detail),
            }
            for step in trace.steps
        ],
        "ahead": [{"station": a.station, "by": utc_text(a.by)} for a in trace.ahead],
        "deadlines": {
            "cutoff_at": utc_text(trace.cutoff_at),
            "clear_by_at": utc_text(trace.clear_by_at),
            "pay_by_at": utc_text(trace.pay_by_at),
            "promised_at": utc_text(trace.journey["promised_at"]),
            "due_again": utc_text(trace.due_again),
        },
        "money": dict(trace.money),
        "why": dict(trace.why),
        "evidence": plainly(trace.evidence),
        "doubts": [{"kind": kind, **plainly(values)} for kind, values in trace.doubts],
    }
