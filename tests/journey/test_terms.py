"""``terms.toml`` is read strictly: each fault has a place, a code and a way out."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.calendars import CalendarProblem, YearOverride
from daozhang.facts import Problem
from daozhang.journey.terms import Window, load_terms, load_terms_text, problems_of
from daozhang.money import Rounding

TOP = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
NEEDED = {
    "provider_id": '"UP"',
    "cutoff": '"23:00"',
    "basis": '"business"',
    "lag_days": "1",
    "calendar": '"CN"',
    "credit_by": '"12:00"',
    "fee_bps": "38",
}


def table(**changes):
    """One ``[[terms]]`` table; a change of None leaves the key out."""
    keys = {**NEEDED, **changes}
    return "[[terms]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None)


def read(text):
    return load_terms_text(text, "terms.toml")


def book_of(*tables):
    book, problems = read(TOP + "".join(tables))
    assert book is not None, problems
    return book


def test_defaults_are_the_contracts():
    book = book_of(table())
    (term,) = book.terms
    assert (book.timezone, book.currency) == ("Asia/Shanghai", "CNY")
    assert (term.timezone, term.credit_timezone) == ("Asia/Shanghai", "Asia/Shanghai")
    assert (term.cutoff, term.credit_by, term.cutoff_by) == (23 * 60, 12 * 60, None)
    assert (term.basis, term.lag_days, term.calendar) == ("business", 1, "CN")
    assert (term.fee_bps, term.fee_tax_bps) == ((38, 1), (0, 1))
    assert (term.fee_rounding, term.fee_basis) == (Rounding.HALF_UP, "line")
    assert (term.fee_cap_minor, term.fee_fixed_minor, term.fee_refunded) == (None, 0, False)
    assert (term.min_payout_minor, term.daily_limit_minor, term.windows) == (0, None, ())
    assert (term.legal_name, term.payer_names, term.licensed) == (None, (), None)
    assert set(book.calendars) == {"CN"}


def test_every_key_is_read():
    book = book_of(
        table(
            channel='"card"', merchant_id='"M"', account_id='"A"',
            valid_from="2026-01-01", valid_to='"2026-12-31"', timezone='"Asia/Tokyo"',
            cutoff='"24:00"', cutoff_by='"submitted"', credit_by="09:30:00",
            credit_calendar='"TARGET2"', credit_timezone='"Europe/Berlin"',
            windows='[{ until = "11:00", credit_by = "15:00" }, '
            '{ until = "16:00", credit_by = "20:00", lag_days = 2 }]',
            daily_limit_minor="5", clear_by='"02:00"', pay_by='"4:05"', min_payout_minor="100",
            fee_bps="37.50", fee_cap_minor="1", fee_fixed_minor="2", fee_tax_bps='"600.25"',
            fee_rounding='"up"', fee_basis='"payout"', fee_refunded="true",
            legal_name='"联合公司"', payer_names='["甲", "乙"]', licensed="false",
        )
    )  # fmt: skip
    (term,) = book.terms
    assert term.scope == ("UP", "A", "M", "card")
    assert (term.valid_from, term.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (term.timezone, term.credit_timezone) == ("Asia/Tokyo", "Europe/Berlin")
    assert (term.cutoff, term.cutoff_by, term.credit_by) == (1440, "submitted", 570)
    assert term.windows == (Window(660, 900, 0), Window(960, 1200, 2))
    assert (term.clear_by, term.pay_by) == (120, 245)
    assert (term.daily_limit_minor, term.min_payout_minor) == (5, 100)
    assert (term.fee_bps, term.fee_tax_bps) == ((75, 2), (2401, 4))
    assert (term.fee_cap_minor, term.fee_fixed_minor, term.fee_rounding) == (1, 2, Rounding.UP)
    assert (term.fee_basis, term.fee_refunded, term.licensed) == ("payout", True, False)
    assert (term.legal_name, term.payer_names) == ("联合公司", ("甲", "乙"))
    assert set(book.calendars) == {"CN", "TARGET2"}


def test_calendar_days_need_no_calendar():
    book = book_of(table(basis='"calendar"', calendar=None))
    assert book.terms[0].calendar == "ALL_DAYS"
    assert set(book.calendars) == {"ALL_DAYS"}


def test_a_calendar_of_ones_own_is_known_to_the_terms():
    own = YearOverride("CITY", 2026, based_on="CN")
    data = tomllib.loads(TOP + table(calendar='"CITY"'))
    book, problems = load_terms(data, "terms.toml", (own,))
    assert problems == []
    assert book is not None
    assert book.calendars["CITY"].name == "CITY"


@given(st.decimals(0, 10_000, places=4))
def test_rates_are_exact_however_they_are_written(bps):
    text = f"{bps:f}"
    books = [book_of(table(fee_bps=text)), book_of(table(fee_bps=f'"{text}"'))]
    plain = tomllib.loads(TOP + table(fee_bps=text))  # Without parse_float: a float.
    books.append(load_terms(plain, "terms.toml")[0])
    for book in books:
        assert book.terms[0].fee_bps == Decimal(text).as_integer_ratio()


REFUSED = {
    "misspelt key": (
        table(lagdays="1"), 11, "unknown_key",
        "terms[0]: unknown key 'lagdays'; did you mean 'lag_days'",
    ),
    "key of another world": (table(zzz="1"), 11, "unknown_key", "known are"),
    "misspelt at the top": (
        'timezon = "UTC"\n' + table(), 3, "unknown_key",
        "unknown key 'timezon'; did you mean 'timezone'",
    ),
    **{
        f"no {key}": (table(**{key: None}), 3, "missing_key", f"{key!r} is missing")
        for key in NEEDED
    },
    "no terms at all": ("", None, "missing_key", "'terms' is missing"),
    "terms are one table": ("[terms]\nx = 1\n", None, "wrong_type", "[[terms]]"),
    "terms are an empty list": ("terms = []\n", 3, "wrong_type", "[[terms]]"),
    "provider is blank": (table(provider_id='" "'), 4, "wrong_type", "'provider_id'"),
    "channel is a number": (table(channel="1"), 11, "wrong_type", "'channel' is a text"),
    "basis misspelt": (table(basis='"busines"'), 6, "unknown_value", "did you mean 'business'"),
    "clock unknown": (table(cutoff_by='"bank"'), 11, "unknown_value", "captured, host, submitted"),
    "rounding unknown": (table(fee_rounding='"half"'), 11, "unknown_value", "did you mean 'half_"),
    "time past midnight": (table(cutoff='"24:01"'), 5, "bad_time", '"24:00"'),
    "time with 60 minutes": (table(credit_by='"11:60"'), 9, "bad_time", "'11:60'"),
    "time in words": (table(credit_by='"noon"'), 9, "bad_time", "'noon'"),
    "time as a number": (table(credit_by="12"), 9, "bad_time", "12"),
    "time with seconds": (table(credit_by="12:00:30"), 9, "bad_time", "credit_by"),
    "time in Arabic digits": (table(credit_by='"١٢:٠٠"'), 9, "bad_time", "credit_by"),
    "lag is a text": (table(lag_days='"1"'), 7, "wrong_type", "a whole number"),
    "lag is a flag": (table(lag_days="true"), 7, "wrong_type", "a whole number"),
    "lag is negative": (table(lag_days="-1"), 7, "out_of_range", "0 to 366"),
    "lag is years": (table(lag_days="400"), 7, "out_of_range", "0 to 366"),
    "cap is negative": (table(fee_cap_minor="-1"), 11, "out_of_range", "0 or more"),
    "cap is a fraction": (table(fee_cap_minor="13.5"), 11, "wrong_type", "a whole number"),
    "rate in words": (table(fee_bps='"free"'), 10, "wrong_type", "basis points"),
    "rate is a flag": (table(fee_bps="true"), 10, "wrong_type", "basis points"),
    "rate above the sale": (table(fee_bps="10001"), 10, "out_of_range", "0 to 10000"),
    "rate is negative": (table(fee_bps="-0.1"), 10, "out_of_range", "0 to 10000"),
    "rate is infinite": (table(fee_bps="inf"), 10, "out_of_range", "0 to 10000"),
    "rate is endless": (table(fee_bps='"1e-30"'), 10, "out_of_range", "12 decimals"),
    "date in words": (table(valid_from='"May"'), 11, "wrong_type", "a date such as"),
    "date is an instant": (table(valid_from="2026-01-01T00:00:00Z"), 11, "wrong_type", "a date"),
    "date is a number": (table(valid_to="2026"), 11, "wrong_type", "a date"),
    "validity reversed": (
        table(valid_from="2026-02-01", valid_to="2026-01-31"), 12, "validity_reversed", "before",
    ),
    "zone misspelt": (
        table(timezone='"Asia/Shangai"'), 11, "unknown_timezone", "did you mean 'Asia/Shanghai'",
    ),
    "zone of nowhere": (table(credit_timezone='"0"'), 11, "unknown_timezone", "write one such as"),
    "zone is a folder": (table(timezone='"Asia"'), 11, "unknown_timezone", "IANA"),
    "calendar misspelt": (
        table(calendar='"TARGET"'), 8, "unknown_calendar", "did you mean 'TARGET2'",
    ),
    "calendar unknown": (
        table(credit_calendar='"MARS"'), 11, "unknown_calendar", "known are ALL_DAYS",
    ),
    "refunded is a word": (table(fee_refunded='"no"'), 11, "wrong_type", "true or false"),
    "payers are one text": (table(payer_names='"甲"'), 11, "wrong_type", "a list of texts"),
    "windows are a table": (table(windows="{ }"), 11, "wrong_type", "a list like"),
    "windows hold a time": (table(windows='["11:00"]'), 11, "wrong_type", "a list like"),
    "window without until": (
        table(windows='[{ credit_by = "15:00" }]'), 11, "missing_key",
        "terms[0].windows[0]: 'until'",
    ),
    "window with a strange key": (
        table(windows='[{ until = "11:00", credit_by = "15:00", lag_day = 1 }]'),
        11, "unknown_key", "did you mean 'lag_days'",
    ),
    "windows out of order": (
        table(windows='[{ until = "16:00", credit_by = "20:00" }, '
        '{ until = "11:00", credit_by = "15:00" }]'),
        11, "windows_out_of_order", "until 11:00 stands after one until 16:00",
    ),
    "windows that end together": (
        table(windows='[{ until = "11:00", credit_by = "15:00" }, '
        '{ until = "11:00", credit_by = "16:00" }]'),
        11, "windows_out_of_order", "until 11:00 stands after one until 11:00",
    ),
    "window that no sale meets": (
        table(windows='[{ until = "23:00", credit_by = "23:30" }, '
        '{ until = "23:30", credit_by = "23:50" }]'),
        11, "window_never_met", "until 23:30",
    ),
    "contradiction": (
        table(channel='"card"') + table(channel='"card"', lag_days="2"),
        12, "contradictory_terms", "terms[1] and terms[0] both speak of UP, card",
    ),
    "contradiction from a date": (
        table(valid_from="2026-01-01", valid_to="2026-01-31")
        + table(valid_from="2026-01-01", fee_bps="60"),
        13, "contradictory_terms", "2026-01-01",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses(text, line, code, says):
    book, problems = read(TOP + text)
    assert book is None
    hits = [p for p in problems if p.code == code and says in p.message]
    assert len(hits) == 1, problems
    assert (hits[0].file, hits[0].line, hits[0].severity) == ("terms.toml", line, "error")


TOPS = {
    "no zone": ('currency = "CNY"\n', None, "missing_key", "'timezone' is missing"),
    "no currency": ('timezone = "UTC"\n', None, "missing_key", "'currency' is missing"),
    "currency in small letters": (
        'timezone = "UTC"\ncurrency = "cny"\n', 2, "unknown_currency", "did you mean 'CNY'",
    ),
    "currency unknown": ('timezone = "UTC"\ncurrency = "RMB"\n', 2, "unknown_currency", "ISO 4217"),
    "currency is a number": ('timezone = "UTC"\ncurrency = 156\n', 2, "wrong_type", "'currency'"),
}  # fmt: skip


@pytest.mark.parametrize(("top", "line", "code", "says"), TOPS.values(), ids=TOPS)
def test_refuses_the_top(top, line, code, says):
    book, problems = read(top + table())
    assert book is None
    assert [(p.line, p.code) for p in problems] == [(line, code)]
    assert says in problems[0].message


WARNED = {
    "cut-off at the wrong midnight": (table(cutoff='"00:00"'), "cutoff_at_zero", "24:00"),
    "window past the cut-off": (
        table(windows='[{ until = "23:30", credit_by = "23:50" }]'), "window_after_cutoff", "23:30",
    ),
    "limit on nothing": (table(daily_limit_minor="1"), "limit_without_windows", "windows"),
    "due before the sale": (table(lag_days="0"), "due_before_sale", "lag_days"),
    "window due before its end": (
        table(windows='[{ until = "11:00", credit_by = "10:00" }]'), "due_before_sale", "11:00",
    ),
    "paid out before cleared": (
        table(clear_by='"05:00"', pay_by='"04:00"'), "legs_out_of_order", "05:00",
    ),
    "the same twice": (table() + table(), "repeated_terms", "terms[1] repeats terms[0]"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "says"), WARNED.values(), ids=WARNED)
def test_warns_and_goes_on(text, code, says):
    book, problems = read(TOP + text)
    assert book is not None
    assert [(p.code, p.severity) for p in problems] == [(code, "warning")]
    assert says in problems[0].message


@pytest.mark.parametrize(
    "text",
    [
        table(lag_days="0", credit_by='"23:00"'),
        table(lag_days="0", credit_timezone='"Asia/Tokyo"'),
        table(clear_by='"03:00"', pay_by='"04:00"'),
        table(valid_from="2026-01-01") + table(valid_from="2026-02-01", lag_days="2"),
        table(channel='"card"') + table(merchant_id='"card"'),
    ],
)
def test_says_nothing_of_what_is_sound(text):
    book, problems = read(TOP + text)
    assert problems == []
    assert book is not None


def test_one_pass_finds_everything():
    text = TOP + table(cutoff='"25:00"', lagdays="1") + table(basis='"weekly"', fee_bps=None)
    found = [(p.line, p.code) for p in read(text)[1]]
    assert sorted(found) == [
        (5, "bad_time"), (11, "unknown_key"), (12, "missing_key"), (15, "unknown_value"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), (TOP + "[[terms]\n", 3), ("a = [", None)]
)
def test_what_is_not_toml_is_one_located_finding(text, line):
    book, problems = read(text)
    assert book is None
    assert [(p.code, p.line) for p in problems] == [("not_toml", line)]


def test_a_byte_order_mark_is_no_fault():
    assert read("\ufeff" + TOP + table())[1] == []


def test_without_the_text_findings_name_the_table():
    data = tomllib.loads(TOP + table() + table(channel='"card"', cutoff=None))
    _, problems = load_terms(data, "terms.toml")
    assert [p.line for p in problems] == [None]
    assert problems[0].message.startswith("terms[1]: 'cutoff' is missing")


def test_inline_terms_have_no_line_of_their_own():
    inline = ", ".join(f"{k} = {v}" for k, v in NEEDED.items() if k != "cutoff")
    _, problems = read(TOP + f"terms = [{{ {inline} }}]\n")
    assert [(p.code, p.line) for p in problems] == [("missing_key", None)]


@given(st.binary(max_size=3), st.integers(0, 400))
def test_no_damage_brings_it_down(junk, at):
    text = TOP + table(channel='"card"') + table(windows='[{ until = "1:00", credit_by = "2:00" }]')
    damaged = text[:at] + junk.decode("latin-1") + text[at + len(junk) :]
    book, problems = read(damaged)
    assert book is not None or any(p.severity == "error" for p in problems)


def test_findings_about_override_files_become_problems():
    finding = CalendarProblem("CN-2027.toml", None, "missing_key", "'year' is missing")
    assert problems_of([finding]) == [
        Problem("CN-2027.toml", None, "missing_key", "'year' is missing")
    ]


def test_the_most_specific_term_stands_first():
    scopes = [
        {},
        {"channel": '"card"'},
        {"merchant_id": '"M"'},
        {"merchant_id": '"M"', "channel": '"card"'},
        {"account_id": '"A"'},
        {"account_id": '"A"', "channel": '"card"'},
        {"account_id": '"A"', "merchant_id": '"M"'},
        {"account_id": '"A"', "merchant_id": '"M"', "channel": '"card"'},
    ]
    book = book_of(*(table(**scope) for scope in scopes))
    best = book.candidates("UP", "card", "M", "A")
    assert [t.index for t in best] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert [t.index for t in book.candidates("UP", "qr", "M", None)] == [2, 0]
    assert [t.index for t in book.candidates("UP", None, None, None)] == [0]
    assert book.candidates("other", "card", "M", "A") == ()


def test_of_equally_specific_terms_the_later_stands_first():
    book = book_of(
        table(valid_from="2026-01-01"), table(), table(valid_from="2026-03-01"), table(),
    )  # fmt: skip
    assert [t.index for t in book.candidates("UP", "card", "M", "A")] == [2, 0, 1, 3]


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-01-31", True), ("2026-02-01", False)],
)
def test_validity_is_inclusive(day, holds):
    (term,) = book_of(table(valid_from="2026-01-01", valid_to="2026-01-31")).terms
    assert term.valid_on(date.fromisoformat(day)) is holds
