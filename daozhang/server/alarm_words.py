"""What an alarm says to a person."""

from __future__ import annotations

from datetime import datetime

from daozhang.app.scope import Scope
from daozhang.charts import Speech
from daozhang.server.models import Alarm
from daozhang.server.words import say

__all__ = ["alarm_sentence", "alarms_said"]


def alarm_sentence(alarm: Alarm, speech: Speech) -> str:
    """Return one sentence: what is missing, since when, and what to do."""
    account = speech.name(alarm.subject)
    if alarm.kind == "statement":
        by = datetime.fromisoformat(alarm.detail["by"])
        return say(speech.lang, "alarm.statement", account=account, by=speech.time(by))
    since = speech.day(datetime.fromisoformat(alarm.detail["since"]).astimezone(speech.zone).date())
    sales = speech.count("sales", alarm.detail["sales"])
    if not alarm.subject:
        return say(speech.lang, "alarm.no_account", since=since, sales=sales)
    until = alarm.detail["covered_until"]
    if until:
        reaches = speech.time(datetime.fromisoformat(until))
        return say(
            speech.lang, "alarm.unseen", account=account, until=reaches, since=since, sales=sales
        )
    return say(speech.lang, "alarm.unseen.never", account=account, since=since, sales=sales)


def alarms_said(scope: Scope, speech: Speech) -> list[str]:
    """Return what the alarms that stand and that a scope may see say, the oldest first."""
    return [alarm_sentence(alarm, speech) for alarm in standing(scope)]


def standing(scope: Scope) -> list[Alarm]:
    """Return the alarms that stand and that a scope may see, the oldest first."""
    found = Alarm.objects.filter(cleared_at=None).order_by("day", "pk")
    if scope.whole:
        return list(found)
    narrowed = (scope.merchants, scope.stores, scope.providers)
    if scope.accounts is None or any(ids is not None for ids in narrowed):
        return []
    return list(found.filter(subject__in=scope.accounts))
