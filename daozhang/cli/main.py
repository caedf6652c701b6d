"""``daozhang``: the command and its options.

Rules kept here (the contract's command line): ``--json`` may stand anywhere; exit status 0 means
that nothing is overdue, 1 that something is, 2 that the call or all input is unusable, 3 that an
identity is broken. Nothing heavy is imported before a command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from daozhang import __version__
from daozhang.cli.server_commands import add_server_commands

__all__ = ["app", "main"]

app = typer.Typer(
    name="daozhang",
    help="Tracks every sale like a parcel until its money is in the bank. "
    "到账：每一笔交易，跟到账为止。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Lang(StrEnum):
    """The languages that everything is said in."""

    zh = "zh"
    en = "en"


class EngineChoice(StrEnum):
    """What runs the SQL."""

    duckdb = "duckdb"
    spark = "spark"


class WorldFormat(StrEnum):
    """How a simulated estate is written."""

    csv = "csv"
    parquet = "parquet"


_AS_OF = typer.Option(
    "--as-of",
    metavar="TIME",
    help="Answer as of this moment (RFC 3339 with offset, or a date: its end in the terms' zone). "
    "Default: when the newest fact was learned.",
)
_LANG = typer.Option("--lang", help="Language; default: what the environment's LANG says.")

Source = Annotated[Path, typer.Argument(metavar="DIR|STORE", help="A folder of files, or a store.")]
AsOf = Annotated[str | None, _AS_OF]
LangOption = Annotated[Lang | None, _LANG]


class _State:
    """What the call said once for all commands."""

    json = False


def _lang(chosen: Lang | None) -> str:
    if chosen is not None:
        return chosen.value
    said = os.environ.get("DAOZHANG_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return "zh" if said.lower().startswith("zh") else "en"


def _version(value: bool) -> None:
    if value:
        typer.echo(f"daozhang {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print machine-readable output; may stand anywhere.")
    ] = False,
) -> None:
    """Read the options that hold for every command."""


@app.command()
def check(
    source: Source,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the answers and tables here.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report here.")
    ] = None,
    lang: LangOption = None,
    engine: Annotated[
        EngineChoice, typer.Option("--engine", help="What runs the SQL.")
    ] = EngineChoice.duckdb,
) -> None:
    """Where is the money: on time, late, not yet, and where it stopped."""
    from daozhang.cli.check import run

    status = run(
        source,
        as_of=as_of,
        out=out,
        html=html,
        lang=_lang(lang),
        engine=engine.value,
        as_json=_State.json,
    )
    raise typer.Exit(status)


@app.command()
def trace(
    source: Source,
    sale_id: Annotated[str, typer.Argument(metavar="SALE_ID", help="The sale, or its RRN.")],
    as_of: AsOf = None,
    lang: LangOption = None,
) -> None:
    """One sale's journey, as a parcel tracker shows it."""
    from daozhang.cli.trace import run

    raise typer.Exit(run(source, sale_id, as_of=as_of, lang=_lang(lang), as_json=_State.json))


@app.command()
def replay(
    source: Source,
    release: Annotated[
        str | None, typer.Option("--release", metavar="R", help="Only this release.")
    ] = None,
    every: Annotated[
        str, typer.Option("--every", metavar="1h", help="Time between looks: 30m, 1h, 1d.")
    ] = "1h",
    alpha: Annotated[
        float, typer.Option("--alpha", help="Chance that a good release is ever halted.")
    ] = 0.01,
    margin: Annotated[
        float, typer.Option("--margin", help="Share of terminals that a release may harm.")
    ] = 0.05,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write every look as JSON here.")
    ] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(
            "--recovery", metavar="FILE", help="Write who is back at their level: .csv or JSON."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page to read and print.")
    ] = None,
    as_of: AsOf = None,
    lang: LangOption = None,
) -> None:
    """What the gate would have said of an upgrade's waves, and when."""
    from daozhang.cli.replay import run

    status = run(
        source,
        release=release,
        every=every,
        alpha=alpha,
        margin=margin,
        out=out,
        recovery=recovery,
        html=html,
        as_of=as_of,
        lang=_lang(lang),
        as_json=_State.json,
    )
    raise typer.Exit(status)


@app.command()
def waves(
    source: Source,
    release: Annotated[
        str, typer.Option("--release", metavar="R", help="The release that is to be rolled out.")
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=VALUE",
            help="Only terminals of which terminals.csv says so, such as model=A920; may stand "
            "several times.",
        ),
    ] = None,
    ends: Annotated[
        str,
        typer.Option(
            "--waves", metavar="10,19,50", help="Percent of the fleet by the end of each wave."
        ),
    ] = "10,19,50",
    hold_back: Annotated[
        float | None,
        typer.Option(
            "--hold-back",
            help="Share held back until the last wave; default: a tenth, at least 60 terminals, at "
            "most a third.",
        ),
    ] = None,
    salt: Annotated[str, typer.Option("--salt", help="Another word, another lot.")] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the lot here: actions-….csv."),
    ] = None,
    as_of: AsOf = None,
    lang: LangOption = None,
) -> None:
    """Draws by lot who is upgraded in which wave, and who is held back for comparison."""
    from daozhang.cli.waves import run

    status = run(
        source,
        release=release,
        where=where or (),
        ends=ends,
        held=hold_back,
        salt=salt,
        out=out,
        as_of=as_of,
        lang=_lang(lang),
        as_json=_State.json,
    )
    raise typer.Exit(status)


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files of any layout.")],
    form: Annotated[
        str | None, typer.Option("--format", metavar="F", help="Read them as this format.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write their facts as CSV here.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", help="Zone of local times in the files (IANA name).")
    ] = "Asia/Shanghai",
    currency: Annotated[
        str | None, typer.Option("--currency", help="Currency where a file names none.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Each file's facts, or its located errors."""
    from daozhang.cli.read import run

    status = run(
        files,
        form=form,
        out=out,
        timezone=timezone,
        currency=currency,
        lang=_lang(lang),
        as_json=_State.json,
    )
    raise typer.Exit(status)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with your files.")],
    lang: LangOption = None,
) -> None:
    """Looks at the files, asks what it cannot see, writes terms.toml and accounts.csv."""
    from daozhang.cli.init import run

    raise typer.Exit(run(folder, lang=_lang(lang), as_json=_State.json, answers=None))


@app.command(name="map")
def map_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or sheet of unknown layout.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the profile here.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is proposed.")] = False,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="QUESTION=ANSWER",
            help="Answer a question beforehand, such as provider=acme; may stand several times.",
        ),
    ] = None,
    lang: LangOption = None,
) -> None:
    """Proposes a mapping profile for an unknown layout."""
    from daozhang.cli.map import run

    status = run(
        file, out=out, lang=_lang(lang), as_json=_State.json, yes=yes, answers=answers or ()
    )
    raise typer.Exit(status)


@app.command()
def ingest(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The store; made if need be.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files or folders to add.")],
    lang: LangOption = None,
) -> None:
    """Adds files to a store."""
    from daozhang.cli.ingest import run

    raise typer.Exit(run(store, files, lang=_lang(lang), as_json=_State.json))


@app.command(name="store")
def look_after_store(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[verify|compact] STORE", help="What to do, and the store."),
    ],
    lang: LangOption = None,
) -> None:
    """What a store holds; verify: prove every part; compact: few large parts of many small ones."""
    from daozhang.cli.store import run

    raise typer.Exit(run(words, lang=_lang(lang), as_json=_State.json))


@app.command()
def world(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Facts go to OUT/in, truth beside.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    faults: Annotated[
        str,
        typer.Option(
            "--faults",
            metavar="a,b",
            help="Faults to inject, F1 to F23 or by mechanism, such as F4,bank_slow; `all` is all.",
        ),
    ] = "",
    traps: Annotated[
        str,
        typer.Option(
            "--traps",
            metavar="a,b",
            help="Settings in which the obvious answer is wrong: holiday_week, slow_bank_week, "
            "outage_on_wave_day, canary_of_one, hold_without_notice, return_pending, "
            "late_statement, cut_off_without_cost.",
        ),
    ] = "",
    regions: Annotated[
        str,
        typer.Option(
            "--regions", metavar="a,b", help="Where it sells: CN always, HK, EU, US; `all` is all."
        ),
    ] = "CN",
    sales: Annotated[int, typer.Option("--sales", min=1, help="About how many sales.")] = 20_000,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days.")] = 28,
    start: Annotated[str, typer.Option("--start", help="First day.")] = "2026-04-13",
    form: Annotated[WorldFormat, typer.Option("--format", help="File format.")] = WorldFormat.csv,
    lang: LangOption = None,
) -> None:
    """A simulated estate: OUT/in as the contract has it, OUT/truth beside it."""
    from daozhang.cli.world import run

    status = run(
        out,
        seed=seed,
        faults=_names(faults),
        traps=_names(traps),
        regions=_names(regions),
        sales=sales,
        days=days,
        start=start,
        form=form.value,
        lang=_lang(lang),
        as_json=_State.json,
    )
    raise typer.Exit(status)


add_server_commands(app)


def _names(text: str) -> list[str]:
    """Return the names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _State.json = "--json" in words
    words = [word for word in words if word != "--json"]
    try:
        app(args=words, standalone_mode=True)
    except SystemExit as stop:
        code = stop.code
        return code if isinstance(code, int) else int(code is not None)
    except BrokenPipeError:  # The reader of a pipe has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
