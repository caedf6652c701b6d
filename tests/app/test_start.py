"""From bare files to terms and accounts with which ``check`` runs."""

import datetime as dt
import random
from fractions import Fraction

import holidays
import pytest

from daozhang.app._start_accounts import Vote, find_rows
from daozhang.app._start_answers import BadAnswerError, Question, Talk, read_answer
from daozhang.app._start_facts import FeeLine, Linked
from daozhang.app._start_fees import find_fees
from daozhang.app._start_timing import Plan, due_of, find_timing
from daozhang.app.check import checked
from daozhang.app.start import start
from daozhang.app.words_start import LANGS, CannotStartError, Said
from daozhang.journey.promise import due_for_business_date
from daozhang.journey.terms import load_terms_text
from daozhang.money import Rounding, share_of
from tests.oracle.estate import ALL, PLAIN, make_estate

CHINA = dt.timezone(dt.timedelta(hours=8))
DAY = dt.timedelta(days=1)


def journeys(folder):
    columns = "sale_id, promised_at, account_id, fee_expected_minor"
    with checked(folder) as answer:
        rows = answer.engine.fetch(f"SELECT {columns} FROM journeys").to_pylist()
    return {row["sale_id"]: row for row in rows}


def book_of(folder):
    text = (folder / "terms.toml").read_text(encoding="utf-8")
    book, problems = load_terms_text(text, "terms.toml")
    assert book is not None, problems
    return book, text


# An estate of the oracle, its terms and accounts deleted.

RECOVERED = {
    # name: (seed, features, sales, least share of promises, of due dates, of accounts, of fees)
    "plain": (1, PLAIN, 300, 1, 1, 1, 1),
    "terms by channel and merchant": (4, frozenset({"specific_terms"}), 500, 0.8, 1, 1, 1),
    "accounts by store, channel, date": (5, frozenset({"account_choice"}), 500, 1, 1, 1, 1),
    "three currencies and zones": (6, frozenset({"abroad"}), 500, 0.99, 0.99, 1, 1),
    # Windows, minimums and changed terms are not inferred, and a third of all went wrong: the
    # hour of the promise, which is always a guess, is not to be had from such data.
    "everything": (7, ALL, 900, 0, 0.9, 0.99, 0.85),
}


@pytest.mark.parametrize("case", RECOVERED.values(), ids=RECOVERED)
def test_terms_of_an_estate_are_recovered(case, tmp_path):
    seed, features, sales, promises, dates, accounts, fees = case
    folder = make_estate(seed, features, sales=sales).write(tmp_path / "in")
    before = journeys(folder)
    for path in [*folder.glob("accounts*"), *folder.glob("terms*")]:
        path.unlink()
    start(folder)
    after = journeys(folder)

    def share(same):
        return sum(same(before[sale], after[sale]) for sale in before) / len(before)

    def day(row):
        return row["promised_at"] and row["promised_at"].date()

    assert share(lambda a, b: a["promised_at"] == b["promised_at"]) >= promises
    assert share(lambda a, b: day(a) == day(b)) >= dates
    assert share(lambda a, b: a["account_id"] == b["account_id"]) >= accounts
    assert share(lambda a, b: a["fee_expected_minor"] == b["fee_expected_minor"]) >= fees


def test_what_was_seen_is_said_with_its_evidence(tmp_path):
    folder = make_estate(1, PLAIN, sales=300).write(tmp_path)
    (folder / "terms.toml").unlink()
    started = start(folder)
    acq, wal = started.drafts
    assert (acq.arrival, acq.text_of("cutoff")) == ("T+1", "23:00")
    assert (wal.arrival, wal.text_of("cutoff")) == ("D+1", "24:00")
    assert acq.timing.explained == acq.timing.sales == 196
    assert [rival.short for rival, _ in acq.timing.rivals] == ["D+1", "T+1"]
    text = book_of(folder)[1]
    assert "explains 196 of 196 sales (100 %) by the bank's dates" in text
    assert "exactly so on 215 of 215 lines (100 %)" in text


# Only sales and a statement.

CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-05-30T06:00:00+08:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><CreDtTm>2026-05-30T06:00:00+08:00</CreDtTm>
<Acct><Id><Othr><Id>6222000101</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{entries}</Stmt>
</BkToCstmrStmt></Document>"""
ENTRY = """<Ntry><Amt Ccy="CNY">{yuan}.{fen:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>华通支付</Nm></Pty></Dbtr></RltdPties></TxDtls>
</NtryDtls></Ntry>"""


def statement(credits):
    entries = "".join(
        ENTRY.format(yuan=minor // 100, fen=minor % 100, day=day, ref=f"R{number}")
        for number, (day, minor) in enumerate(credits)
    )
    return CAMT.format(entries=entries)


def sales_and_statement(folder, *, cutoff_hour=22, bps=38):
    """T+1 over the Labour Day holidays, one credit a due date less the fee of each sale."""
    rng = random.Random(5)
    calendar = holidays.country_holidays("CN", years=2026)
    header = (
        "sale_id,kind,merchant_id,store_id,terminal_id,provider_id,channel,amount_minor,currency,"
        "captured_at"
    )
    lines = [header]
    due = {}
    for number in range(500):
        at = dt.datetime(2026, 4, 20, tzinfo=CHINA) + rng.randrange(28 * 24 * 60) * DAY / 1440
        minor = rng.randint(500, 80_000)
        lines.append(f"S{number},sale,m1,s1,t1,huatong,card,{minor},CNY,{at.isoformat()}")
        business = at.date() + DAY * (at.hour >= cutoff_hour)
        paid = business + DAY
        while not calendar.is_working_day(paid):
            paid += DAY
        due[paid] = due.get(paid, 0) + minor - share_of(minor, bps, 10_000, Rounding.HALF_UP)
    (folder / "sales.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    credits = [*sorted(due.items()), (dt.date(2026, 5, 7), 123_456)]
    (folder / "bank.xml").write_text(statement(credits), encoding="utf-8")


def test_sales_and_a_statement_are_enough(tmp_path):
    sales_and_statement(tmp_path)
    started = start(tmp_path)
    (term,), text = book_of(tmp_path)[0].terms, book_of(tmp_path)[1]
    assert (term.basis, term.lag_days, term.calendar, term.cutoff) == ("business", 1, "CN", 22 * 60)
    assert term.fee_bps == (38, 1)
    assert "fee_bps = 38  # guessed" in text
    accounts = (tmp_path / "accounts.csv").read_text(encoding="utf-8").splitlines()
    assert accounts == ["account_id,merchant_id,bank_id", "6222000101,m1,6222000101"]
    assert {q.key for q in started.open} == {"terms.huatong.credit_by", "terms.huatong.fee"}
    assert all(row["promised_at"] for row in journeys(tmp_path).values())


def test_a_statement_alone_says_what_is_missing(tmp_path):
    (tmp_path / "bank.xml").write_text(statement([(dt.date(2026, 5, 6), 100)]), encoding="utf-8")
    with pytest.raises(CannotStartError) as stop:
        start(tmp_path)
    for lang in LANGS:
        sentence = stop.value.said.in_(lang)
        assert "6222000101" in sentence
        assert "华通支付" in sentence
        assert "daozhang read" in sentence
    assert not (tmp_path / "terms.toml").exists()


def test_sales_alone_give_customary_terms_marked_as_guesses(tmp_path):
    sales_and_statement(tmp_path)
    (tmp_path / "bank.xml").unlink()
    started = start(tmp_path, lang="zh")
    text = book_of(tmp_path)[1]
    guessed = [line.split(" = ")[0] for line in text.splitlines() if "# guessed" in line]
    assert guessed == ["cutoff", "basis", "lag_days", "credit_by", "fee_bps"]
    assert "# guessed 推测：" in text
    assert "account.m1" in {q.key for q in started.open}
    assert len(journeys(tmp_path)) == 500


STOPS = {
    "empty folder": ({}, "stop.empty"),
    "photographs": (
        {"a.jpg": b"\xff\xd8\xff\xe0" + bytes(9), "b.pdf": b"%PDF-1.7"},
        "stop.pictures",
    ),
    "a photograph and a text": (
        {"a.jpg": b"\xff\xd8\xff\xe0" + bytes(9), "b.txt": b"hello\n"},
        "stop.unread",
    ),
    "header only": (
        {"credits.csv": b"credit_id,account_id,amount_minor,currency,booked_at\n"},
        "stop.headers",
    ),
    "a note": ({"README.md": b"# hello\n"}, "stop.nothing"),
    "tills only": (
        {"terminals.csv": b"terminal_id,store_id,merchant_id,provider_id\nt,s,m,p\n"},
        "stop.other",
    ),
}


@pytest.mark.parametrize(("files", "key"), STOPS.values(), ids=STOPS)
def test_what_cannot_be_begun_with_is_one_sentence(files, key, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotStartError) as stop:
        start(tmp_path)
    assert stop.value.said.key == key
    assert "\n" not in stop.value.said.in_("zh")


def test_no_folder_and_a_file(tmp_path):
    (tmp_path / "a").write_text("x")
    for path, key in ((tmp_path / "a", "stop.is_file"), (tmp_path / "b", "stop.no_folder")):
        with pytest.raises(CannotStartError) as stop:
            start(path)
        assert stop.value.said.key == key


# Files that are there are kept.


def test_nothing_is_overwritten_unless_told(tmp_path):
    sales_and_statement(tmp_path)
    mine = '# mine\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
    (tmp_path / "terms.toml").write_text(mine, encoding="utf-8")
    header = "account_id,merchant_id,bank_id\n"
    (tmp_path / "accounts.csv").write_text(header, encoding="utf-8")
    started = start(tmp_path)
    assert started.wrote == ("terms.proposed.toml", "accounts.proposed.csv")
    assert (tmp_path / "terms.toml").read_text(encoding="utf-8") == mine
    assert (tmp_path / "accounts.csv").read_text(encoding="utf-8") == header
    assert "note.kept" in {note.key for note in started.notes}
    started = start(tmp_path, answers={"replace": "yes"})
    assert started.wrote == ("terms.toml", "accounts.csv")
    assert "[[terms]]" in (tmp_path / "terms.toml").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.partial"))


def test_accounts_that_are_told_are_not_proposed_again(tmp_path):
    sales_and_statement(tmp_path)
    row = "account_id,merchant_id,bank_id\n6222000101,m1,ICBC\n"
    (tmp_path / "accounts-mine.csv").write_text(row, encoding="utf-8")
    started = start(tmp_path)
    assert started.wrote == ("terms.toml",)
    assert not started.rows


# Answers.


def test_answers_are_written_and_no_guesses_any_more(tmp_path):
    sales_and_statement(tmp_path)
    answers = {
        "terms.huatong.cutoff": "21：30",
        "terms.huatong.arrival": "d+2",
        "terms.huatong.credit_by": "10:00",
        "terms.huatong.fee": "0.6%",
        "account.m1": "6222-9",
    }
    started = start(tmp_path, answers=answers)
    (term,) = book_of(tmp_path)[0].terms
    assert (term.cutoff, term.basis, term.lag_days) == (21 * 60 + 30, "calendar", 2)
    assert (term.credit_by, term.fee_bps) == (600, (60, 1))
    assert started.rows[0].account_id == "6222-9"
    assert not started.open
    assert "guessed: " not in book_of(tmp_path)[1]


def test_questions_come_one_by_one_and_enter_takes_the_default(tmp_path):
    sales_and_statement(tmp_path)
    heard = []

    def ask(question, complaint):
        heard.append((question.key, complaint and complaint.key))
        if question.kind == "fee":
            return "0.6" if complaint is None else "0.6%"
        return ""

    started = start(tmp_path, ask=ask)
    assert heard == [
        ("terms.huatong.credit_by", None),
        ("terms.huatong.fee", None),
        ("terms.huatong.fee", "bad.fee"),
    ]
    assert not started.open
    assert book_of(tmp_path)[0].terms[0].fee_bps == (60, 1)


@pytest.mark.parametrize(
    ("answers", "key"),
    [({"terms.huatong.fee": "0.6"}, "stop.answer"), ({"terms.x.fee": "1%"}, "stop.answer_key")],
)
def test_unusable_answers_stop_before_anything_is_written(answers, key, tmp_path):
    sales_and_statement(tmp_path)
    with pytest.raises(CannotStartError) as stop:
        start(tmp_path, answers=answers)
    assert stop.value.said.key == key
    assert stop.value.said.in_("zh")
    assert not (tmp_path / "terms.toml").exists()


ANSWERS = {
    "per cent": ("fee", "0.38 %", "38"),
    "basis points": ("fee", "52.5bps", "52.5"),
    "per mille": ("fee", "6‰", "60"),
    "no unit": ("fee", "38", None),
    "more than all": ("fee", "101%", None),
    "midnight": ("cutoff", "24:00", "24:00"),
    "no midnight": ("cutoff", "00:00", None),
    "single digit": ("credit_by", "9:30", "09:30"),
    "minutes": ("credit_by", "9:60", None),
    "short": ("arrival", "t1", "T+1"),
    "same day": ("arrival", "D+0", "D+0"),
    "too far": ("arrival", "T+99", None),
    "zone": ("timezone", "asia/shanghai", "Asia/Shanghai"),
    "no zone": ("timezone", "Beijing", None),
    "currency": ("currency", "cny", "CNY"),
    "no currency": ("currency", "RMB", None),
    "account": ("account", " 6222 01 ", "6222 01"),
    "line break": ("account", "a\nb", None),
    "是": ("replace", "是", "yes"),
    "maybe": ("replace", "maybe", None),
}


@pytest.mark.parametrize(("kind", "text", "read"), ANSWERS.values(), ids=ANSWERS)
def test_answers_are_read_strictly(kind, text, read):
    if read is not None:
        assert read_answer(kind, text) == read
        return
    with pytest.raises(BadAnswerError) as bad:
        read_answer(kind, text)
    assert bad.value.said.in_("zh")


def test_when_input_ends_the_rest_stays_open():
    talk = Talk({}, lambda question, complaint: None)
    question = Question("a", "cutoff", "x", "23:00", Said("why.fee_fit", {"days": 3}))
    assert talk.settle(question) is None
    assert talk.settle(question) is None
    assert talk.open == [question, question]


# Fees.


def lines(gross, fee_of, channel="card", merchant="m1"):
    return [FeeLine("p", channel, merchant, g, fee_of(g), 0) for g in gross]


def rate(bps, rounding=Rounding.HALF_UP, cap=None, fixed=0):
    def fee(gross):
        part = share_of(
            gross, Fraction(bps).numerator, Fraction(bps).denominator * 10_000, rounding
        )
        return (part if cap is None else min(part, cap)) + fixed

    return fee


RNG = random.Random(9)
AMOUNTS = [RNG.randint(200, 800_000) for _ in range(300)]
FEES = {
    "plain": (rate(60), (60, None, 0)),
    "half a point": (rate(Fraction("52.5")), (Fraction("52.5"), None, 0)),
    "rounded down": (rate(38, Rounding.DOWN), (38, None, 0)),
    "capped": (rate(50, cap=2000), (50, 2000, 0)),
    "with a fixed part": (rate(290, fixed=30), (290, None, 30)),
    "nothing": (lambda gross: 0, (0, None, 0)),
}


@pytest.mark.parametrize(("fee_of", "wanted"), FEES.values(), ids=FEES)
def test_a_fee_is_recovered_exactly(fee_of, wanted):
    fee = find_fees(lines(AMOUNTS, fee_of))[None, None]
    assert fee.found
    assert fee.agreed == fee.lines == 300
    assert (fee.bps, fee.cap, fee.fixed) == wanted


def test_a_few_other_lines_do_not_hide_a_rate_and_many_do():
    few = lines(AMOUNTS[:290], rate(60)) + lines(AMOUNTS[290:], rate(99))
    assert find_fees(few)[None, None].found
    many = lines(AMOUNTS[:200], rate(60)) + lines(AMOUNTS[200:], rate(99))
    (fee,) = find_fees(many).values()
    assert not fee.found
    assert fee.bps == 60


def test_fees_are_parted_by_channel_and_merchant_only_where_needed():
    parts = [
        *lines(AMOUNTS, rate(60)),
        *lines(AMOUNTS, rate(60), merchant="m2"),
        *lines(AMOUNTS, rate(38), channel="wechat"),
        *lines(AMOUNTS[:50], rate(55), merchant="m3"),
    ]
    found = {key: fee.bps for key, fee in find_fees(parts).items()}
    assert found == {(None, None): 60, ("wechat", None): 38, ("card", "m3"): 55}


def test_tax_is_a_share_of_the_fee():
    taxed = [
        FeeLine("p", None, None, g, rate(60)(g), rate(600)(rate(60)(g))) for g in AMOUNTS
    ]  # fmt: skip
    assert find_fees(taxed)[None, None].tax_bps == 600


# Timing.


def followed(sold, paid, *, day_only=True):
    minute = int(sold.timestamp()) // 60
    at = dt.datetime.combine(paid, dt.time(), dt.UTC)
    return Linked(
        "p", "card", "m1", None, "CNY", minute, minute, minute, False, "P",
        int(at.timestamp()) // 60, day_only, "a", True,
    )  # fmt: skip


PLANS = {
    "T+1 over the Spring Festival": (Plan("business", 1, "CN"), 23 * 60, dt.date(2026, 2, 9)),
    "T+2": (Plan("business", 2, "CN"), 22 * 60, dt.date(2026, 4, 25)),
    "D+1": (Plan("calendar", 1), 24 * 60, dt.date(2026, 4, 25)),
    "weekdays": (Plan("business", 1, "WEEKDAYS"), 23 * 60, dt.date(2026, 5, 4)),
    "odd cut-off": (Plan("calendar", 1), 22 * 60 + 40, dt.date(2026, 4, 25)),
}


@pytest.mark.parametrize(("plan", "cutoff", "first"), PLANS.values(), ids=PLANS)
def test_the_rule_behind_dates_is_found(plan, cutoff, first):
    rng = random.Random(3)
    rows = []
    for _ in range(1500):
        day, minute = first + rng.randrange(20) * DAY, rng.randrange(1440)
        sold = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), CHINA)
        due = due_of(plan, day + DAY * (minute >= cutoff))
        late = 3 * DAY * (rng.random() < 0.1)
        rows.append(followed(sold, due + late))
    timing = find_timing(rows, "CNY", ["Asia/Shanghai"], "Asia/Shanghai")
    assert (timing.plan, timing.cutoff) == (plan, cutoff)
    assert timing.share > 0.85
    assert timing.credit_by is None


def test_due_dates_are_those_of_the_promise():
    text = (
        'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n[[terms]]\nprovider_id = "p"\n'
        'cutoff = "23:00"\nbasis = "business"\nlag_days = {lag}\ncalendar = "CN"\n'
        'credit_by = "12:00"\nfee_bps = 1\n'
    )
    for lag in (0, 1, 2):
        book, _ = load_terms_text(text.format(lag=lag), "terms.toml")
        for number in range(400):
            day = dt.date(2025, 12, 20) + number * DAY
            due = due_for_business_date(book, book.terms[0], day)
            assert due_of(Plan("business", lag, "CN"), day) == due.due_date


# Accounts.


def votes(merchant, account, days, *, provider="p", channel="card", store="s", currency="CNY"):
    start_day = dt.date(2026, 5, 1)
    return [
        Vote(merchant, provider, channel, store, currency, account, start_day + n * DAY)
        for n in days
    ]


def test_rows_name_only_what_tells_accounts_apart():
    (row,) = find_rows(votes("m", "a", range(9)) + votes("m", "a", range(9), store="s2"))
    assert (row.account_id, row.store_id, row.channel, row.valid_from) == ("a", "", "", None)
    two = find_rows(votes("m", "a", range(9)) + votes("m", "b", range(9), channel="alipay"))
    assert [(row.account_id, row.channel, row.provider_id) for row in two] == [
        ("a", "card", ""), ("b", "alipay", ""),
    ]  # fmt: skip


def test_an_account_that_takes_over_has_a_date():
    rows = find_rows(votes("m", "a", range(10)) + votes("m", "b", range(10, 20)))
    assert [(row.account_id, row.valid_from) for row in rows] == [
        ("a", None), ("b", dt.date(2026, 5, 11)),
    ]  # fmt: skip
