"""The two catalogues say the same things, and nothing in them is unused."""

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.charts import LANGS, Speech, say
from daozhang.charts.guard import TEXT_MAX, clean, width_of
from daozhang.charts.words import WORDS

PACKAGE = Path(__file__).parents[2] / "daozhang"
KEY = re.compile(r"[a-z_0-9]+(\.[a-z_0-9]+)+")
SPEAKERS = [
    *(p for p in (PACKAGE / "charts").glob("*.py") if not p.name.startswith("words")),
    *(PACKAGE / "app" / name for name in ("report.py", "console.py")),
]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def said() -> tuple[set[str], set[tuple[str, str]]]:
    """All whole keys in the code, and the beginning and end of those put together from parts."""
    whole: set[str] = set()
    parts: set[tuple[str, str]] = set()
    for path in SPEAKERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                last = node.values[-1]
                end = str(last.value) if isinstance(last, ast.Constant) else ""
                parts.add((str(node.values[0].value), end))
    page = (PACKAGE / "app" / "report.html").read_text(encoding="utf-8")
    whole |= set(re.findall(r'say\("([a-z_.0-9]+)"', page))
    return whole, {(a, b) for a, b in parts if re.fullmatch(r"[a-z_]+\.([a-z_]+\.)*", a)}


def test_both_languages_have_the_same_keys():
    assert WORDS["zh"].keys() == WORDS["en"].keys()


@pytest.mark.parametrize("key", sorted(WORDS["en"]))
def test_a_key_has_the_same_placeholders_in_both_languages(key):
    zh, en = (placeholders(WORDS[lang][key]) for lang in ("zh", "en"))
    # Chinese counts months by number, English names them.
    months = {"month", "month_name"}
    assert zh - months == en - months


def test_every_key_is_said_somewhere():
    whole, parts = said()
    unused = [
        key
        for key in WORDS["en"]
        if key not in whole
        and not any(
            key.startswith(a) and key.endswith(b) and len(key) > len(a + b) for a, b in parts
        )
    ]
    assert unused == []


def test_every_whole_key_in_the_code_is_in_the_catalogue():
    families = {key.partition(".")[0] for key in WORDS["en"]}
    whole, _ = said()
    named = {s for s in whole if KEY.fullmatch(s) and s.partition(".")[0] in families}
    named = {name for name in named if not name.endswith((".css", ".html", ".csv"))}
    assert named - WORDS["en"].keys() == set()


def test_chinese_is_chinese_and_english_is_not():
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key, text in WORDS["en"].items() if han.search(text)] == []
    bare = {key for key, text in WORDS["zh"].items() if not han.search(text)}
    # Punctuation around names, and names of the trade that are Latin letters in Chinese too.
    of_the_trade = {
        "turn.place", "legs.provider", "source.filter", "glossary.cycle", "why.rival", "why.do",
        "why.on", "why.behind", "why.mechanism", "scope.other", "scope.city", "gate.share",
    }  # fmt: skip
    assert {key.partition(".")[0] for key in bare - of_the_trade} <= {"word", "date", "picture"}


@pytest.mark.parametrize("lang", LANGS)
def test_a_missing_value_or_key_is_a_broken_call(lang):
    with pytest.raises(KeyError):
        say(lang, "headline.overdue", sales="1")
    with pytest.raises(KeyError):
        say(lang, "no.such.key")


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "0分钟", "0 min"),
        (35, "35分钟", "35 min"),
        (60, "1小时", "1 h"),
        (260, "4小时20分", "4 h 20 min"),
        (1440, "1天", "1 d"),
        (1680, "1天4小时", "1 d 4 h"),
        (1455, "1天", "1 d"),
    ],
)
def test_spans(minutes, zh, en):
    zone = ZoneInfo("Asia/Shanghai")
    assert (Speech("zh", zone).span(minutes), Speech("en", zone).span(minutes)) == (zh, en)


def test_times_are_spoken_in_the_named_zone():
    moment = datetime(2026, 5, 6, 4, 0, tzinfo=UTC)
    assert Speech("zh", ZoneInfo("Asia/Shanghai")).time(moment) == "5月6日 12:00"
    assert Speech("en", ZoneInfo("Asia/Shanghai")).time(moment) == "6 May 12:00"
    assert Speech("en", ZoneInfo("America/New_York")).time(moment, year=True) == "6 May 2026 00:00"
    assert Speech("zh", ZoneInfo("UTC")).day(date(2026, 12, 31), year=True) == "2026年12月31日"


def test_names_of_ids_are_used_where_they_are_known():
    speech = Speech("zh", ZoneInfo("UTC"), {"icbc": "工商银行"})
    assert (speech.name("icbc"), speech.name("ccb"), speech.name(None)) == (
        "工商银行",
        "ccb",
        "未知",
    )
    assert (speech.channel("wechat"), speech.channel("x.y")) == ("微信支付", "x.y")


@given(st.text(max_size=400))
def test_a_cleaned_text_is_one_visible_short_line(text):
    shown = clean(text)
    assert len(shown) <= TEXT_MAX
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acct 6225880137706868 ok", "acct 622588******6868 ok"),
        ("a\x1b[31mred", "a\ufffd[31mred"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("普通 <b>文字</b>", "普通 <b>文字</b>"),
    ],
)
def test_what_is_shown_of_a_files_text(text, shown):
    assert clean(text) == shown


def test_chinese_is_twice_as_wide():
    assert (width_of("abc"), width_of("到账"), width_of("¥1，")) == (3, 4, 4)
