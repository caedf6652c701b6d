"""Whose record of a sale stands (R8): never both, never none."""

import pytest

from daozhang.app.check import checked

TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "wechat"
cutoff = "24:00"
basis = "business"
lag_days = 1
calendar = "CN"
credit_by = "12:00"
fee_bps = 60
"""
HEADER = (
    "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at"
)


def rows(*sales, recorded=False):
    more = ",provider" if recorded else ""
    lines = [
        f"{name},sale,{merchant},t1,wechat,wechat,{amount},CNY,2026-05-{day:02d}T{hour}:00+08:00"
        + more
        for name, merchant, day, hour, amount in sales
    ]
    return "\n".join([HEADER + (",recorded_by" if recorded else ""), *lines]) + "\n"


def sales_of(tmp_path, **files):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    for name, text in files.items():
        (folder / f"sales-{name}.csv").write_text(text, encoding="utf-8")
    with checked(folder) as found:
        ids = [row[0] for row in found.engine.rows("SELECT sale_id FROM journeys ORDER BY 1")]
        codes = [problem.code for problem in found.problems]
    return ids, codes


# till's sales, provider's sales, whose journeys come out; (id, merchant, day of May, hour, fen)
CASES = {
    "no till: the provider's record is all there is": (
        [], [("o1", "m1", 6, "10:00", 100)], ["o1"],
    ),
    "same id": ([("o1", "m1", 6, "10:00", 100)], [("o1", "m1", 6, "10:00", 100)], ["o1"]),
    "same id, clocks eight hours apart": (
        [("o1", "m1", 6, "18:00", 100)], [("o1", "m1", 6, "10:00", 100)], ["o1"],
    ),
    "other ids, same hours": (
        [("t1", "m1", 6, "10:00", 100), ("t2", "m1", 6, "12:00", 200)],
        [("o1", "m1", 6, "10:01", 100), ("o2", "m1", 6, "12:02", 200)],
        ["t1", "t2"],
    ),
    "before the till's record begins": (
        [("t1", "m1", 6, "10:00", 100)], [("o1", "m1", 4, "10:00", 50)], ["o1", "t1"],
    ),
    "a merchant that the till does not export": (
        [("t1", "m1", 6, "10:00", 100), ("t2", "m2", 8, "10:00", 100)],
        [("o1", "m2", 6, "10:00", 100)],
        ["o1", "t1", "t2"],
    ),
    "merchants numbered otherwise": (
        [("t1", "shop", 6, "10:00", 100)], [("o1", "16001", 6, "10:00", 100)], ["t1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("till", "provider", "expected"), CASES.values(), ids=CASES)
def test_one_record_of_each_sale(tmp_path, till, provider, expected):
    files = {"provider": rows(*provider, recorded=True)}
    if till:
        files["till"] = rows(*till)
    ids, codes = sales_of(tmp_path, **files)
    assert ids == expected
    assert ("till_record_stands" in codes) == (len(till) + len(provider) > len(expected))
    assert "contradictory_rows" not in codes


def test_what_the_till_learns_later_does_not_change_an_earlier_answer(tmp_path):
    """As of a moment before the till's export came, the provider's record stands."""
    late = rows(("t1", "m1", 6, "10:00", 100)).replace("captured_at\n", "captured_at,known_at\n")
    late = late.replace("+08:00\n", "+08:00,2026-05-20T00:00:00+08:00\n")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    (folder / "sales-till.csv").write_text(late, encoding="utf-8")
    (folder / "sales-bill.csv").write_text(
        rows(("o1", "m1", 6, "10:00", 100), recorded=True), encoding="utf-8"
    )
    with checked(folder) as found:
        assert found.engine.rows("SELECT sale_id FROM journeys") == [("t1",)]
        moment = found.outcome.as_of.replace(day=10)
    with checked(folder, as_of=moment) as found:
        assert found.engine.rows("SELECT sale_id FROM journeys") == [("o1",)]


STRIPE = TERMS.replace('"wechat"', '"stripe"').replace('"CN"', '"ALL_DAYS"')
REPORT = """balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,\
reporting_category,source_id,automatic_payout_id
txn_1,2026-05-04 10:00:00,2026-05-06 00:00:00,cny,100.00,1.50,98.50,charge,ch_1,po_1
txn_2,2026-05-04 11:00:00,2026-05-06 00:00:00,cny,-20.00,0.00,-20.00,refund,re_1,po_1
txn_3,2026-05-04 11:30:00,2026-05-06 00:00:00,cny,-5.00,0.00,-5.00,refund,ch_2,po_1
"""
BY_CHARGE = """Type,ID,Created,Amount,Currency,Converted Amount,Fees,Net,Converted Currency
Charge,ch_1,2026-05-04 18:00,100.00,cny,100.00,1.50,98.50,cny
Charge,ch_2,2026-05-04 18:10,40.00,cny,40.00,0.60,39.40,cny
Refund,re_1,2026-05-04 19:00,-20.00,cny,-20.00,0.00,-20.00,cny
"""
ENTRIES = """{"payout_entries": [
{"effective_at": "2026-05-05T23:00:00Z", "id": "poe_1", "payout_id": "po_9", "type": "CHARGE",
 "fee_amount_money": {"amount": 93, "currency_code": "USD"}, "gross_amount_money": {"amount": 3116,
 "currency_code": "USD"}, "net_amount_money": {"amount": 3023, "currency_code": "USD"},
 "type_charge_details": {"payment_id": "PA1"}}]}
"""
TRANSACTIONS = """Date,Time,Time Zone,Total Collected,Fees,Net Total,Transaction ID,Payment ID
2026-05-04,10:02:11,UTC,$31.16,-$0.93,$30.23,SQA1,PA1
2026-05-04,10:09:11,UTC,$10.00,-$0.50,$9.50,SQA2,PA2
"""


def lines_of(tmp_path, **files):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "terms.toml").write_text(STRIPE, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text.replace("\\\n", ""), encoding="utf-8")
    with checked(folder) as found:
        rows = found.engine.rows("SELECT line_id, ref FROM known_settlements ORDER BY 1")
        told = [p for p in found.problems if p.code == "stated_in_two_exports"]
    return [tuple(row) for row in rows], [(p.file, p.message.split()[0]) for p in told]


def test_a_line_that_two_exports_name_differently_counts_once(tmp_path):
    """A refund that names its charge is not the charge, which only the other export has."""
    lines, told = lines_of(tmp_path, report=REPORT, charges=BY_CHARGE)
    assert [line for line, _ in lines] == ["ch_2", "txn_1", "txn_2", "txn_3"]
    assert told == [("charges.csv", "2")]


def test_the_line_that_stands_is_found_by_the_sale_of_the_other_export(tmp_path):
    lines, told = lines_of(tmp_path, entries=ENTRIES, table=TRANSACTIONS)
    assert lines == [("PA2-sale", "SQA2"), ("poe_1", "SQA1")]
    assert told == [("table.csv", "1")]


def test_one_export_alone_is_taken_whole(tmp_path):
    lines, told = lines_of(tmp_path, charges=BY_CHARGE)
    assert (len(lines), told) == (3, [])


STATEMENT = """:20:A
:25:50050000/4711
:60F:C260503CNY0,00
:61:260504C100,00NTRFNONREF
:86:payout PO-1
:61:260504C{amount}NTRFNONREF
:86:payout PO-2
:62F:C260504CNY{closing}
"""


def differing(tmp_path, **files):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    for name, text in files.items():
        ending = "csv" if text.startswith("credit_id") else "sta"
        (folder / f"{name}.{ending}").write_text(text, encoding="utf-8")
    with checked(folder) as found:
        told = [p for p in found.problems if p.code == "statements_differ"]
        lines = found.engine.rows("SELECT credit_id, amount_minor FROM facts_credits")
    return [(p.file, p.message.split()[0]) for p in told], dict(lines)


def test_a_corrected_statement_without_ids_is_told_at_both_files(tmp_path):
    """The contract's keys cannot know that one replaces the other; the owner must."""
    first = STATEMENT.format(amount="50,00", closing="150,00")
    second = STATEMENT.format(amount="55,00", closing="155,00")
    told, lines = differing(tmp_path, first=first, second=second)
    assert told == [("first.sta", "1"), ("second.sta", "1")]
    assert sorted(lines.values()) == [5000, 5500, 10_000]
    wrong = next(key for key, amount in lines.items() if amount == 5000)
    (tmp_path / "again").mkdir()
    gone = (
        "credit_id,account_id,amount_minor,currency,booked_at,known_at,removed\n"
        f"{wrong},50050000/4711,5000,CNY,2026-05-04,2026-05-05T10:00:00+08:00,1\n"
    )
    told, lines = differing(tmp_path / "again", first=first, second=second, credits=gone)
    assert (told, sorted(lines.values())) == ([], [5500, 10_000])


def test_the_same_statement_twice_is_nothing_to_tell(tmp_path):
    text = STATEMENT.format(amount="50,00", closing="150,00")
    told, lines = differing(tmp_path, first=text, second=text)
    assert (told, len(lines)) == ([], 2)
