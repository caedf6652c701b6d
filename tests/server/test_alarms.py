"""A statement that should be here and is not is told early, once, and taken back when it comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daozhang.journey.terms import load_terms_text

TERMS = """
timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "P"
basis = "business"
calendar = "CN"
cutoff = "23:00"
lag_days = 1
credit_by = "12:00"
fee_bps = "38"
"""


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


def _outlook(covered: str | None, unseen: tuple[Any, ...] = ()) -> Any:
    from daozhang.server.alarms import Outlook

    book, problems = load_terms_text(TERMS, "terms.toml", ())
    assert problems == []
    return Outlook(book, {"A": _at(covered)} if covered else {}, {"A": "P"}, unseen)


@pytest.fixture
def source(server: object) -> Any:
    from daozhang.server.models import Alarm, Source

    Alarm.objects.all().delete()
    return Source.objects.create(name="bank", account_id="A", expected_by="09:30")


def _judge(outlook: Any, at: str) -> list[tuple[str, str, str, bool]]:
    from daozhang.server.alarms import raise_and_clear
    from daozhang.server.models import Alarm

    for _ in range(2):  # Twice is as once.
        raise_and_clear(outlook, _at(at), _at(at))
    return [
        (a.kind, a.subject, str(a.day), a.cleared_at is None)
        for a in Alarm.objects.order_by("day", "pk")
    ]


@pytest.mark.parametrize(
    ("covered", "at", "late"),
    [
        ("2026-04-22T00:00", "2026-04-22T09:29", None),  # Wednesday, reaches Tuesday's end
        ("2026-04-22T00:00", "2026-04-23T09:29", None),
        ("2026-04-22T00:00", "2026-04-23T09:30", "2026-04-23"),
        ("2026-04-23T00:00", "2026-04-23T23:00", None),
        (None, "2026-04-23T10:00", "2026-04-23"),
        ("2026-04-25T00:00", "2026-04-26T10:00", None),  # Sunday, nothing is expected
        ("2026-04-24T00:00", "2026-04-27T10:00", "2026-04-27"),  # Friday is missing on Monday
        ("2026-04-25T00:00", "2026-04-27T10:00", None),
        ("2026-05-01T00:00", "2026-05-04T10:00", None),  # Labour Day, banks are closed
    ],
)
def test_a_statement_is_missed_on_business_days_only(
    source: Any, covered: str | None, at: str, late: str | None
) -> None:
    expected = [("statement", "A", late, True)] if late else []
    assert _judge(_outlook(covered), at) == expected


def test_it_is_cleared_when_it_comes_and_raised_again_if_it_is_taken_back(source: Any) -> None:
    before, after = _outlook("2026-04-22T00:00"), _outlook("2026-04-23T00:00")
    assert _judge(before, "2026-04-23T10:00") == [("statement", "A", "2026-04-23", True)]
    assert _judge(after, "2026-04-23T11:00") == [("statement", "A", "2026-04-23", False)]
    assert _judge(before, "2026-04-23T12:00") == [("statement", "A", "2026-04-23", True)]
    assert _judge(before, "2026-04-24T12:00")[1] == ("statement", "A", "2026-04-24", True)
    source.enabled = False
    source.save()
    assert {standing for *_, standing in _judge(before, "2026-04-24T12:00")} == {False}


def test_a_file_from_the_source_on_the_day_is_enough(source: Any) -> None:
    from daozhang.server.models import Delivery

    Delivery.objects.create(
        name="empty-day.csv", digest="0" * 64, size=1, way="source", source=source,
        received_at=_at("2026-04-23T08:00"), state="taken",
    )  # fmt: skip
    assert _judge(_outlook("2026-04-22T00:00"), "2026-04-23T10:00") == []
    assert _judge(_outlook("2026-04-22T00:00"), "2026-04-24T10:00") != []


def _row(account: str | None) -> dict[str, Any]:
    return {
        "account_id": account, "bank_id": "B", "sales": 3, "covered_until": None,
        "first_promised_at": _at("2026-04-20T12:00"),
    }  # fmt: skip


def test_money_that_no_statement_reaches_is_an_alarm(source: Any) -> None:
    source.delete()
    outlook = _outlook(None, (_row("A"), _row(None)))
    assert _judge(outlook, "2026-04-23T10:00") == [
        ("unseen", "A", "2026-04-20", True), ("unseen", "", "2026-04-20", True),
    ]  # fmt: skip
    assert {standing for *_, standing in _judge(_outlook(None), "2026-04-23T10:00")} == {False}


def test_todays_money_is_no_alarm_before_its_statement_could_be_here(source: Any) -> None:
    source.delete()
    outlook = _outlook(None, (_row("A"),))  # Promised on Monday at noon.
    assert _judge(outlook, "2026-04-20T18:00") == []
    assert _judge(outlook, "2026-04-21T11:59") == []
    assert _judge(outlook, "2026-04-21T12:00") == [("unseen", "A", "2026-04-20", True)]


def test_an_account_has_one_alarm_at_a_time(source: Any) -> None:
    found = _judge(_outlook("2026-04-20T00:00", (_row("A"),)), "2026-04-23T10:00")
    assert found == [("statement", "A", "2026-04-23", True)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_alarms_stand_on_top_for_those_whose_account_it_is(
    client_of: Callable[[str], Any], source: Any, lang: str
) -> None:
    from daozhang.server.models import Person
    from daozhang.server.rights import scope_of

    accounts = scope_of(Person.objects.get(email="bank@demo.example")).accounts
    assert accounts
    source.account_id = min(accounts)
    source.save()
    _judge(_outlook(None, (_row(None),)), "2026-04-23T10:00")
    _judge(_outlook(None, (_row(None),)), "2026-04-23T10:00")
    for path in ("/", "/files/"):
        page = f"{path}?lang={lang}"
        assert 'class="alarm"' in client_of("finance").get(page).content.decode()
        assert 'class="alarm"' not in client_of("store").get(page).content.decode()
        seen = client_of("bank").get(page).content.decode()
        assert seen.count('class="alarm"') == 1
        assert min(accounts) in seen.split('class="alarm"')[1].split("</p>")[0]


@pytest.fixture
def sent(server: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes out; a channel that fails as long as its first entry is ``fail``."""
    from daozhang.server import notices
    from daozhang.server.models import IncidentEvent

    IncidentEvent.objects.all().update(at=_at("2026-01-01T00:00"))
    out: list[str] = []

    def notify(addresses: tuple[str, ...], title: str, body: str) -> bool:
        if out and out[0] == "fail":
            return False
        out.append(f"{title}\n{body}")
        return True

    monkeypatch.setattr(notices, "_notify", notify)
    own = replace(notices.config(), notify=("json://localhost/x",))
    monkeypatch.setattr(notices, "config", lambda: own)
    return out


def test_what_is_new_is_told_once_in_one_message(source: Any, sent: list[str]) -> None:
    from daozhang.server.models import Incident, IncidentEvent
    from daozhang.server.notices import tell

    at = _at("2026-04-23T10:00")
    _judge(_outlook("2026-04-22T00:00"), "2026-04-23T10:00")
    incident = Incident.objects.filter(is_open=True).first()
    assert incident is not None
    IncidentEvent.objects.create(incident=incident, at=at, kind="opened")
    assert tell(at) == 2
    assert tell(at) == 0
    (message,) = sent
    assert "账户 A 的对账单应在 4月23日 09:30 前收到" in message
    assert "The statement of account A should have been here by 23 Apr 09:30" in message
    assert f"/late/{incident.incident_id}/" in message


def test_what_could_not_be_sent_is_tried_again_later(source: Any, sent: list[str]) -> None:
    from daozhang.server.notices import TRIES_MAX, tell

    sent.append("fail")
    at = _at("2026-04-23T10:00")
    _judge(_outlook("2026-04-22T00:00"), "2026-04-23T10:00")
    assert tell(at) == 0
    sent.clear()
    assert tell(at + timedelta(seconds=30)) == 0
    assert tell(at + timedelta(minutes=2)) == 1
    assert len(sent) == 1
    assert TRIES_MAX > 1


def test_what_was_cleared_before_is_not_told(source: Any, sent: list[str]) -> None:
    from daozhang.server.notices import tell

    sent.append("fail")
    at = _at("2026-04-23T10:00")
    _judge(_outlook("2026-04-22T00:00"), "2026-04-23T10:00")
    tell(at)
    sent.clear()
    _judge(_outlook("2026-04-23T00:00"), "2026-04-23T11:00")
    assert tell(at + timedelta(hours=1)) == 0
    assert sent == []


def test_a_message_reaches_a_receiver(tmp_path: Path) -> None:
    """Apprise itself, against a receiver in this process."""
    import http.server
    import threading

    from daozhang.server import notices

    came: list[bytes] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"json://127.0.0.1:{server.server_address[1]}/alarms"
        assert notices._notify((address,), "到账", "one line")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert json.loads(came[0])["message"] == "one line"
