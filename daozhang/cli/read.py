"""``daozhang read FILE…``: each file's facts, or its located errors."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daozhang.app.intake import read_files
from daozhang.app.settings import load_settings
from daozhang.app.words_errors import WORDS
from daozhang.cli.common import UNUSABLE, print_json, progress_shown, say_error
from daozhang.facts.problem_words import IN_CHINESE
from daozhang.formats.base import Options

__all__ = ["run"]


def run(
    files: Sequence[Path],
    *,
    form: str | None,
    out: Path | None,
    timezone: str,
    currency: str | None,
    lang: str,
    as_json: bool,
) -> int:
    """Print one object (or paragraph) a file; 2 if no file could be read."""
    beside = {path for file in files if file.parent.is_dir() for path in _profiles(file.parent)}
    settings = load_settings(sorted(beside))
    options = Options(timezone=timezone, currency=currency, profiles=settings.options.profiles)
    for problem in settings.problems:
        say_error(problem.said(lang), as_json=False)
    good = 0
    try:
        with progress_shown(quiet=as_json) as (on_file, _):
            for report in read_files(files, options, format=form, out=out, progress=on_file):
                good += bool(report["format"]) and bool(report["rows"] or not report["errors"])
                if as_json:
                    print_json(report)
                else:
                    _show(report, lang)
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        say_error(str(error), as_json=as_json)
        return UNUSABLE
    return 0 if good else UNUSABLE


def _profiles(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.lower().endswith(".profile.toml")]


def _show(report: Mapping[str, Any], lang: str) -> None:
    words = WORDS[lang]
    rows = ", ".join(f"{count} {table}" for table, count in report["rows"].items())
    form = report["format"] or words["read.not_recognised"]
    sys.stdout.write(f"{report['file']}: {form}" + (f": {rows}" if rows else "") + "\n")
    for kind in ("error", "warning"):
        for problem in report[f"{kind}s"]:
            line = problem["line"]
            where = "" if line is None else words["read.line"].format(line=line)
            explained = IN_CHINESE.get(problem["code"]) if lang == "zh" else None
            said = f"{explained}（{problem['message']}）" if explained else problem["message"]
            sys.stdout.write(f"  {words[f'read.{kind}']}: {where}{said} [{problem['code']}]\n")
