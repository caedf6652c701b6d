"""Bank statements of every format: read twice, overlapping, with identical lines, corrected later.

The same bookings are written in each format, a statement a list of (day in May, cents, text).
"""

import pytest

from daozhang.formats import recognise

BOOKINGS = [(4, 10_000, "payout PO-1"), (4, -300, "fee"), (4, -300, "fee"), (5, 250, "payout PO-2")]
LATER = [(5, 250, "payout PO-2"), (6, 700, "payout PO-3")]


def money(cents, mark="."):
    return f"{abs(cents) // 100}{mark}{abs(cents) % 100:02d}"


def camt(bookings):
    entries = "".join(
        f"<Ntry><Amt Ccy='EUR'>{money(cents)}</Amt><CdtDbtInd>{'CRDT' if cents > 0 else 'DBIT'}"
        f"</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-05-{day:02d}</Dt></BookgDt>"
        f"<AddtlNtryInf>{text}</AddtlNtryInf></Ntry>\n"
        for day, cents, text in bookings
    )
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        f"<Acct><Id><Othr><Id>4711</Id></Othr></Id><Ccy>EUR</Ccy></Acct>\n{entries}</Stmt>"
        "</BkToCstmrStmt></Document>"
    )


def mt940(bookings):
    entries = "".join(
        f":61:2605{day:02d}{'C' if cents > 0 else 'D'}{money(cents, ',')}NTRFNONREF\n:86:{text}\n"
        for day, cents, text in bookings
    )
    return f":20:A\n:25:50050000/4711\n:60F:C260503EUR0,00\n{entries}:62F:C260510EUR96,50\n-\n"


def bai2(bookings):
    groups = ""
    for day in sorted({day for day, *_ in bookings}):
        groups += f"02,1,2,1,2605{day:02d},2359,EUR,2/\n03,4711,EUR,,,,/\n"
        groups += "".join(
            f"16,{165 if cents > 0 else 475},{abs(cents)},,,,{text}/\n"
            for on, cents, text in bookings
            if on == day
        )
        groups += "49,0,0/\n98,0,1,0/\n"
    return f"01,1,2,260507,0200,1,,,2/\n{groups}99,0,1,0/\n"


def ofx(bookings):
    entries = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>202605{day:02d}<TRNAMT>"
        f"{'' if cents > 0 else '-'}{money(cents)}<NAME>{text}</STMTTRN>\n"
        for day, cents, text in bookings
    )
    return (
        "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1"
        f"<ACCTID>4711</BANKACCTFROM><BANKTRANLIST>{entries}</BANKTRANLIST></STMTRS></STMTTRNRS>"
        "</BANKMSGSRSV1></OFX>"
    )


def cmb_debit(bookings):
    rows = "".join(
        f"2026-05-{day:02d},CNY,{'' if cents > 0 else '-'}{money(cents)},,{text},,\n"
        for day, cents, text in bookings
    )
    return (
        f"账号：[755900001234]\n记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n{rows}"
    )


def wechat_fund_flow(bookings):
    rows = "".join(
        f"`2026-05-{day:02d} 10:00:00,`{text},`{text},`交易,`交易,"
        f"`{'收入' if cents > 0 else '支出'},`{money(cents)},`,`system,`,`{text}\n"
        for day, cents, text in bookings
    )
    return (
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
        f"资金变更提交申请人,备注,业务凭证号\n{rows}"
    )


FORMATS = [camt, mt940, bai2, ofx, cmb_debit, wechat_fund_flow]


def ids_of(found):
    assert found.errors == []
    return [row["credit_id"] for row in found.rows()]


@pytest.fixture(params=FORMATS, ids=lambda make: make.__name__)
def read(request, reading, tmp_path):
    """Read bookings in one format."""

    def ids(bookings):
        name = "1900009231.txt"  # What the fund flow takes its merchant from.
        found = reading(request.param(bookings), name)
        assert recognise(tmp_path / name).name == request.param.__name__
        amounts = [row["amount_minor"] for row in found.rows()]
        assert sorted(amounts) == sorted(cents for _, cents, _ in bookings)
        return ids_of(found)

    return ids


def test_the_same_statement_twice_is_one(read):
    assert read(BOOKINGS) == read(BOOKINGS)


def test_two_genuine_identical_lines_stay_two(read):
    assert len(set(read(BOOKINGS))) == len(BOOKINGS)


def test_an_overlap_is_not_counted_twice(read):
    assert len({*read(BOOKINGS), *read(LATER)}) == len(BOOKINGS) + 1


def test_an_overlap_inside_a_day_is_not_counted_twice(read):
    """The morning's download has the first of two identical lines, the evening's has both."""
    assert {*read(BOOKINGS[:2])} < {*read(BOOKINGS)}


def test_another_order_of_other_lines_changes_no_id(read):
    assert {*read(BOOKINGS[::-1])} == {*read(BOOKINGS)}


@pytest.mark.parametrize("when", ["2026-05-05T06:00:00Z", "2026-05-06T06:00:00Z"])
def test_a_corrected_snapshot_is_the_same_fact_known_later(when, reading):
    """A bank that gives its lines ids can correct one; the message's creation says which holds."""
    head = f"<BkToCstmrStmt><GrpHdr><CreDtTm>{when}</CreDtTm></GrpHdr>"
    text = camt(BOOKINGS[:1]).replace("<BkToCstmrStmt>", head)
    text = text.replace("<AddtlNtryInf>", f"<AcctSvcrRef>BANK-77</AcctSvcrRef><AddtlNtryInf>{when}")
    (row,) = reading(text, "a.xml").rows()
    assert row["credit_id"] == "BANK-77"
    assert row["known_at"].isoformat() == when.replace("Z", "+00:00")


JOINED = """01,1,2,260507,0200,1,,,2/  02,9,BANK,1,260504,2359,EUR,2/
03,4711,EUR,010,000,,,015,9400,,/
16,165,10000,Z,,,payout PO-1 5/ 16 shops/ 16,475,300,Z,,,fee/
16,475,300,Z,,,fee again/
88, till 7/   49,20000,6/   98,20000,1,8/ 99,20000,1,10/
"""


def test_bai2_records_on_one_line_are_each_taken(reading):
    """Some programs join records; a text that holds a slash and a number is no record."""
    found = reading(JOINED, "bank.bai2")
    assert found.problems == []
    assert [(row["amount_minor"], row["ref"]) for row in found.rows()] == [
        (10_000, "payout PO-1 5/ 16 shops"), (-300, "fee"), (-300, "fee again till 7"),
    ]  # fmt: skip
    assert len(found.rows("coverage")) == 1


def test_bai2_accounts_without_entries_and_balances_are_told(reading):
    found = reading("01,1,2,260507,0200,1,,,2/\n02,9,BANK,1,260504,2359,EUR,2/\n03,1,/\n49,,2/\n"
                    "98,0,1,4/\n99,0,1,6/\n", "bank.bai2")  # fmt: skip
    assert (found.codes, found.errors) == (["no_entries"], [])
