"""The pictures of the server in the READMEs: its first page, as the demo shows it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["make_server_pictures"]

WIDTH_PX, HEIGHT_PX = 1280, 900
WAIT_S = 180


def make_server_pictures(folder: Path, browser: Any) -> None:
    """Make ``server.en.png`` and ``server.zh.png``.

    Args:
        folder: where they go.
        browser: a started Chromium.

    Raises:
        RuntimeError: the demo did not begin to answer.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "daozhang.cli", "demo", "--data", scratch, "--port"]
        begun = [*command, str(port)]
        with subprocess.Popen(begun, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603 - ours
            try:
                assert demo.stdout is not None
                login = _login(iter(demo.stdout.readline, ""))
                _wait_for(f"{address}/health/ready")
                for lang in ("en", "zh"):
                    _shoot(browser, address, login, folder / f"server.{lang}.png", lang)
            finally:
                demo.terminate()


def _login(lines: Any) -> tuple[str, str]:
    """Return address and password of the one in finance, as the demo prints them."""
    for line in lines:
        found = re.match(r"\s+(finance@\S+)\s+(\S+)", line)
        if found:
            return found[1], found[2]
    raise RuntimeError("the demo ended without printing its logins")


def _wait_for(address: str) -> None:
    end = time.monotonic() + WAIT_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own server
        except OSError:
            if time.monotonic() > end:
                raise RuntimeError(f"{address} does not answer") from None
            time.sleep(0.5)
        else:
            return


def _shoot(browser: Any, address: str, login: tuple[str, str], path: Path, lang: str) -> None:
    page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
    page.goto(f"{address}/accounts/login/?lang={lang}")
    page.fill("input[name=login]", login[0])
    page.fill("input[name=password]", login[1])
    page.click("button[type=submit]")
    page.wait_for_load_state()
    page.goto(f"{address}/")
    page.screenshot(path=path)
    page.close()
