"""``daozhang check DIR|STORE``: where the money is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from rich.console import Console

from daozhang.app.answers import provisional_years, summary_json, write_answers
from daozhang.app.check import Checked, EngineName, UnusableError
from daozhang.app.console import print_answer
from daozhang.app.exports import whole_lists, write_tables
from daozhang.app.words_errors import WORDS
from daozhang.charts import FileLine, Lang, ReportView
from daozhang.cli.common import UNUSABLE, open_checked, print_json, say_error
from daozhang.engine import EngineError
from daozhang.facts.problem_words import IN_CHINESE
from daozhang.journey.identities import BrokenIdentityError
from daozhang.store.parts import StoreError

__all__ = ["run", "view_of"]

BROKEN = 3
"""Exit status: an identity is broken."""

PROBLEMS_SHOWN = 200
"""How many located problems faces are given; ``summary.json`` holds up to a thousand."""


def run(
    source: Path,
    *,
    as_of: str | None,
    out: Path | None,
    html: Path | None,
    lang: str,
    engine: str,
    as_json: bool,
) -> int:
    """Answer, write what was asked for, and return the exit status."""
    try:
        with open_checked(source, as_of, cast("EngineName", engine), quiet=as_json) as checked:
            view = view_of(checked, lang)
            if out is not None:
                write_answers(checked, out)
                write_tables(out, view, whole_lists(checked.engine))
            if html is not None:
                from daozhang.app.report import write_report  # What draws pictures loads slowly.

                write_report(html, view, cast("Lang", lang), tables=out)
            if as_json:
                print_json(summary_json(checked))
            else:
                print_answer(Console(file=sys.stdout), view, cast("Lang", lang))
            return 1 if checked.figures.sales_in("overdue") else 0
    except UnusableError as error:
        say_error(error.said(lang), as_json=as_json)
        for problem in error.problems[:PROBLEMS_SHOWN] if not as_json else ():
            sys.stderr.write(f"  {problem.said(lang)}\n")
        return UNUSABLE
    except BrokenPipeError:
        raise
    except (EngineError, StoreError, OSError) as error:
        say_error(str(error), as_json=as_json)
        return UNUSABLE
    except BrokenIdentityError as error:
        say_error(WORDS[lang]["broken_identity"].format(detail=error), as_json=as_json)
        return BROKEN


def view_of(checked: Checked, lang: str) -> ReportView:
    """Return what the report and the console show of an answer."""
    book = checked.settings.book
    assert book is not None, "nothing is answered without terms"
    problems = checked.problems
    return ReportView(
        figures=checked.figures,
        files=_files(checked, lang),
        timezone=book.timezone,
        problems=tuple(problem.said(lang) for problem in problems[:PROBLEMS_SHOWN]),
        problems_total=len(problems),
        provisional_years=tuple(provisional_years(checked)),
        names=book.legal_names,
    )


def _files(checked: Checked, lang: str) -> tuple[FileLine, ...]:
    if checked.intake is None:
        return ()
    lines = []
    for file in checked.intake.files:
        errors = sum(problem.severity == "error" for problem in file.problems)
        note = ""
        if file.problems and file.kind != "facts":
            first = file.problems[0]
            note = IN_CHINESE.get(first.code, first.message) if lang == "zh" else first.message
        lines.append(
            FileLine(
                name=file.file,
                kind=file.kind,
                form=file.format,
                rows=sum(file.rows.values()),
                errors=max(errors, file.refused_rows),
                note=note,
            )
        )
    return tuple(lines)
