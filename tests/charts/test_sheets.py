"""The tables and the headline: they agree with each other and hide no money."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daozhang.charts import LANGS, Speech
from daozhang.charts.sheets import PLACES_MAX, attention_sheet, late_sheets, money_sheets
from daozhang.charts.sheets_more import (
    fees_sheet,
    files_sheet,
    late_list_sheet,
    missing_sheet,
    rate,
    unexplained_sheet,
)
from daozhang.charts.standing import draw_headline, percent_of, waiting_sentences
from daozhang.charts.statements import ACCOUNTS_SHOWN, statement_lines
from daozhang.charts.turns import find_turns, turn_action, turn_evidence, turn_place
from tests.charts.made import (
    AS_OF,
    credit,
    empty,
    figures,
    quiet,
    sale,
    status,
    unseen,
    view,
    waits,
)

ZONE = ZoneInfo("Asia/Shanghai")
EN, ZH = Speech("en", ZONE), Speech("zh", ZONE)


def texts(sheet):
    return [cell.text for row in sheet.rows + sheet.totals for cell in row]


def test_the_headline_says_where_the_money_is_and_what_to_do():
    headline = draw_headline(figures(), EN)
    assert headline.tone == "bad"
    assert headline.sentence == (
        "¥499.00 from 4 sales is overdue, the oldest since 4 May 12:00. The largest part, ¥400.00, "
        "is with provider <b>通联</b> (cleared, not paid out)."
    )
    assert headline.arrived == "¥4,000.00 of the ¥5,600.00 due by now arrived on time (71%)."
    assert headline.action.startswith("Ask <b>通联</b> when it pays")
    assert headline.aside.startswith("Another ¥700.00 from 5 sales is due, but the bank statement")
    assert headline.others == ("USD: nothing is overdue; $100.00 of $100.00 due arrived on time.",)


def test_the_headline_in_chinese():
    headline = draw_headline(figures(), ZH)
    assert headline.sentence == (
        "4 笔交易、¥499.00 逾期未到，最早的应于 5月4日 12:00 到账；其中最大一块 ¥400.00 在"
        "服务商 <b>通联</b>（已清算、未打款）。"
    )
    assert headline.arrived == "到期应到 ¥5,600.00，按时到账 ¥4,000.00（71%）。"


@pytest.mark.parametrize(
    ("rows", "tone", "sentence"),
    [
        ((), "empty", "No sales were found in the files."),
        (
            (status("in_transit", 1, 500, 490, 0),),
            "good",
            "Nothing is due yet: ¥5.00 from 1 sale is on its way.",
        ),
        (
            (status("on_time", 2, 500, 0, 490),),
            "good",
            "All of the ¥5.00 due by now arrived on time. Nothing is overdue.",
        ),
        (
            (status("on_time", 999, 99_900, 0, 99_000), status("late", 1, 100, 0, 100)),
            "good",
            (
                "¥999.00 of the ¥1,000.00 due by now arrived on time (99%). "
                "Nothing is overdue now; ¥1.00 arrived late."
            ),
        ),
        (
            (status("unknown", 2, 500, 490, 0),),
            "unsure",
            (
                "¥5.00 from 2 sales is due, but the bank statement that would show it is not among "
                "the files, so nobody can tell yet whether it arrived."
            ),
        ),
        (
            (status("on_time", 1, 500, 0, 490), status("unknown", 2, 500, 490, 0)),
            "unsure",
            "¥5.00 of the ¥10.00 due by now arrived on time (50%). Nothing is known to be overdue.",
        ),
        (
            (status("overdue", 1, 500, 490, 0, currency="JPY"),),
            "bad",
            "JP¥490 from 1 sale is overdue.",
        ),
    ],
    ids=[
        "no sales",
        "nothing due",
        "all on time",
        "late only",
        "no statement",
        "a statement missing",
        "no incident",
    ],
)
def test_headlines(rows, tone, sentence):
    headline = draw_headline(quiet(by_status=rows), EN)
    assert (headline.tone, headline.sentence) == (tone, sentence)


def test_another_currency_without_its_statement_is_not_said_to_be_fine():
    rows = (
        status("on_time", 9, 500, 0, 490),
        status("unknown", 2, 500, 490, 0, currency="EUR"),
    )
    headline = draw_headline(quiet(by_status=rows), EN)
    assert headline.tone == "unsure"
    assert headline.others == (
        (
            "EUR: nothing is known to be overdue; of €5.00 due, €5.00 cannot be told because the "
            "statement is missing."
        ),
    )


def test_money_without_its_statement_is_never_called_late():
    rows = (status("unknown", 2, 500, 490, 0),)
    for speech in (EN, ZH):
        headline = draw_headline(quiet(by_status=rows), speech)
        assert headline.action == speech("action.unknown")
        sheet = attention_sheet(view(quiet(by_status=rows)), speech)
        assert [row[0].status for row in sheet.rows] == ["unknown"]


@pytest.mark.parametrize("speech", [EN, ZH], ids=LANGS[::-1])
def test_every_number_of_the_headline_is_in_a_table(speech):
    headline = draw_headline(figures(), speech)
    held = {
        number
        for sheet in (*money_sheets(figures(), speech), attention_sheet(view(), speech))
        for text in texts(sheet)
        for number in re.findall(r"[\d,.]*\d", text)
    }
    for text in (headline.sentence, headline.arrived, headline.aside, *headline.others):
        assert set(re.findall(r"[\d,.]*\d", text)) <= held


def test_currencies_are_never_added_up():
    cny, usd = money_sheets(figures(), EN)
    assert (cny.key, usd.key) == ("money", "money-usd")
    assert [row[2].text for row in cny.totals] == ["¥5,600.00", "¥5,639.00"]
    assert [row[2].text for row in usd.totals] == ["$100.00", "$100.00"]


def test_a_table_sums_up_what_it_leaves_out():
    stores = next(s for s in late_sheets(figures(), EN) if s.key == "late_by_store_id")
    assert len(stores.rows) == PLACES_MAX + 1
    assert stores.rows[-1][0].text == "4 others"
    cents = [int(re.sub(r"\D", "", row[1].text)) for row in stores.rows]
    assert sum(cents) == int(re.sub(r"\D", "", stores.totals[0][1].text)) == sum(
        49_900 - n for n in range(14)
    )  # fmt: skip


def test_what_needs_someone_comes_by_money_and_what_has_arrived_does_not():
    sheet = attention_sheet(view(), EN)
    assert [row[1].text for row in sheet.rows] == ["¥400.00", "¥99.00", "¥696.50"]
    assert sheet.rows[0][0].sub.startswith("Ask <b>通联</b> when it pays")
    assert sheet.rows[1][0].sub.startswith("Ask the bank for the credit")
    assert sheet.rows[0][3].text == "4 May to 8 May"
    assert sheet.rows[1][3].text == "7 May 12:00"


def test_a_place_says_what_to_quote_and_how_to_follow_one_sale():
    sheet = attention_sheet(view(), EN)
    assert [row[2].text for row in sheet.rows] == ["3", "1", "5"]
    assert sheet.rows[1][0].lines == (
        "Name these payouts: P9 (¥99.00 of it).", "One of them: daozhang trace … S2",
    )  # fmt: skip
    hostile = (waits("captured", 100, 1, example="S\x1b[31m\u202e" + "9" * 80),)
    (line,) = attention_sheet(view(figures(open=hostile)), ZH).rows[0][0].lines
    assert line.startswith("举一笔为例：daozhang trace … S\ufffd[31m\ufffd")
    assert len(line) < 100


@pytest.mark.parametrize("speech", [EN, ZH], ids=LANGS[::-1])
@pytest.mark.parametrize("station", ["captured", "submitted", "cleared", "paid_out"])
@pytest.mark.parametrize("reason", ["missing", "held", "rejected", "returned", "short", "卡号错"])
@pytest.mark.parametrize("known", [True, False])
def test_every_place_has_a_name_and_something_to_do(speech, station, reason, known):
    row = waits(station, 100, 1, reason=reason, payout_id="P")
    if not known:
        row |= {"bank_id": None, "provider_id": None}
    (turn,) = find_turns(figures(open=(row,)))
    assert turn_place(turn, speech)
    assert turn_action(turn, speech)
    assert "P" in turn_evidence(turn, speech)


def test_overdue_money_is_all_in_some_place_and_stands_where_it_is():
    turns = find_turns(figures())
    assert [(t.station, t.who, t.outstanding_minor, t.sales) for t in turns] == [
        ("cleared", "<b>通联</b>", 40_000, 3), ("paid_out", None, 9_900, 1),
    ]  # fmt: skip
    assert sum(t.outstanding_minor for t in turns) == 49_900


@pytest.mark.parametrize(
    ("late_minor_s", "overdue_minor_s", "cost"),
    [
        (86_400, 0, "¥0.01"),
        (0, 43_200, "¥0.01"),
        (43_199, 0, None),
        (20_000, 23_200, "¥0.01"),
        (86_400 * 3_370_000, 0, "¥33,700.00"),
        (86_400 * 10**17, 86_400, "¥1,000,000,000,000,000.01"),
        (0, 0, None),
    ],
)
def test_waiting_is_money_times_time_over_a_day_rounded_half_up(
    late_minor_s, overdue_minor_s, cost
):
    waiting = {
        "CNY": {
            "late_minor_s": late_minor_s, "overdue_minor_s": overdue_minor_s, "longest_s": 108_000,
        },
    }  # fmt: skip
    said = waiting_sentences(figures(waiting=waiting), EN)
    if cost is None:
        assert said == ()
    else:
        assert said == (
            (
                f"Late and overdue money was kept waiting as if {cost} had been missing for a day; "
                "the longest wait is 1 d 6 h."
            ),
        )


def test_each_currency_waits_by_itself_the_main_one_first():
    row = {"late_minor_s": 86_400 * 150, "overdue_minor_s": 86_400 * 50, "longest_s": 3_600}
    said = draw_headline(figures(waiting={"USD": row, "CNY": row}), ZH).waited
    assert said == (
        "延迟与逾期的资金合计，相当于 ¥2.00 晚到一整天；等得最久的晚了1小时。",
        "延迟与逾期的资金合计，相当于 $2.00 晚到一整天；等得最久的晚了1小时。",
    )
    assert draw_headline(quiet(), ZH).waited == ()


@pytest.mark.parametrize(
    ("changed", "en", "zh"),
    [
        (
            {},
            "a1 at icbc: reaches 5 May, fetch from 6 May",
            "a1（icbc）：账单至5月5日，从5月6日起补取",
        ),
        (
            # In the middle of a day: what is left of that day is fetched with it.
            {"covered_until": datetime(2026, 5, 6, 7, 0, tzinfo=UTC)},
            "a1 at icbc: reaches 6 May, fetch from 6 May",
            "a1（icbc）：账单至5月6日，从5月6日起补取",
        ),
        (
            # It reaches beyond money that is not covered, so days before its end are lacking.
            {"covered_until": AS_OF + timedelta(hours=12)},
            "a1 at icbc: reaches 8 May with a gap, fetch from 7 May",
            "a1（icbc）：账单至5月8日但中间有缺，从5月7日起补取",
        ),
        (
            {"covered_until": None},
            "a1 at icbc: nothing of it is here, fetch from 7 May",
            "a1（icbc）：一份对账单也没有，从5月7日起补取",
        ),
        (
            {"bank_id": None},
            "a1: reaches 5 May, fetch from 6 May",
            "a1：账单至5月5日，从5月6日起补取",
        ),
        (
            {"account_id": None, "bank_id": None, "covered_until": None},
            "5 sales whose account is not known",
            "5 笔交易不知道属于哪个账户",
        ),
    ],
    ids=["whole days", "part of a day", "a gap", "nothing", "no bank", "no account"],
)
def test_a_missing_statement_says_how_far_it_reaches_and_what_to_fetch(changed, en, zh):
    run = figures(unseen=(unseen("a1", **changed),))
    assert statement_lines(run, EN) == [en]
    assert statement_lines(run, ZH) == [zh]


def test_the_first_accounts_are_named_and_the_others_counted():
    many = tuple(unseen(f"a{n}") for n in range(ACCOUNTS_SHOWN + 3))
    run = figures(unseen=(*many, unseen("usd", currency="USD")))
    lines = statement_lines(run, EN, "CNY")
    assert [line.split(" ")[0] for line in lines] == ["a0", "a1", "a2", "a3", "a4", "3"]
    assert lines[-1] == "3 more: see missing_statements.csv"
    assert statement_lines(run, EN)[-1].startswith("4 more")
    assert attention_sheet(view(run), EN).rows[-1][0].lines == tuple(lines)
    (row,) = [r for r in missing_sheet(view(run), EN).rows if "statement" in r[0].text]
    assert row[2].lines == tuple(statement_lines(run, EN))


@pytest.mark.parametrize(
    ("fee", "amount", "shown"),
    [(60, 10_000, "0.600%"), (1, 200_000, "0.001%"), (1, 200_001, "0.000%"), (5, 0, "–"),
     (-60, 10_000, "-0.600%"), (10_000, 10_000, "100.000%")],
)  # fmt: skip
def test_rates(fee, amount, shown):
    assert rate(fee, amount) == shown


def test_fees_are_held_against_what_was_agreed():
    row = fees_sheet(figures(), EN).rows[0]
    assert [cell.text for cell in row[1:]] == [
        "WeChat Pay", "43", "¥26.50", "¥25.80", "+¥0.70", "0.616%", "2",
    ]  # fmt: skip
    assert (row[6].sub, row[7].sub) == ("agreed 0.600%", "e.g. =S1")


def test_a_partly_explained_credit_shows_its_rest():
    sheet = unexplained_sheet(figures(), EN)
    assert [row[5].text for row in sheet.rows] == ["¥50.00", "¥80.00"]
    assert sheet.totals[0][5].text == "¥130.00"
    assert sheet.rows[0][3].text == "card 622588******6868 refund"


@pytest.mark.parametrize(
    ("speech", "told"),
    [
        (EN, ("Fits 7 answers equally well; ask the payer which:", "P1, P2", "P1 less R9 plus F1",
              "P3, P4 and 3 more together with credit C2", "and 4 more answers")),
        (ZH, ("有 7 种同样说得通的答案，请向付款方确认是哪一种：", "P1, P2", "P1，减 R9，加 F1",
              "P3, P4 等（另有 3 项），连同入账 C2", "另有 4 种答案")),
    ],
)  # fmt: skip
def test_a_credit_that_several_answers_fit_lists_them(speech, told):
    ways = "P1, P2 | P1 less R9 plus F1 | P3, P4 and 3 more with C2"
    run = figures(unexplained=(credit("C1", rivals=6, ambiguous=ways), credit("C2")))
    first, second = unexplained_sheet(run, speech).rows
    assert first[3].lines == told
    assert second[3].lines == ()


def test_a_late_sale_says_by_how_much():
    first, second = late_list_sheet(figures(), EN).rows
    assert (first[2].text, first[2].sub) == ("7 May 08:00", "1 d 4 h overdue")
    assert second[2].sub == "1 d 1 h late"
    assert first[1].sub == "¥200.00 to come"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("held", "held back"),
        ("returned", "the payout came back"),
        ("missing", "cleared, not paid out"),
        ("卡号无效", "reason: 卡号无效"),
    ],
)
def test_a_reason_is_said_and_a_strange_one_is_shown_as_it_is(reason, shown):
    sheet = late_list_sheet(figures(late_list=(sale("S1", reason=reason),)), EN)
    assert sheet.rows[0][3].sub == shown


def test_what_is_missing_is_named_with_what_it_hides():
    sheet = missing_sheet(view(), EN)
    assert [row[0].text for row in sheet.rows] == [
        "Sales without terms: 3",
        "Sales whose statement has not come: 5",
        "Files refused: 1",
        "Rows refused in files that were read: 2",
        "Files not meant as facts: 1",
        "Calendar not confirmed: 2027",
    ]
    assert missing_sheet(view(quiet(), files=(), provisional_years=()), EN).rows == ()


def test_files_that_need_a_look_come_first():
    names = [row[0].text for row in files_sheet(view(), ZH).rows]
    assert names[0].endswith(".xls")
    assert names[1] == "工行 5月.sta"


def test_a_run_without_sales_has_words_for_it():
    assert draw_headline(empty(), ZH).action
    assert money_sheets(empty(), ZH) == ()
    assert attention_sheet(view(empty()), ZH).empty


def test_all_means_all():
    assert percent_of(9_999, 10_000) == "99%"
    assert percent_of(10_000, 10_000) == "100%"
    assert AS_OF.tzinfo is not None
