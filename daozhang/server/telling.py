"""An incident in one sentence, and what happened to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from daozhang.charts import Speech
from daozhang.charts.why import mechanism_said, scope_said
from daozhang.server.words import say

__all__ = ["incident_sentence"]


def incident_sentence(row: Mapping[str, Any], speech: Speech) -> str:
    """Return what is late by whose doing, with its money, in one sentence.

    Args:
        row: of ``figures.incidents``.
        speech: the language and zone.
    """
    scope = json.loads(row["scope"])
    values = {
        "amount": speech.money(row["late_minor"], row["currency"]),
        "outstanding": speech.money(row["outstanding_minor"], row["currency"]),
        "sales": speech.count("sales", row["sales"]),
        "mechanism": mechanism_said(row["mechanism"], speech),
        "scope": scope_said(scope, speech),
        "leg": speech(f"leg.{row['leg']}"),
        "release": speech.name(scope.get("release_id")),
    }
    kind = "upgrade" if row["cause"] == "system_upgrade" and "release_id" in scope else "other"
    return say(speech.lang, f"incident.{kind}.{'open' if row['open_sales'] else 'over'}", **values)
