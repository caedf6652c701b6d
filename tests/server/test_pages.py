"""Pages: who may see them, whose rows they show, what they say."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from daozhang.server.words_en import EN
from tests.server.shown import reading_of, table

ROLES = ("ops", "store", "finance", "provider", "bank", "admin", "auditor")


def _text(response: Any) -> str:
    return str(response.content.decode())


def test_nobody_sees_a_page_without_signing_in(server: object) -> None:
    from django.test import Client

    for path in ("/", "/late/", "/track/", "/settings/", "/audit/"):
        response = Client().get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_the_bad_upgrade_stands_on_the_first_page_and_leads_to_why(
    client_of: Callable[[str], Any],
) -> None:
    client = client_of("finance")
    page = _text(client.get("/?lang=en"))
    assert "The upgrade to 3.2.1 delays ¥" in page
    link = page.split('<p class="upgrade">')[1].split('href="')[1].split('"')[0]
    why = _text(client.get(link))
    assert EN["incident.why"] in why
    evidence = why.split('<ul class="evidence">')[1].split("</ul>")[0]
    # Each piece says where it is seen, with a sale of it to follow.
    assert evidence.count("see ") == evidence.count("<li>") == evidence.count('<a href="/track/S')


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everyone_has_an_overview_in_both_languages(
    client_of: Callable[[str], Any], name: str, lang: str
) -> None:
    response = client_of(name).get(f"/?lang={lang}")
    assert response.status_code == 200
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in _text(response)


def test_a_store_sees_its_own_sales_only(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.models import Person
    from daozhang.server.readings import reading_for
    from daozhang.server.rights import scope_of

    client = client_of("store")
    person = Person.objects.get(email="store@demo.example")
    own = scope_of(person).stores
    assert own is not None
    everything = client_of("admin")
    from daozhang.app.scope import EVERYTHING

    reading = reading_for(EVERYTHING)
    assert reading is not None
    engine = reading.engine()
    ((mine,),) = engine.rows(f"SELECT min(sale_id) FROM outcomes WHERE store_id IN ('{min(own)}')")
    ((foreign,),) = engine.rows(
        f"SELECT min(sale_id) FROM outcomes WHERE store_id NOT IN ('{min(own)}')"
    )
    assert client.get(f"/track/{mine}/").status_code == 200
    assert client.get(f"/track/{foreign}/").status_code == 404
    assert everything.get(f"/track/{foreign}/").status_code == 200


def test_audit_is_for_auditors_and_administrators(client_of: Callable[[str], Any]) -> None:
    for name in ROLES:
        expected = 200 if name in {"admin", "auditor"} else 403
        assert client_of(name).get("/audit/").status_code == expected


def test_the_audit_trail_shows_tampering(client_of: Callable[[str], Any]) -> None:
    from daozhang.server.audit import verify
    from daozhang.server.models import AuditEntry

    assert list(verify()) == []
    entry = AuditEntry.objects.order_by("number")[2]
    AuditEntry.objects.filter(number=entry.number).update(actor="somebody else")
    assert [(b.number, b.what) for b in verify()] == [(entry.number, "changed")]
    AuditEntry.objects.filter(number=entry.number).update(actor=entry.actor)
    AuditEntry.objects.order_by("-number").first().delete()  # type: ignore[union-attr]
    assert [b.what for b in verify()] == ["cut off"]


def _rows_behind(client: Any, address: str) -> tuple[int, int]:
    """Return how many sales an address of a list leads to, and what of them is still to come."""
    joined = "&" if "?" in address else "?"
    rows = table(client.get(f"{address.replace('&amp;', '&')}{joined}format=csv"))
    return len(rows), sum(int(row["outstanding_minor"] or 0) for row in rows)


def test_what_needs_someone_leads_to_just_those_sales(client_of: Callable[[str], Any]) -> None:
    from daozhang.charts.standing import standings
    from daozhang.charts.turns import find_turns
    from daozhang.server.attention import matters

    client, figures = client_of("finance"), reading_of("finance").figures
    turns = [t for one in standings(figures) for t in find_turns(figures, one.currency)]
    found, hidden = matters(figures, _speech())
    overdue = [one for one in found if one.status == "overdue"]
    assert len(overdue) + hidden == len(turns) >= 2
    for turn, one in zip(turns, overdue, strict=False):
        assert _rows_behind(client, one.url) == (turn.sales, turn.outstanding_minor), one.title
    (unknown,) = (one for one in found if one.status == "unknown")
    assert f"{_rows_behind(client, unknown.url)[0]:,}" in unknown.sales


def _speech() -> Any:
    from zoneinfo import ZoneInfo

    from daozhang.server.page_speech import PageSpeech

    return PageSpeech("en", ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_name_neither_commands_nor_files_of_the_report(
    client_of: Callable[[str], Any], lang: str
) -> None:
    client = client_of("finance")
    row = reading_of("finance").figures.incidents[0]
    for path in ("/", "/providers/", f"/late/{row['incident_id']}/", "/upgrades/3.2.1/"):
        page = _text(client.get(f"{path}?lang={lang}"))
        for word in ("daozhang trace", "daozhang check", "overdue_places", "summary.json",
                     "missing_statements", "fees.csv", "incidents.json"):  # fmt: skip
            assert word not in page, (path, word)


def test_an_incidents_bars_add_up_to_it_and_lead_to_its_sales(
    client_of: Callable[[str], Any],
) -> None:
    client, reading = client_of("ops"), reading_of("ops")
    for row in reading.figures.incidents:
        address = f"/late/{row['incident_id']}/"
        page = _text(client.get(address + "?lang=en"))
        for by in ("store", "due"):
            links = re.findall(rf'"(/sales/\?incident=[^"]+&amp;{by}=[^"]+)"', page)
            assert 1 <= len(links) <= 8
            counts = [_rows_behind(client, link)[0] for link in links]
            more = "more</a>" in page
            assert sum(counts) == row["sales"] or (more and sum(counts) < row["sales"])
        whole = f"/sales/?incident={row['incident_id']}"
        assert _rows_behind(client, whole) == (row["sales"], row["outstanding_minor"])
        late = _text(client.get("/late/"))
        assert f'href="{whole}"' in late
        still_to_come = f'href="{whole}&amp;status=overdue"' in late
        assert still_to_come == bool(row["open_sales"])


def test_every_change_that_is_written_down_has_words(data: object) -> None:
    from pathlib import Path

    import daozhang.server
    from daozhang.server.words import WORDS

    package = Path(daozhang.server.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    known = {key.removeprefix("audit.did.") for key in WORDS["en"] if key.startswith("audit.did.")}
    assert known == {key.removeprefix("audit.did.") for key in WORDS["zh"] if ".did." in key}
    kinds = sorted({action.split(".")[0] for action in known})
    named = set(re.findall(rf'"((?:{"|".join(kinds)})\.[a-z_]+)"', source))
    for action in known:
        assert action in named, f"nothing writes {action} down"
    for call in re.findall(r'audit\.record\([^"]*"([a-z_]+\.[a-z_]+)"', source):
        assert call in known, f"{call} has no words"


def test_who_chose_no_language_is_answered_in_their_browsers(
    client_of: Callable[[str], Any],
) -> None:
    client = client_of("ops")
    english, chinese = (
        _text(client.get("/", headers={"Accept-Language": wanted}))
        for wanted in ("en-US,en;q=0.9", "zh-CN,zh;q=0.9,en;q=0.8")
    )
    assert '<html lang="en">' in english
    assert '<html lang="zh-CN">' in chinese


def test_the_trail_speaks_the_readers_language(client_of: Callable[[str], Any]) -> None:
    admin = client_of("admin")
    admin.post("/settings/", {"do": "token", "name": "till", "scopes": ["read"]})
    zh, en = (_text(admin.get(f"/audit/?lang={lang}")) for lang in ("zh", "en"))
    assert "生成令牌" in zh
    assert "权限：查看" in zh
    assert "token.made" not in zh
    assert "made a token" in en
    assert "may: look" in en
    raw = table(admin.get("/audit/?format=csv"))[0]
    assert (raw["action"], raw["subject"]) == ("token.made", "till"), "what is kept stays"


def test_a_token_that_acts_is_named_in_the_trail(client_of: Callable[[str], Any]) -> None:
    from django.test import Client

    from daozhang.server.clock import now
    from daozhang.server.models import AuditEntry, Person
    from daozhang.server.tokens import make_token

    person = Person.objects.get(email="ops@demo.example")
    _, secret = make_token(now(), person, name="till 7", scopes=("incidents", "files"))
    incident = reading_of("ops").figures.incidents[0]["incident_id"]
    bearer = {"Authorization": f"Bearer {secret}"}
    noted = Client().post(
        f"/api/v1/incidents/{incident}/notes", {"text": "asked"},
        content_type="application/json", headers=bearer,
    )  # fmt: skip
    sent = Client().post("/api/v1/files", {"file": io.BytesIO(b"a\n1\n")}, headers=bearer)
    assert (noted.status_code, sent.status_code) == (201, 201)
    rows = AuditEntry.objects.order_by("-number")[:2]
    assert {(row.action, row.actor, row.detail["token"]) for row in rows} == {
        ("incident.noted", "ops@demo.example", "till 7"),
        ("file.received", "ops@demo.example", "till 7"),
    }


def test_unknown_addresses_lead_back(client_of: Callable[[str], Any]) -> None:
    answer = client_of("ops").get("/no/such/page/?lang=zh")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()
