"""Files in: sending them, their receipts, and who may see them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daozhang.server.words_files_en import EN
from daozhang.server.words_files_zh import ZH

STATEMENT = (
    "credit_id,account_id,amount_minor,currency,booked_at\n"
    "C1,A1,12345,CNY,2026-04-20T09:00:00+08:00\n"
    "C2,A1,100,CNY,2026-04-20T09:00:00+08:00\n"
    "C3,A1,12.5,CNY,2026-04-20T09:00:00+08:00\n"
    "C4,A2,900,HKD,2026-04-20T09:00:00+08:00\n"
)


@pytest.fixture
def place(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, on the database of the other tests."""
    from daozhang.server import receipts, receiving, reconciler

    own = replace(receiving.config(), data=tmp_path)
    for module in (receipts, receiving, reconciler):
        monkeypatch.setattr(module, "config", lambda: own)
    return tmp_path


def _work() -> None:
    from daozhang.server.clock import now
    from daozhang.server.reconciler import Worker

    worker = Worker(now)
    worker._collect()
    worker._take()
    worker.release()


def _send(client: Any, name: str, text: str, **headers: str) -> Any:
    file = io.BytesIO(text.encode())
    file.name = name
    return client.post("/files/?lang=en", {"files": [file]}, headers=headers)


def _text(response: Any) -> str:
    return str(response.content.decode())


def _newest() -> Any:
    from daozhang.server.models import Delivery

    return Delivery.objects.first()


def test_a_file_gets_a_receipt_with_sums_and_reasons(
    client_of: Callable[[str], Any], place: Path
) -> None:
    client = client_of("finance")
    sent = _send(client, "credits-april.csv", STATEMENT)
    assert sent.status_code == 302
    waiting = _text(client.get(sent["Location"] + "?lang=en"))
    assert EN["state.waiting"] in waiting
    assert "data-refresh" in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    _work()
    receipt = _text(client.get(sent["Location"] + "?lang=en"))
    assert "Rows taken: 3; rows refused: 1." in receipt
    assert "¥124.45" in receipt
    assert "HK$9.00" in receipt
    assert "Line 4" in receipt
    assert "amount_not_integer" in receipt
    assert "finance" in receipt
    assert "data-refresh" not in receipt
    chinese = _text(client.get(sent["Location"] + "?lang=zh"))
    assert "入库 3 行，拒收 1 行" in chinese
    assert "第 4 行" in chinese
    rows = list(
        csv.reader(io.StringIO(_text(client.get(sent["Location"] + "?format=csv&lang=en"))))
    )
    assert rows[1][1:4] == ["4", "error", "amount_not_integer"]


def test_the_same_content_again_is_a_duplicate_that_leads_to_the_first(
    client_of: Callable[[str], Any], place: Path
) -> None:
    client = client_of("finance")
    first = _send(client, "credits-april.csv", STATEMENT)["Location"]
    _work()
    second = _send(client, "credits-again.csv", STATEMENT)["Location"]
    _work()
    page = _text(client.get(second + "?lang=en"))
    assert EN["outcome.duplicate"] in page
    assert f'href="{first}"' in page
    assert _newest().state == "duplicate"


def test_a_receipt_lost_with_the_process_is_written_again_as_it_was(
    client_of: Callable[[str], Any], place: Path
) -> None:
    from daozhang.app.ingest import ingest
    from daozhang.server.clock import now
    from daozhang.server.receiving import waiting_path

    _send(client_of("finance"), "credits-april.csv", STATEMENT)
    delivery = _newest()
    (done,) = ingest(place / "store", [waiting_path(delivery)], at=now())
    assert done.status == "added"  # And here the process is killed.
    _work()
    delivery.refresh_from_db()
    assert delivery.state == "taken"
    assert [one["amount_minor"] for one in delivery.totals] == [12445, 900]


def test_what_cannot_be_read_says_what_to_do(client_of: Callable[[str], Any], place: Path) -> None:
    client = client_of("provider")
    sent = _send(client, "holiday.png", "\x89PNG\r\n")
    _work()
    page = _text(client.get(sent["Location"] + "?lang=en"))
    assert EN["state.refused"] in page
    assert _newest().state == "refused"
    assert "holiday.png" in _text(client.get("/files/?state=refused&lang=en"))
    assert "holiday.png" not in _text(client.get("/files/?state=taken&lang=en"))


def test_an_empty_file_is_told_at_once(client_of: Callable[[str], Any], place: Path) -> None:
    client = client_of("ops")
    assert "was not received" in _text(
        client.get(_send(client, "empty.csv", "")["Location"] + "?lang=en")
    )
    answer = _send(client, "empty.csv", "", Accept="application/json")
    assert answer.status_code == 400
    assert "empty.csv was not received" in answer.json()["refused"][0]
    assert client.post("/files/?lang=en").status_code == 302
    assert list((place / "waiting").iterdir()) == []


def test_a_script_sends_files_one_by_one(client_of: Callable[[str], Any], place: Path) -> None:
    client = client_of("ops")
    answer = _send(client, "credits.csv", STATEMENT, Accept="application/json")
    assert answer.status_code == 201
    assert client.get(answer.json()["received"][0]).status_code == 200
    page = _text(client.get("/files/"))
    assert '<script src="/static/daozhang/upload.js" defer></script>' in page
    script = client.get("/static/daozhang/upload.js")
    assert script.status_code == 200
    script.close()


def test_partners_see_their_own_files_only(client_of: Callable[[str], Any], place: Path) -> None:
    mine = _send(client_of("bank"), "credits-bank.csv", STATEMENT)["Location"]
    for name, status in (
        ("bank", 200), ("provider", 404), ("store", 404), ("admin", 200), ("auditor", 200),
    ):  # fmt: skip
        assert client_of(name).get(mine).status_code == status, name
        assert ("credits-bank.csv" in _text(client_of(name).get("/files/"))) == (status == 200)
    exported = _text(client_of("store").get("/files/?format=csv"))
    assert len(exported.splitlines()) == 1


def test_auditors_look_and_do_not_send(client_of: Callable[[str], Any], place: Path) -> None:
    assert client_of("auditor").get("/files/").status_code == 200
    assert _send(client_of("auditor"), "credits.csv", STATEMENT).status_code == 403


def test_the_watched_folder_is_collected_once(server: Path, place: Path) -> None:
    from daozhang.server.models import Delivery

    before = Delivery.objects.count()
    path = place / "inbox" / "credits-folder.csv"
    path.parent.mkdir()
    path.write_text(STATEMENT, encoding="utf-8")
    os.utime(path, (1, 1))
    kept = path.with_name(".kept")
    os.link(path, kept)
    _work()
    assert not path.exists()
    assert Delivery.objects.count() == before + 1
    assert _newest().state == "taken"
    assert _newest().way == "folder"


def test_a_folder_file_received_before_a_crash_is_only_removed(
    server: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server.models import Delivery

    path = place / "inbox" / "credits-folder.csv"
    path.parent.mkdir()
    path.write_text(STATEMENT, encoding="utf-8")
    os.utime(path, (1, 1))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _killed)
        with pytest.raises(KeyboardInterrupt):
            _work()
    before = Delivery.objects.count()
    assert path.exists()
    _work()
    assert not path.exists()
    assert Delivery.objects.count() == before


def _killed(path: Path, missing_ok: bool = False) -> None:
    if not missing_ok:
        raise KeyboardInterrupt


def test_leftovers_of_crashes_are_swept(server: Path, place: Path) -> None:
    old = place / "waiting" / "0000999999"
    old.mkdir(parents=True)
    partial = place / "waiting" / ".1-ab.partial"
    partial.write_bytes(b"half")
    young = place / "waiting" / ".2-ab.partial"
    young.write_bytes(b"half")
    for path in (old, partial):
        os.utime(path, (1, 1))
    _work()
    assert [path.name for path in (place / "waiting").iterdir()] == [young.name]


def test_both_languages_say_the_same() -> None:
    assert EN.keys() == ZH.keys()
    for key, text in EN.items():
        values = {part.split("}")[0] for part in text.split("{")[1:]}
        assert values == {part.split("}")[0] for part in ZH[key].split("{")[1:]}, key
