"""Alarms: a statement that should be here and is not, told before anyone calls money late.

Rules kept here: an alarm is raised once a subject and day and cleared when what was missing has
come; what is told outside (through Apprise) is noted first, so that a restart tells nothing again.
A statement has come when its account's facts reach the end of the business day before, or when its
source has given a file on the day it was expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from daozhang.app.scope import EVERYTHING
from daozhang.app.settings import load_settings
from daozhang.app.snapshot import open_reading
from daozhang.calendars import BusinessCalendar
from daozhang.journey.terms import TermsBook
from daozhang.server.config import config
from daozhang.server.models import Alarm, Delivery, Snapshot, Source
from daozhang.server.notices import tell
from daozhang.server.readings import folder_of, newest
from daozhang.store.parts import Store, is_store

__all__ = ["STATEMENT", "UNSEEN", "Outlook", "Watch", "outlook_of", "raise_and_clear"]

STATEMENT: Final = "statement"
UNSEEN: Final = "unseen"
_EVERY: Final = timedelta(seconds=20)
_BACK_DAYS: Final = 30
_NOON: Final = time(12)

_log = structlog.get_logger("daozhang.alarms")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What alarms are judged by.

    Attributes:
        book: the terms; None: there are none yet.
        covered: account → moment that its statements reach.
        providers: account → whose payouts come there.
        unseen: rows of ``figures.unseen``.
    """

    book: TermsBook | None = None
    covered: Mapping[str, datetime] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    unseen: Sequence[Mapping[str, Any]] = ()

    def calendar(self, account_id: str) -> tuple[BusinessCalendar, ZoneInfo] | None:
        """Return on which days and in which zone an account's bank works; None: no terms yet."""
        if self.book is None or not self.book.terms:
            return None
        provider = self.providers.get(account_id)
        ranked = sorted(
            self.book.terms,
            key=lambda t: (t.account_id != account_id, t.provider_id != provider, t.index),
        )
        name = ranked[0].credit_calendar or ranked[0].calendar
        return self.book.calendars[name], ZoneInfo(ranked[0].credit_timezone)


def outlook_of(snapshot: Snapshot | None) -> Outlook:
    """Return what a snapshot and the terms say."""
    store = config().store
    book = load_settings(Store.open(store).settings()).book if is_store(store) else None
    if snapshot is None or not folder_of(snapshot).is_dir():
        return Outlook(book)
    reading = open_reading(folder_of(snapshot), EVERYTHING)
    try:
        engine = reading.engine()
        covered = engine.rows(
            "SELECT account_id, max(until_at) FROM cover WHERE account_id IS NOT NULL "
            "GROUP BY account_id"
        )
        providers = engine.rows(
            "SELECT account_id, max(provider_id) FROM facts_accounts "
            "WHERE provider_id IS NOT NULL GROUP BY account_id"
        )
        return Outlook(
            book,
            {str(account): until for account, until in covered if isinstance(until, datetime)},
            {str(account): str(provider) for account, provider in providers},
            tuple(reading.figures.unseen),
        )
    finally:
        reading.close()


class Watch:
    """Looks again and again; :meth:`look` is cheap while nothing has changed."""

    def __init__(self) -> None:
        self._looked: datetime | None = None
        self._number: int | None = None
        self._outlook = Outlook()

    def look(self, at: datetime) -> None:
        """Raise and clear alarms as of now.

        Args:
            at: now, aware.
        """
        snapshot = newest()
        number = snapshot.number if snapshot else None
        if number != self._number or self._looked is None:
            self._outlook, self._number = outlook_of(snapshot), number
        elif at - self._looked < _EVERY:
            return
        self._looked = at
        raise_and_clear(self._outlook, at, config().as_of or at)
        tell(at)


def raise_and_clear(outlook: Outlook, at: datetime, as_of: datetime) -> None:
    """Bring the alarms to what the facts say; done twice, the second time changes nothing.

    Args:
        outlook: what is known.
        at: now, aware: when an alarm is raised or cleared.
        as_of: the moment that is judged, aware.
    """
    standing = list(Alarm.objects.filter(cleared_at=None))
    late = dict(_late_statements(outlook, as_of))
    told = {account for account, _ in late}
    unseen = {
        account: _unseen(row)
        for row in outlook.unseen
        if (account := str(row["account_id"] or "")) not in told and _is_due(row, outlook, as_of)
    }
    with transaction.atomic():
        for alarm in standing:
            if not _still(alarm, outlook, unseen):
                alarm.cleared_at = at
                alarm.save()
        for (account, day), detail in late.items():
            _raise(STATEMENT, account, day, detail, at)
        open_subjects = {a.subject for a in standing if a.kind == UNSEEN and not a.cleared_at}
        for account, detail in unseen.items():
            if account not in open_subjects:
                day = date.fromisoformat(detail["since"][:10])
                _raise(UNSEEN, account, day, detail, at)


def _late_statements(
    outlook: Outlook, as_of: datetime
) -> list[tuple[tuple[str, date], dict[str, Any]]]:
    found = []
    for source in Source.objects.filter(enabled=True).exclude(account_id="").order_by("pk"):
        expected = _expected(source, outlook, as_of)
        if expected is None:
            continue
        day, by = expected
        if not _has_come(source.account_id, day, outlook):
            detail = {"by": by.isoformat(), "source": source.name}
            found.append(((source.account_id, day), detail))
    return found


def _expected(source: Source, outlook: Outlook, as_of: datetime) -> tuple[date, datetime] | None:
    """Return the newest business day whose statement should be here, and since when."""
    known = outlook.calendar(source.account_id)
    if known is None or not source.expected_by:
        return None
    calendar, zone = known
    clock = time.fromisoformat(source.expected_by)
    day = as_of.astimezone(zone).date()
    for _ in range(_BACK_DAYS):
        by = datetime.combine(day, clock, zone)
        if calendar.is_business_day(day) and by <= as_of:
            return day, by
        day -= timedelta(days=1)
    return None


def _has_come(account_id: str, day: date, outlook: Outlook) -> bool:
    known = outlook.calendar(account_id)
    if known is None:
        return True
    calendar, zone = known
    before = day - timedelta(days=1)
    while not calendar.is_business_day(before) and (day - before).days < _BACK_DAYS:
        before -= timedelta(days=1)
    ends = datetime.combine(before + timedelta(days=1), time(), zone)
    covered = outlook.covered.get(account_id)
    if covered is not None and covered >= ends:
        return True
    begins = datetime.combine(day, time(), zone)
    return Delivery.objects.filter(
        source__account_id=account_id, state=Delivery.State.TAKEN, received_at__gte=begins
    ).exists()


def _still(alarm: Alarm, outlook: Outlook, unseen: Mapping[str, Any]) -> bool:
    if alarm.kind == UNSEEN:
        return alarm.subject in unseen
    watched = Source.objects.filter(enabled=True, account_id=alarm.subject).exclude(expected_by="")
    assert alarm.day is not None, "a statement is of a day"
    return watched.exists() and not _has_come(alarm.subject, alarm.day, outlook)


def _is_due(row: Mapping[str, Any], outlook: Outlook, as_of: datetime) -> bool:
    """Return whether the statement that would show money should be here by now.

    Where no time was agreed, that is noon of the business day after the promise.
    """
    known = outlook.calendar(str(row["account_id"] or ""))
    if known is None:
        return False
    calendar, zone = known
    promised = row["first_promised_at"].astimezone(zone).date()
    return bool(as_of >= datetime.combine(calendar.next_business_day(promised), _NOON, zone))


def _unseen(row: Mapping[str, Any]) -> dict[str, Any]:
    until = row["covered_until"]
    return {
        "bank_id": row["bank_id"] or "",
        "since": row["first_promised_at"].isoformat(),
        "covered_until": until.isoformat() if until else "",
        "sales": row["sales"],
    }


def _raise(kind: str, subject: str, day: date, detail: dict[str, Any], at: datetime) -> None:
    alarm, made = Alarm.objects.get_or_create(
        kind=kind, subject=subject, day=day, defaults={"raised_at": at, "detail": detail}
    )
    if not made and alarm.cleared_at is not None:  # It came and was taken back.
        alarm.cleared_at, alarm.raised_at, alarm.detail = None, at, detail
        alarm.save()
    if made:
        _log.info("alarm", kind=kind, subject=subject, day=day.isoformat())
