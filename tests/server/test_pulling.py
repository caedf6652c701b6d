"""Files fetched from folders, web servers and SFTP: each once, errors as sentences, no secrets."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

STATEMENT = "credit_id,account_id,amount_minor,currency,booked_at\nC1,A1,{0},CNY,2026-04-20\n"
AT = datetime(2026, 4, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def place(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and a folder ``bank`` in which files lie."""
    from daozhang.server import places, pulling, receiving

    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True)
    own = replace(receiving.config(), data=data)
    for module in (places, receiving):
        monkeypatch.setattr(module, "config", lambda: own)
    monkeypatch.setattr(pulling, "SETTLE_SECONDS", 0.0)
    bank = tmp_path / "bank"
    bank.mkdir()
    (bank / "credits-1.csv").write_text(STATEMENT.format(1), encoding="utf-8")
    (bank / "credits-2.csv").write_text(STATEMENT.format(2), encoding="utf-8")
    (bank / "credits-3.csv.part").write_text("half", encoding="utf-8")
    (bank / "old").mkdir()
    return tmp_path


def _source(address: str, **values: Any) -> Any:
    from daozhang.server.models import Source

    return Source.objects.create(name="bank", address=address, **values)


def _secret(place: Path, name: str, value: str, mode: int = 0o600) -> None:
    path = place / "data" / "secrets" / name
    path.write_text(value, encoding="utf-8")
    path.chmod(mode)


def _fetched() -> list[str]:
    from daozhang.server.models import Delivery

    found = Delivery.objects.filter(way="source", state="waiting").order_by("pk")
    return [delivery.name for delivery in found]


def _error(source: Any) -> str:
    source.refresh_from_db()
    return str(source.last_error)


def test_a_folder_is_fetched_on_its_schedule_and_each_file_once(place: Path) -> None:
    from daozhang.server.pulling import pull

    source = _source(f"file://{place}/bank", every_minutes=30)
    assert pull(AT) == 2
    assert _fetched() == ["credits-1.csv", "credits-2.csv"]
    assert _error(source) == ""
    (place / "bank" / "credits-3.csv").write_text(STATEMENT.format(3), encoding="utf-8")
    assert pull(AT + timedelta(minutes=29)) == 0
    assert pull(AT + timedelta(minutes=30)) == 1
    assert pull(AT + timedelta(minutes=60)) == 0
    # What is written anew is a new file.
    os.utime(place / "bank" / "credits-1.csv", (9, 9))
    assert pull(AT + timedelta(minutes=90)) == 1
    assert len(_fetched()) == 4
    source.refresh_from_db()
    assert sorted(source.seen) == [f"{place}/bank/credits-{n}.csv" for n in (1, 2, 3)]


def test_a_pattern_and_a_single_file(place: Path) -> None:
    from daozhang.server.pulling import fetch

    assert fetch(_source(f"file://{place}/bank/*-2.csv"), AT) == 1
    assert _fetched() == ["credits-2.csv"]


def test_a_receipt_without_its_note_is_not_made_twice(place: Path) -> None:
    from daozhang.server.pulling import fetch

    source = _source(f"file://{place}/bank")
    assert fetch(source, AT) == 2
    source.seen = {}
    source.save()
    assert fetch(source, AT) == 0
    assert len(source.seen) == 2


def test_a_file_that_still_grows_is_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from daozhang.server import pulling

    def grow(_: float) -> None:
        with (place / "bank" / "credits-1.csv").open("a", encoding="utf-8") as file:
            file.write("C2,A1,5,CNY,2026-04-20\n")

    with monkeypatch.context() as patch:
        patch.setattr(pulling.time, "sleep", grow)
        assert pulling.fetch(_source(f"file://{place}/bank"), AT) == 1
    assert _fetched() == ["credits-2.csv"]


@pytest.fixture
def web(place: Path) -> Iterator[str]:
    """The address of a small web server over the bank's folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(place / "bank"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_folder_and_a_web_file(web: str) -> None:
    from daozhang.server.pulling import fetch

    source = _source(f"{web}/")
    assert fetch(source, AT) == 2, _error(source)
    assert _fetched() == ["credits-1.csv", "credits-2.csv"]
    assert fetch(source, AT) == 0
    source.address = f"{web}/credits-1.csv"
    source.seen = {}
    source.save()
    assert fetch(source, AT) == 0  # Known by its origin.
    source.address = f"{web}/nothing.csv"
    source.save()
    assert fetch(source, AT) == 0
    assert _error(source).startswith("not_there|")


@pytest.fixture
def sftp(place: Path) -> Iterator[Any]:
    from tests.server.sftp_server import SftpServer

    server = SftpServer(place / "bank")
    yield server
    server.close()


def test_sftp_with_a_secret_and_a_known_host(place: Path, sftp: Any) -> None:
    from daozhang.server.pulling import fetch

    source = _source(f"sftp://bank:{{SECRET:bank}}@127.0.0.1:{sftp.port}/*.csv")
    assert fetch(source, AT) == 0
    assert _error(source) == "no_secret|bank"
    _secret(place, "bank", "p@ss:w/rd\n", 0o644)
    assert fetch(source, AT) == 0
    assert _error(source) == "open_secret|bank"
    _secret(place, "bank", "p@ss:w/rd\n")
    assert fetch(source, AT) == 0
    assert _error(source).startswith("unknown_host|")
    (place / "data" / "secrets" / "known_hosts").write_text(sftp.known_hosts, encoding="utf-8")
    assert fetch(source, AT) == 2, _error(source)
    assert _error(source) == ""
    assert _fetched() == ["credits-1.csv", "credits-2.csv"]
    assert fetch(source, AT) == 0
    _secret(place, "bank", "wrong")
    assert fetch(source, AT) == 0
    assert _error(source).startswith("login|")
    assert "wrong" not in _error(source)


@pytest.fixture
def s3(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that speaks S3, with the bank's files in a bucket."""
    import fsspec
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    bucket = fsspec.filesystem(
        "s3", key="AK", secret="s3cret", client_kwargs={"endpoint_url": address},
        skip_instance_cache=True,
    )  # fmt: skip
    bucket.mkdir("bucket")
    for path in (place / "bank").glob("credits-*"):
        bucket.pipe(f"bucket/out/{path.name}", path.read_bytes())
    yield address
    server.stop()


def test_a_bucket_with_a_secret(place: Path, s3: str) -> None:
    from daozhang.server.models import Delivery
    from daozhang.server.pulling import fetch

    query = f"key=AK&secret={{SECRET:s3}}&endpoint_url={s3}"
    source = _source(f"s3://bucket/out?{query}")
    assert fetch(source, AT) == 0
    assert _error(source) == "no_secret|s3"
    _secret(place, "s3", "s3cret")
    assert fetch(source, AT) == 2, _error(source)
    assert _error(source) == ""
    assert _fetched() == ["credits-1.csv", "credits-2.csv"]
    sizes = {d.name: d.size for d in Delivery.objects.filter(way="source")}
    assert sizes["credits-1.csv"] == (place / "bank" / "credits-1.csv").stat().st_size
    assert fetch(source, AT) == 0
    source.address = f"s3://bucket/out/*-2.csv?{query}"
    source.seen = {}
    source.save()
    assert fetch(source, AT) == 0  # Known by its origin.
    source.address = f"s3://elsewhere/out?{query}"
    source.save()
    assert fetch(source, AT) == 0
    assert _error(source).startswith("not_there|")


def test_one_that_cannot_be_reached_does_not_hold_up_the_others(place: Path) -> None:
    from daozhang.server.models import Source
    from daozhang.server.pulling import pull

    broken = Source.objects.create(name="a", address="http://127.0.0.1:9/x/")
    _source(f"file://{place}/bank")
    assert pull(AT) == 2
    assert _error(broken).split("|")[0] in {"unreachable", "not_there"}


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("sftp://user:{SECRET:bank}@host/out", ""),
        ("sftp://user@host/out?key_file=bank_key", ""),
        ("https://host/x.csv", ""),
        ("s3://bucket/folder?key=AK&secret={SECRET:s3}", ""),
        ("file:///mnt/bank", ""),
        ("sftp://user:hunter2@host/out", "bare_password"),
        ("https://user:hunter2@host/x", "bare_password"),
        ("s3://bucket/folder?key=AK&secret=hunter2", "bare_password"),
        ("sftp://user:x{SECRET:bank}@host/out", "bare_password"),
        ("ftp://host/x", "bad_kind"),
        ("/mnt/bank", "bad_kind"),
        ("gopher://host", "bad_kind"),
        ("https:///x", "no_host"),
    ],
)
def test_addresses(place: Path, address: str, wrong: str) -> None:
    from daozhang.server.places import wrong_address

    assert wrong_address(address) == wrong


def test_the_servers_own_folder_is_no_source(place: Path) -> None:
    from daozhang.server.places import wrong_address

    for path in ("data", "data/secrets", "bank/../data", ""):
        assert wrong_address(f"file://{place}/{path}") == "own_folder"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_administrators_manage_sources(
    client_of: Callable[[str], Any], place: Path, lang: str
) -> None:
    from daozhang.server.models import AuditEntry, Source
    from daozhang.server.pulling import pull

    for name in ("finance", "ops", "bank", "auditor"):
        assert client_of(name).get("/files/sources/").status_code == 403
    client = client_of("admin")
    url = f"/files/sources/?lang={lang}"

    def post(**values: str) -> str:
        return str(client.post(url, values, follow=True).content.decode())

    assert "SECRET" in post(do="add", name="b", address="sftp://u:hunter2@h/out")
    assert not Source.objects.exists()
    assert "{SECRET:bank}" in post(do="add", name="b", address="sftp://u:{SECRET:bank}@h/out")
    pull(AT)
    assert "secrets/bank" in str(client.get(url).content.decode())
    source = Source.objects.get()
    post(do="switch", source=str(source.pk))
    source.refresh_from_db()
    assert not source.enabled
    post(do="add", name="c", account="A1", expected_by="25:00")
    post(do="add", name="b", account="A1", expected_by="09:30")
    assert Source.objects.count() == 1
    assert "09:30" in post(do="add", name="c", account="A1", expected_by="09:30")
    post(do="remove", source=str(source.pk))
    assert Source.objects.count() == 1
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"source.added", "source.stopped", "source.removed"} <= actions
    assert client.post(url, {"do": "something"}).status_code == 403
