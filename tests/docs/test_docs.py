"""The documentation is true: generated parts are fresh, blocks run, links lead somewhere.

Anchor: what is undocumented is a failing test (commands, columns, keys, codes, mechanisms).
"""

import io
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from pathlib import Path

import pytest

from daozhang.app.answers import JOURNEY_COLUMNS
from daozhang.cli import check, trace
from daozhang.cli.main import main as daozhang
from daozhang.facts import TABLES
from daozhang.formats import profiles
from daozhang.formats.profiles import Profile, load_profile
from daozhang.formats.registry import format_names
from daozhang.journey.terms import Term, Window
from daozhang.world.faults import FAULTS
from docs import _problems, generate
from docs._markdown import filled
from tests.shared import opened_once

ROOT = Path(__file__).resolve().parents[2]
USE = ROOT / "docs" / "use"
PAGES = generate.pages()
OTHERS = {"docs/benchmarks.md"}
"""Pages that come with what they measure."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def plain(page: Path) -> str:
    """A page without its fenced blocks, in which nothing is a heading or a link."""
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# Generated parts.


@pytest.fixture(scope="module")
def stale_pages() -> list[str]:
    return [name_of(page) for page in generate.stale()]


def test_generated_parts_are_fresh(stale_pages: list[str]) -> None:
    assert stale_pages == [], "run make docs"


def test_every_generated_part_is_shown_somewhere() -> None:
    shown = {name for page in PAGES for name in re.findall(r"<!-- begin: ([a-z-]+)", text_of(page))}
    assert shown == set(generate.BLOCKS)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_markers_come_in_pairs(page: Path) -> None:
    begun = re.findall(r"<!-- begin: ([a-z-]+)", text_of(page))
    ended = re.findall(r"<!-- end: ([a-z-]+) -->", text_of(page))
    assert begun == ended


def test_a_stale_part_is_seen(tmp_path: Path) -> None:
    page = "# T\n\n<!-- begin: x (made) -->\nold\n<!-- end: x -->\n"
    new = filled(page, {"x": lambda: "new"})
    assert "old" not in new
    assert filled(new, {"x": lambda: "new"}) == new
    with pytest.raises(KeyError):
        filled(page, {})
    (tmp_path / "page.md").write_text(
        "# T\n\n<!-- begin: calendar-names -->\nold\n<!-- end: calendar-names -->\n"
    )
    assert [p.name for p in generate.stale(tmp_path)] == ["page.md"]
    assert [p.name for p in generate.stale(tmp_path, write=True)] == ["page.md"]
    assert generate.stale(tmp_path) == []


# Blocks that run.


def runnable(page: Path) -> list[str]:
    blocks = re.findall(r"<!-- run -->\n```sh\n(.*?)```", text_of(page), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


RUNNABLE = [page for page in PAGES if runnable(page)]


def runs_elsewhere(page: Path) -> bool:
    """Whether another page tells to run the same one after the other, and more."""
    own = "\n".join([*runnable(page), ""])
    others = ("\n".join([*runnable(other), ""]) for other in RUNNABLE if other != page)
    return any(own in other and own != other for other in others)


STATEMENT = """\
My bank AG;;;
Account;DE02120300000000202051;;
Date;Amount;Purpose;Payer
04.05.2026;1.234,50;payout PO-17;Acquirer AG
05.05.2026;-12,00;fees May;My bank AG
"""


SETTLEMENT = """\
Transaction ID,Date,Type,Gross,Fee,Net,Payout ID
t1,2026-05-04,sale,10.00,0.05,9.95,PO-17
t2,2026-05-04,Topup,5.00,0.00,5.00,PO-17
"""


@pytest.fixture(scope="module")
def somebodys_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a newcomer has it: files, and neither terms nor accounts."""
    folder = tmp_path_factory.mktemp("somebody")
    with redirect_stdout(io.StringIO()):
        made = daozhang(["world", str(folder / "w"), "--seed", "7", "--sales", "600"])
    assert made == 0
    files = folder / "my-files"
    shutil.copytree(folder / "w" / "in", files)
    (files / "terms.toml").unlink()
    (files / "accounts.csv").unlink()
    return files


def test_the_pages_for_newcomers_have_blocks_that_run() -> None:
    assert {"README.md", "README.zh-CN.md", "docs/use/first-check.md"} <= set(
        map(name_of, RUNNABLE)
    )


@pytest.fixture(scope="module")
def once() -> Iterator[None]:
    """What was checked is traced without finding it again."""
    with opened_once(check, trace):
        yield


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(
    "page", [page for page in RUNNABLE if not runs_elsewhere(page)], ids=name_of
)
def test_what_a_page_tells_to_run_runs(
    page: Path, somebodys_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(somebodys_files, tmp_path / "my-files")
    (tmp_path / "statement.csv").write_text(STATEMENT, encoding="utf-8")
    (tmp_path / "settlement.csv").write_text(SETTLEMENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    header, first = text_of(somebodys_files / "sales.csv").splitlines()[:2]
    sale_id = first.split(",")[header.split(",").index("sale_id")].strip('"')
    for line in runnable(page):
        words = shlex.split(line.replace("SALE_ID", sale_id))
        assert words[0] == "daozhang"
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = daozhang(words[1:])
        assert status in (0, 1), f"{line}: {status}: {err.getvalue()}"
        assert out.getvalue().strip(), f"{line} says nothing"
        if "--html" in words:
            assert Path(words[words.index("--html") + 1]).stat().st_size > 10_000


def test_the_profile_in_the_docs_loads() -> None:
    (text,) = re.findall(
        r"<!-- profile -->\n```toml\n(.*?)```", text_of(USE / "profiles.md"), flags=re.DOTALL
    )
    assert isinstance(load_profile(text, "mybank.profile.toml"), Profile)


def test_every_key_of_a_profile_is_documented() -> None:
    page = text_of(USE / "profiles.md")
    groups = (profiles._TOP, profiles._READ, profiles._AMOUNT, profiles._FIELD)
    keys = {key for group in groups for key in group}
    assert len(keys) > 20
    assert [key for key in sorted(keys) if not re.search(rf"`[^`]*\b{key}\b", page)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_json_blocks_are_json(page: Path) -> None:
    for block in re.findall(r"```json\n(.*?)```", text_of(page), flags=re.DOTALL):
        json.loads(block)


# Nothing is undocumented.


def test_every_command_and_option_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    page = text_of(USE / "command-line.md")

    def help_of(*words: str) -> str:
        out = io.StringIO()
        with redirect_stdout(out):
            assert daozhang([*words, "--help"]) == 0
        return out.getvalue()

    _, _, list_of_commands = help_of().partition("Commands")
    commands = re.findall(r"^\W*([a-z]+)\s{2,}", list_of_commands, flags=re.MULTILINE)
    assert {"check", "trace", "read", "init", "ingest", "world"} <= set(commands)
    for command in commands:
        head, _, section = page.partition(f"### {command}\n")
        section, _, _ = section.partition("\n### ")
        if not section:  # A group: its commands stand one by one.
            assert re.search(rf"^### {command} [a-z]+$", head, re.MULTILINE), command
            continue
        assert section, f"the command {command} is not documented"
        for option in set(re.findall(r"--[a-z][a-z-]+", help_of(command))) - {"--help"}:
            shown = re.search(rf"[`,] ?{option}\b", section)
            assert shown, f"{command} {option} is not documented"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_fact_column_is_documented(table) -> None:
    _, _, section = text_of(USE / "files.md").partition(f"### {table.name}\n")
    section, _, _ = section.partition("\n### ")
    assert [c for c in table.names if f"| `{c}` |" not in section] == []


def test_every_key_of_the_terms_is_documented() -> None:
    page = text_of(USE / "terms.md")
    names = {f.name for f in (*fields(Term), *fields(Window))} - {"index"}
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []


def test_every_column_of_the_journeys_is_documented() -> None:
    page = text_of(USE / "answers.md")
    assert [name for name in JOURNEY_COLUMNS if f"| `{name}` |" not in page] == []


def test_every_value_that_sql_can_say_is_documented() -> None:
    """Statuses and reasons are constants of the SQL files."""
    page = text_of(USE / "answers.md")
    folder = ROOT / "daozhang" / "journey" / "sql"
    statuses = re.findall(r"THEN '([a-z_]+)'", text_of(folder / "outcomes.sql"))
    reasons = re.findall(r"THEN '([a-z]+)'", text_of(folder / "journeys.sql"))
    assert {"on_time", "late"} <= set(statuses)
    assert [v for v in (*statuses, *reasons) if f"| `{v}` |" not in page] == []


def test_every_way_of_matching_is_documented() -> None:
    page = text_of(USE / "answers.md")
    folder = ROOT / "daozhang" / "journey"
    source = "".join(text_of(folder / f"by_{rule}.py") for rule in ("id", "groups", "sums"))
    known = r'"(payout_id|payout_id_in_text|split|merged|subset|carried_over|net_[a-z_]+)"'
    ways = set(re.findall(known, source + text_of(folder / "inferred.py")))
    ways.discard("net_minor")
    assert len(ways) >= 9
    assert [way for way in sorted(ways) if f"| `{way}` |" not in page] == []


def test_every_gap_is_documented() -> None:
    page = text_of(USE / "answers.md")
    source = text_of(ROOT / "daozhang" / "journey" / "sql" / "figures_gaps.sql")
    gaps = re.findall(r"^SELECT '([a-z_]+)'", source, flags=re.MULTILINE)
    assert len(gaps) >= 5
    assert [gap for gap in gaps if f"| `{gap}` |" not in page] == []


def test_every_format_is_documented() -> None:
    page = text_of(USE / "files.md")
    assert [name for name in format_names() if f"| `{name}` |" not in page] == []


def test_every_problem_code_is_documented() -> None:
    page = text_of(USE / "problems.md")
    codes = _problems.found_codes()
    assert len(codes) > 100
    assert [name for name in codes if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize(
    "code",
    ["amount_not_integer", "time_without_offset", "xml_broken", "unknown_key", "contradictory_rows",
     "own_output", "contradictory_terms", "is_pdf", "card_number_shortened", "not_utf8"],
)  # fmt: skip
def test_codes_are_found_however_they_are_written(code: str) -> None:
    assert code in _problems.found_codes()


def test_codes_that_tests_expect_are_documented() -> None:
    """Tests switch on codes as programs do; each such code stands in the list."""
    known = set(_problems.found_codes()) | {"ignored"}
    expected = set()
    for folder in ("formats", "store", "journey", "calendars", "app"):
        for path in (ROOT / "tests" / folder).rglob("test_*.py"):
            expected |= set(re.findall(r"""\.code == ["']([a-z_]+)["']""", text_of(path)))
    assert expected - known == set()


def test_every_simulated_fault_is_marked_in_the_catalogue() -> None:
    page = text_of(ROOT / "docs" / "mechanisms.md")
    marked = dict(re.findall(r"^\| (F\d+) \| `([a-z_]+)` \| ✓ \|", page, flags=re.MULTILINE))
    assert marked == {fault.code: fault.mechanism for fault in FAULTS.values()}


def test_the_catalogue_agrees_with_the_simulated_faults() -> None:
    page = text_of(ROOT / "docs" / "mechanisms.md")
    for fault in FAULTS.values():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| {fault.code} |"))
        cells = [cell.strip() for cell in row.split("|")]
        assert fault.cause in cells[4] or not fault.cause
        assert fault.leg in cells[5]


def test_every_requirement_stands_in_its_page_once() -> None:
    page = text_of(ROOT / "docs" / "requirements.md")
    numbers = [int(n) for n in re.findall(r"^\| R(\d+) \|", page, flags=re.MULTILINE)]
    assert numbers == list(range(1, 70))
    states = re.findall(r"^\| R\d+ \|[^|]*\| (built|partly|not yet)", page, flags=re.MULTILINE)
    assert len(states) == len(numbers)


def test_places_named_in_the_requirements_exist() -> None:
    page = text_of(ROOT / "docs" / "requirements.md")
    named = set(re.findall(r"`([a-z]+/[a-z_/]*(?:\.py)?)`", page))
    assert named
    assert [n for n in sorted(named) if not (ROOT / "daozhang" / n).exists()] == []


# Pages hang together.


def anchor(heading: str) -> str:
    """The name by which a heading is linked to."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", plain(page)):
        if re.match(r"https?://|mailto:", target):
            continue
        place, _, part = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            missing = file.relative_to(ROOT).as_posix()
            if missing not in OTHERS:
                dead.append(target)
        elif part and part not in map(anchor, re.findall(r"^#+ (.+)$", plain(file), re.MULTILINE)):
            dead.append(target)
    assert dead == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+\.md)", plain(page))
        waiting += [(page.parent / link).resolve() for link in links]
    assert {name_of(p) for p in PAGES} - {name_of(p) for p in reached} - OTHERS == set()


def test_both_readmes_say_the_same_things() -> None:
    """As many sections, blocks and rows, to the same pages, in the same order."""
    english, chinese = text_of(ROOT / "README.md"), text_of(ROOT / "README.zh-CN.md")

    def shape(text: str) -> list[str]:
        lines = re.sub(r"^```.*?^```$", "```", text, flags=re.DOTALL | re.MULTILINE).splitlines()
        marks = [re.match(r"(#+|- |```|!\[|<!-- run -->)", line) for line in lines]
        return [mark[0] for mark in marks if mark]

    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)]+\.md|LICENSE)\)", text)) - {
            "README.md",
            "README.zh-CN.md",
        }

    assert shape(english) == shape(chinese)
    assert links(english) == links(chinese)
    assert [
        line.replace(" --lang zh", "") for line in runnable(ROOT / "README.zh-CN.md")
    ] == runnable(ROOT / "README.md")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_is_there(lang: str) -> None:
    for what in ("report", "server"):
        picture = ROOT / "docs" / "pictures" / f"{what}.{lang}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_every_package_stands_in_the_architecture() -> None:
    page = text_of(ROOT / "ARCHITECTURE.md")
    packages = [p.parent.name for p in (ROOT / "daozhang").glob("*/__init__.py")]
    assert packages
    assert [name for name in packages if f"| `daozhang/{name}` |" not in page] == []


def test_every_decision_stands_in_the_list() -> None:
    page = text_of(ROOT / "docs" / "adr" / "README.md")
    decisions = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    assert [p.name for p in decisions if f"({p.name})" not in page] == []
    titles = [text_of(p).splitlines()[0].removeprefix("# ") for p in decisions]
    assert [title for title in titles if title not in page] == []


def test_files_named_in_contributing_exist() -> None:
    page = text_of(ROOT / "CONTRIBUTING.md")
    named = set(re.findall(r"`((?:daozhang|tests|docs|bench|requirements)/[\w./]*\w)`", page))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
