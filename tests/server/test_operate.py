"""What is written for administrators is true, and the server runs and ends as they expect."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from daozhang.server import config

ROOT = Path(__file__).resolve().parents[2]
OPERATE = ROOT / "docs" / "operate"
SERVICE = ROOT / "deploy" / "daozhang.service"
CONTAINER = ROOT / "deploy" / "Containerfile"


def _names_in(text: str) -> set[str]:
    return set(re.findall(r"DAOZHANG_[A-Z]+(?:_[A-Z]+)*", text))


def test_every_setting_is_listed_and_every_one_listed_is_read() -> None:
    source = Path(config.__file__).read_text(encoding="utf-8")
    read = _names_in(source)
    page = (OPERATE / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(DAOZHANG_[A-Z_]+?)_?…?` \|", page, flags=re.MULTILINE))
    assert "DAOZHANG_DATABASE_URL" in read
    assert read == listed
    for file in (SERVICE, CONTAINER):
        assert _names_in(file.read_text(encoding="utf-8")) <= read


def test_figures_named_for_alerts_are_exposed() -> None:
    metrics = (ROOT / "daozhang" / "server" / "metrics.py").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`(daozhang_[a-z_]+)", (OPERATE / "watch.md").read_text(encoding="utf-8"))
    )
    assert len(named) >= 5
    assert [name for name in sorted(named) if f'"{name}"' not in metrics] == []


def _options(command: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "daozhang.cli", command, "--help"], check=True,
        capture_output=True, text=True, env={**os.environ, "TERMINAL_WIDTH": "200"},
    )  # fmt: skip
    return set(re.findall(r"--[a-z][a-z-]+", done.stdout))


def _fits(words: list[str]) -> bool:
    """Whether options of ``daozhang COMMAND …`` are such."""
    given = {word for word in words[1:] if word.startswith("--")}
    return given <= _options(words[0])


def test_the_unit_is_understood_by_systemd() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(SERVICE, encoding="utf-8")
    begins = shlex.split(unit["Service"]["ExecStart"])
    assert begins[0].endswith("/daozhang")
    assert _fits(begins[1:])
    assert unit["Service"]["KillMode"] == "control-group"
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here; the unit was parsed only")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(SERVICE)], check=False, capture_output=True, text=True
    )
    # That the program is not installed here is all that may be wrong.
    said = [line for line in done.stderr.splitlines() if "daozhang.service" in line]
    assert [line for line in said if "is not executable" not in line] == []


def _instructions() -> list[tuple[str, str]]:
    text = CONTAINER.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_containerfile_copies_what_is_there_and_begins_a_server() -> None:
    """Parsed, not built: that takes a container engine."""
    found = _instructions()
    known = {
        "FROM", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT",
        "CMD",
    }  # fmt: skip
    assert {word for word, _ in found} <= known
    for word, rest in found:
        if word == "COPY" and "--from" not in rest:
            for name in rest.split()[:-1]:
                assert (ROOT / name).exists(), name
    told = dict(found)
    assert json.loads(told["ENTRYPOINT"]) == ["daozhang"]
    assert _fits(json.loads(told["CMD"]))
    assert told["USER"] != "root"


def _answer(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def _workers(parent: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], check=False, capture_output=True, text=True
    )
    return [int(word) for word in done.stdout.split()]


def _until(what: Any, seconds: float = 120) -> Any:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen")


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
def test_serve_keeps_a_worker_and_ends_with_it(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DAOZHANG_", "DJANGO_"))}
    words = ["serve", "--data", str(tmp_path / "data"), "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "daozhang.cli", *words], env=env, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}/health"
        assert _until(lambda: _answer(f"{url}/ready"))["status"] == "ok"
        assert _answer(f"{url}/live")["status"] == "ok"
        (first,) = _until(lambda: _workers(process.pid))
        os.kill(first, signal.SIGKILL)
        second = _until(lambda: [pid for pid in _workers(process.pid) if pid != first])
        process.terminate()
        assert process.wait(timeout=120) == 0
        for pid in second:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    finally:
        process.kill()
        process.wait()


def test_what_goes_wrong_is_told_in_both_languages_without_the_database(
    client_of: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection
    from django.test import RequestFactory

    from daozhang.server.views import overview
    from daozhang.server.views.failed import failed

    def broken(*_: object) -> None:
        raise RuntimeError("of this test")

    monkeypatch.setattr(overview, "draw_headline", broken)
    client = client_of("ops")
    client.raise_request_exception = False
    with capture_logs() as logged:
        answer = client.get("/?lang=en")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert page.index("Something went wrong") < page.index("出错了")
    assert "of this test" not in page
    number = answer["X-Request-Id"]
    assert f"<code>{number}</code>" in page
    (told,) = [line for line in logged if line["event"] == "failed"]
    assert told["id"] == number
    assert isinstance(told["exc_info"], RuntimeError)
    assert 'href="/?lang=en"' in page, "it can be tried again"

    def refused(*_: object) -> None:
        raise AssertionError("the database was asked")

    with connection.execute_wrapper(refused):
        alone = failed(RequestFactory().get("/", headers={"Accept-Language": "zh-CN,en"}))
    page = alone.content.decode()
    assert page.index("出错了") < page.index("Something went wrong")
    assert "/style." in page
