"""What people outside are told, through Apprise: alarms, and incidents that were opened.

Rules kept here: each is noted in a table before it is sent, so that it is sent once however often
workers begin anew; what could not be sent is tried again, later each time, and given up at last.
Several things found at once are one message.
"""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import Q

from daozhang.charts import Lang, Speech
from daozhang.server.alarm_words import alarm_sentence
from daozhang.server.config import config
from daozhang.server.models import Alarm, IncidentEvent, Notice
from daozhang.server.words import say

__all__ = ["tell"]

TRIES_MAX: Final = 6
LINES_MAX: Final = 20
_NEW: Final = timedelta(hours=36)
"""What is older when it is first seen is history: a server that was just furnished tells none."""
_FIRST_PAUSE: Final = timedelta(minutes=1)
_OPENED: Final = ("opened", "reopened")

_log = structlog.get_logger("daozhang.notices")


def tell(at: datetime) -> int:
    """Send what is new; return how many things were told.

    Args:
        at: now, aware.
    """
    addresses = config().notify
    if not addresses:
        return 0
    _note(at)
    due = [
        notice
        for notice in Notice.objects.filter(sent_at=None, tries__lt=TRIES_MAX).order_by("made_at")
        if notice.tries == 0 or at >= notice.made_at + _FIRST_PAUSE * 4 ** (notice.tries - 1)
    ]
    # An alarm that was cleared before it could be told is not told.
    lines = [(notice, _sentences(notice)) for notice in due]
    told = [(notice, said) for notice, said in lines if said]
    for notice, said in lines:
        if not said:
            notice.delete()
    if not told:
        return 0
    for notice, _ in told:  # Before it is sent: whoever dies in between tells nothing twice.
        notice.tries, notice.sent_at = notice.tries + 1, at
        notice.save()
    if not _send(addresses, [said for _, said in told]):
        Notice.objects.filter(pk__in=[notice.pk for notice, _ in told]).update(sent_at=None)
        return 0
    return len(told)


def _note(at: datetime) -> None:
    """Note what is new, each once."""
    subjects = [
        f"event:{pk}"
        for pk in IncidentEvent.objects.filter(kind__in=_OPENED, at__gte=at - _NEW).values_list(
            "pk", flat=True
        )
    ]
    standing = Alarm.objects.filter(cleared_at=None, raised_at__gte=at - _NEW)
    subjects += [
        f"alarm:{pk}:{raised.isoformat()}" for pk, raised in standing.values_list("pk", "raised_at")
    ]
    known = set(Notice.objects.filter(pk__in=subjects).values_list("pk", flat=True))
    with transaction.atomic():
        for subject in subjects:
            if subject not in known:
                Notice.objects.get_or_create(subject=subject, defaults={"made_at": at})


def _sentences(notice: Notice) -> tuple[str, str] | None:
    """Return what a notice says in Chinese and English; None: it needs not be said any more."""
    kind, number = notice.subject.split(":")[:2]
    if kind == "alarm":
        alarm = Alarm.objects.filter(Q(pk=number) & Q(cleared_at=None)).first()
        return (
            (alarm_sentence(alarm, _speech("zh")), alarm_sentence(alarm, _speech("en")))
            if (alarm)
            else None
        )
    event = IncidentEvent.objects.select_related("incident").filter(pk=number).first()
    if event is None or not event.incident.is_open:
        return None
    return _incident(event, "zh"), _incident(event, "en")


def _incident(event: IncidentEvent, lang: Lang) -> str:
    from daozhang.charts.why import mechanism_said  # noqa: PLC0415 - only when there is news

    speech, incident = _speech(lang), event.incident
    return say(
        lang, "notice.incident", incident=incident.incident_id,
        mechanism=mechanism_said(incident.mechanism or None, speech),
        outstanding=speech.money(incident.outstanding_minor, incident.currency),
        sales=speech.count("sales", incident.sales),
        url=f"{config().public_url}/late/{incident.incident_id}/",
    )  # fmt: skip


def _speech(lang: Lang) -> Speech:
    return Speech(lang, ZoneInfo("Asia/Shanghai"))


def _send(addresses: tuple[str, ...], told: list[tuple[str, str]]) -> bool:
    more = len(told) - LINES_MAX
    parts = []
    for lang, place in (("zh", 0), ("en", 1)):
        lines = [f"- {said[place]}" for said in told[:LINES_MAX]]
        if more > 0:
            lines.append(say(lang, "notice.more", count=more))
        parts.append("\n".join(lines))
    sent = _notify(addresses, say("zh", "notice.title", count=len(told)), "\n\n".join(parts))
    _log.info("notified", things=len(told), sent=sent)
    return sent


def _notify(addresses: tuple[str, ...], title: str, body: str) -> bool:
    with warnings.catch_warnings():
        # It imports what a later Python will not have, and says so.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise  # noqa: PLC0415 - heavy, and only for those who are told

        channel = apprise.Apprise()
        for address in addresses:
            if not channel.add(address):
                _log.warning("an address of DAOZHANG_NOTIFY is not understood")
        return bool(channel.notify(title=title, body=body))
