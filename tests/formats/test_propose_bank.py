"""Statements of banks that nobody described: which columns are taken, and for what."""

import datetime as dt

import pytest

from daozhang.formats import propose_profile

DAY = dt.date(2026, 5, 4)


def proposed(folder, text, name="north.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return propose_profile(path, "north")


TIMES = """交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息
20260504,101112,转存,+100.00,1100.00,甲
20260504,201231,付款,-10.00,1090.00,乙
"""
OTHER_SIDE = """记账日期,金额,交易名称,附言,对方账户名,对方卡号/账号,借记卡号
2026-05-04,100.00,转账,----------,甲,6226******5669,3167
2026-05-04,-10.00,消费,打款 PO-1,乙,Z200******010N,
"""
TWO_WORDS = """交易日期,借贷,交易金额,对方户名,摘要
2026-05-04,贷 Cr,100.00,甲,利息
2026-05-04,借 Dr,10.00,乙,消费
"""
SIGNED_AND_SAID = """Post date,Description,Billing amount,Debit/Credit
04/05/2026,QR shop,"-10.00",DEBIT
24/05/2026,THANK YOU,"100.00",CREDIT
"""
GERMAN = """Kontonummer;Buchungstag;Wertstellung;Empfänger;Buchungstext;VWZ1;Betrag;Währung
1234567890;04.05.2026;04.05.2026;Käufer GmbH;Gutschrift;PO-1;1.100,00;EUR
1234567890;04.05.2026;04.05.2026;Bäcker;Lastschrift;für Brot;-10,00;EUR
"""
FRENCH = """Produit;Monn.;Date de valeur;Description 1;N° de transaction;Débit;Crédit;Solde
0123;CHF;04.05.2026;Virement;A01;;100.00;11'613.94
0123;CHF;04.05.2026;Frais;A02;10.00;;11'603.94
"""
SHORT_YEARS = """Date,Description,Amount
5/4/26,one,100.00
5/28/26,two,-10.00
"""
READ = {
    "a time of day is no date": (TIMES, [10_000, -1_000], "utf-8"),
    "the other side's account": (OTHER_SIDE, [10_000, -1_000], "utf-8"),
    "words for the direction": (TWO_WORDS, [10_000, -1_000], "utf-8"),
    "a sign said twice": (SIGNED_AND_SAID, [-1_000, 10_000], "utf-8"),
    "german, windows-1252": (GERMAN, [110_000, -1_000], "cp1252"),
    "french": (FRENCH, [10_000, -1_000], "utf-8"),
    "years of two digits": (SHORT_YEARS, [10_000, -1_000], "utf-8"),
}


@pytest.mark.parametrize(("text", "amounts", "encoding"), READ.values(), ids=READ)
def test_what_is_understood(text, amounts, encoding, tmp_path):
    found = proposed(tmp_path, text, encoding=encoding)
    assert found.table == "credits"
    assert found.problems == ()
    assert [row["amount_minor"] for row in found.rows] == amounts
    assert {(row["booked_at"].year, row["booked_at"].month) for row in found.rows} == {(2026, 5)}


def test_the_account_is_that_of_the_lines(tmp_path):
    found = proposed(tmp_path, OTHER_SIDE)
    assert [row["account_id"] for row in found.rows] == ["3167", "north"]
    assert [row["counterparty"] for row in found.rows] == ["甲", "乙"]


def test_a_payout_may_be_named_in_any_text(tmp_path):
    found = proposed(tmp_path, OTHER_SIDE)
    assert [row["ref"] for row in found.rows] == ["转账", "打款 PO-1 消费"]


def test_moving_ones_own_money_is_information(tmp_path):
    text = """交易时间,收/支,金额,商品说明
2026-05-04 10:00:00,不计收支,5.00,转存
2026-05-04 10:00:00,收入,6.00,货款
"""
    found = proposed(tmp_path, text)
    assert [row["status"] for row in found.rows] == ["info", "booked"]
    assert not any("不计" in question for question in found.questions)


def test_a_currency_in_the_heading_goes_before_a_column_that_is_mostly_empty(tmp_path):
    text = """Booking date,Payee,Amount (EUR),Original currency
2026-05-04,a,5.00,
2026-05-04,b,-6.00,
2026-05-04,c,-7.00,USD
"""
    assert [row["currency"] for row in proposed(tmp_path, text).rows] == ["EUR"] * 3


def test_discounts_are_no_fee(tmp_path):
    text = "Date,Item,Gross Sales,Discounts,Net Sales,Transaction ID,Terminal\n" + "".join(
        f"2026-05-04,mug,{n}.00,-1.00,{n - 1}.00,T{n},POS\n" for n in (5, 8, 11)
    )
    found = proposed(tmp_path, text)
    assert found.table == "sales"


def test_a_row_that_ends_before_its_texts_is_taken_and_told(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("记账日期,金额,摘要,附言\n2026-05-04,5.00,a,b\n2026-05-04,6.00\n2026-05-04\n")
    found = propose_profile(path, "north")
    assert [row["amount_minor"] for row in found.rows] == [500, 600]
    told = [(p.line, p.code, p.severity) for p in found.problems]
    assert told == [(3, "row_short", "warning"), (4, "row_short", "error")]


@pytest.mark.parametrize(
    "text", ["Schünke und Müller, Größe", "Crédit à José", "Übertrag €"], ids=ascii
)
def test_european_letters_are_not_taken_for_chinese(text, tmp_path):
    found = proposed(
        tmp_path, f'Date,Amount,Description\n2026-05-04,5.00,"{text}"\n', encoding="cp1252"
    )
    assert found.rows[0]["ref"] == text
