"""In which facts each piece of evidence is seen, so that whoever doubts it can look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from daozhang.charts.speech import Speech

__all__ = ["SEEN_IN", "seen_said"]

_FACTS: Final[Mapping[str, str]] = {
    "sales": "stored all_stored category_changed clock_alike",
    "sales attempts": "clock",
    "sales signals": "carried_over",
    "sales upgrades": "peers_spared peers_hit_too",
    "attempts": "key_refused batch_refused id_refused not_signed_in batch_unknown unanswered",
    "attempts batches": "sent_twice",
    "attempts upgrades": "unanswered_since",
    "batches": "closed_without closed_together batch_unbalanced number_fell next_day closed_after "
    "in_no_batch left_behind counted_anew",
    "batches upgrades": "upgrade_crosses gap_ends_at_upgrade counter_wiped",
    "signals": "silent_while_selling silent neighbours_silent neighbours_heard silent_again",
    "signals upgrades": "queue_from_upgrade silent_from_upgrade silent_later",
    "notices": "outage_told provider_told refusal_told hold_told bank_told",
    "actions": "step_skipped backup_skipped repaired reset_by_hand set_by_hand",
    "settlements": "provider_wide few_terminals line_elsewhere line_refused line_held "
    "copies_refused amounts_elsewhere account_paid_others",
    "settlements payouts": "rolled_over",
    "payouts": "lag_grows provider_wide_pay paid_meanwhile nothing_paid returned held held_on",
    "payouts credits": "sent_not_shown arrived_in_the_end bank_paid_others bank_wide",
    "credits": "payer_unlicensed",
    "upgrades": "after_upgrade releases_at_once upgrade_undated upgrade_unknown",
    "terms": "limit_agreed",
}

SEEN_IN: Final[Mapping[str, tuple[str, ...]]] = {
    fact: tuple(tables.split()) for tables, facts in _FACTS.items() for fact in facts.split()
}
"""By key of evidence, the fact tables (or the terms) that show it."""


def seen_said(fact: Mapping[str, Any], speech: Speech) -> str:
    """Return where a piece of evidence is seen; empty: nobody knows, as of another version's."""
    tables = [speech(f"seen.{table}") for table in SEEN_IN.get(fact["fact"], ())]
    return speech("seen.in", tables=speech("word.comma").join(tables)) if tables else ""
