"""The pictures of the READMEs: the top of a real report and of the server."""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from daozhang.cli.main import main as daozhang
from docs._server_pictures import make_server_pictures

__all__ = ["make_pictures"]

WORLD = ("--seed", "7", "--sales", "40000", "--faults", "F6,F4,F16")
AS_OF = "2026-04-23T09:40:00+08:00"
WIDTH_PX, HEIGHT_PX = 1080, 1230


def make_pictures(folder: Path) -> None:
    """Make ``report.en.png`` and ``report.zh.png``.

    Raises:
        RuntimeError: there is no Chromium, or the report was not written.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - needs a browser

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("no Chromium: install the package chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as browsers:
        reports = _reports(Path(scratch))
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for lang, report in reports.items():
            page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
            page.goto(report.as_uri())
            page.screenshot(path=folder / f"report.{lang}.png")
        make_server_pictures(folder, browser)
        browser.close()


def _reports(scratch: Path) -> dict[str, Path]:
    reports = {lang: scratch / f"report.{lang}.html" for lang in ("en", "zh")}
    with redirect_stdout(io.StringIO()):
        daozhang(["world", str(scratch / "world"), *WORLD])
        for lang, report in reports.items():
            place = str(scratch / "world" / "in")
            daozhang(["check", place, "--as-of", AS_OF, "--html", str(report), "--lang", lang])
    for report in reports.values():
        if not report.is_file():
            raise RuntimeError(f"{report.name} was not written")
    return reports
