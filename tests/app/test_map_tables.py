"""Profiles for tills' and providers' tables: which table, what is asked, what reads back."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daozhang.app.check import checked
from daozhang.app.ingest import ingest
from daozhang.app.mapping import map_file
from daozhang.app.settings import load_settings
from daozhang.app.words_start import LANGS, CannotStartError
from daozhang.formats import Facts, read_file
from daozhang.formats.propose import propose_profile

ACQUIRER = """商户对账单,2026-05
交易时间,终端号,卡号,订单号,交易金额,手续费,结算金额,交易类型
2026-05-06 10:11:12,T001,6222021234567890128,D1001,100.00,0.38,99.62,消费
2026-05-06 10:15:00,T001,4111111111111111,D1002,58.50,0.22,58.28,消费
2026-05-06 12:30:00,T002,4111111111111111,D1001,30.00,0.11,29.89,退货
合计,,,,188.50,0.71,187.79,
"""
PROVIDER = """Transaction ID,Created,Type,Gross,Fee,Net,Currency,Payout ID
tx_1,2026-05-06T10:00:00Z,charge,10.00,0.35,9.65,EUR,po_1
tx_2,2026-05-06T11:00:00Z,charge,"1,220.00",17.33,"1,202.67",EUR,po_1
tx_3,2026-05-06T12:00:00Z,refund,-10.00,0.00,-10.00,EUR,po_1
tx_4,2026-05-07T10:00:00Z,payout,-1000.00,0.00,-1000.00,EUR,
tx_5,2026-05-07T10:00:00Z,mystery,-3.00,0.00,-3.00,EUR,po_2
"""
TILL = """Receipt No,Date,Time,Register,Store,Payment method,Subtotal,Tax,Total
R-1,05/06/2026,10:01:00,1,North,Visa,10.00,0.80,10.80
R-2,05/06/2026,10:05:30,1,North,Cash,5.00,0.40,5.40
R-3,05/07/2026,11:05:30,2,North,Visa,-10.00,-0.80,-10.80
"""
PAYOUTS = """Payout ID;Sent at;Amount;Bank account;Status
PO-1;06.05.2026;1.202,32;DE89370400440532013000;paid
PO-2;07.05.2026;44,22;DE89370400440532013000;failed
"""
GATEWAY = """日期,商户单号,支付渠道,订单金额(分),手续费(分),净额(分)
20260506,M1,微信,10000,-38,9962
20260507,M2,支付宝,5850,-22,5828
"""
TILL_ZH = """小票号,销售时间,门店,收银机,支付方式,实收金额,状态
1001,2026-05-06 09:01,徐汇店,POS1,微信支付,28.00,成功
1002,2026-05-06 09:05,徐汇店,POS1,现金,15.00,成功
1003,2026-05-06 09:09,徐汇店,POS2,银行卡,99.00,失败
1004,2026-05-06 10:09,徐汇店,POS2,数字人民币,-28.00,成功
"""
PAYOUTS_ZH = """打款批次号,打款日期,打款金额,收款账号,打款状态
P1,2026/5/6,1202.67,6222021234567890123,打款成功
P2,2026/5/7,44.22,6222021234567890123,退票
"""
UNNAMED = """Date,Order,Note,A,B,C,Ref
2026-05-06,x1,s,10.00,9.65,0.35,q1
2026-05-06,x2,s,20.00,19.30,0.70,q2
2026-05-07,x3,s,30.00,28.90,1.10,q3
"""
WHOLE = """Settlement date,Merchant reference,Gross amount,Commission
2026-05-06,A1,100,2
2026-05-07,A2,-250,5
"""
EITHER = """Date,Store,Amount,Balance
2026-05-06,North,10.00,10.00
2026-05-07,North,20.00,30.00
"""


def write(folder, text, name="layout.csv"):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def asked(folder, text, answers=None, given=None):
    """Map a file; return what came of it and the keys of the questions."""
    heard = []

    def ask(question, complaint):
        heard.append(question.key)
        for lang in LANGS:
            assert question.text(lang)
            assert question.reason(lang)
            assert question.example(lang)
        assert complaint is None or complaint.in_("zh")
        return (answers or {}).get(question.key, "")

    return map_file(write(folder, text), ask=ask, answers=given), heard


CASES = {
    "an acquirer's statement": (
        ACQUIRER, "settlements", ["timezone", "provider", "currency"],
        ("gross_minor", "fee_minor", "net_minor", "kind"),
        [(10000, 38, 9962, "sale"), (5850, 22, 5828, "sale"), (-3000, -11, -2989, "refund")],
    ),
    "a provider's settlement": (
        PROVIDER, "settlements", ["provider", "kind.mystery"],
        ("gross_minor", "fee_minor", "net_minor", "kind", "payout_id", "line_id"),
        [(1000, 35, 965, "sale", "po_1", "tx_1"), (122000, 1733, 120267, "sale", "po_1", "tx_2"),
         (-1000, 0, -1000, "refund", "po_1", "tx_3"), (-300, 0, -300, "refund", "po_2", "tx_5")],
    ),
    "a gateway in fen with negative fees": (
        GATEWAY, "settlements", ["provider", "currency"],
        ("gross_minor", "fee_minor", "net_minor", "ref"),
        [(10000, 38, 9962, "M1"), (5850, 22, 5828, "M2")],
    ),
    "columns known by their sums alone": (
        UNNAMED, "settlements", ["provider", "currency"],
        ("gross_minor", "fee_minor", "net_minor"),
        [(1000, 35, 965), (2000, 70, 1930), (3000, 110, 2890)],
    ),
    "whole amounts without a net": (
        WHOLE, "settlements", ["provider", "minus", "fee_sign", "currency", "units"],
        ("gross_minor", "fee_minor", "net_minor", "kind"),
        [(10000, 200, 9800, "sale"), (-25000, -500, -24500, "refund")],
    ),
    "a till": (
        TILL, "sales",
        ["dates", "timezone", "provider", "merchant", "minus", "tender.Cash", "currency"],
        ("sale_id", "amount_minor", "kind", "channel", "terminal_id"),
        [("R-1", 1080, "sale", "card", "1"), ("R-3", 1080, "refund", "card", "2")],
    ),
    "a Chinese till": (
        TILL_ZH, "sales", ["timezone", "provider", "merchant", "minus", "tender.现金", "currency"],
        ("sale_id", "amount_minor", "kind", "channel", "terminal_id"),
        [("1001", 2800, "sale", "wechat", "POS1"), ("1004", 2800, "refund", "ecny", "POS2")],
    ),
    "payouts": (
        PAYOUTS, "payouts", ["provider", "currency"], ("payout_id", "net_minor", "status"),
        [("PO-1", 120232, "sent"), ("PO-2", 4422, "returned")],
    ),
    "Chinese payouts": (
        PAYOUTS_ZH, "payouts", ["provider", "currency"], ("payout_id", "net_minor", "status"),
        [("P1", 120267, "sent"), ("P2", 4422, "returned")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "table", "keys", "columns", "rows"), CASES.values(), ids=CASES)
def test_a_table_is_known_asked_about_and_read_back(text, table, keys, columns, rows, tmp_path):
    mapped, heard = asked(tmp_path, text)
    assert heard == keys
    assert mapped.understood.table == table
    assert mapped.understood.problems == []
    assert [tuple(row[c] for c in columns) for row in mapped.understood.rows] == rows
    options = load_settings([mapped.path]).options
    items = list(read_file(tmp_path / "layout.csv", options))
    read = [row for item in items if isinstance(item, Facts) for row in item.rows]
    assert [tuple(row[c] for c in columns) for row in read] == rows


def test_the_arithmetic_is_counted(tmp_path):
    closing = map_file(write(tmp_path, ACQUIRER)).understood.closing
    assert (closing.closes, closing.rows, closing.net, closing.fees) == (
        3, 3, "结算金额", ("手续费",),
    )  # fmt: skip
    broken = ACQUIRER.replace("58.28", "58.00")
    mapped = map_file(write(tmp_path / "b", broken))
    assert (mapped.understood.closing.closes, mapped.understood.closing.rows) == (2, 3)
    assert [problem.code for problem in mapped.understood.problems] == ["net_differs"]
    assert map_file(write(tmp_path / "c", WHOLE)).understood.closing is None


def test_no_card_number_is_in_the_profile(tmp_path):
    text = map_file(write(tmp_path, ACQUIRER)).text
    assert "卡号" not in text
    assert "4111111111111111" not in text


ANSWERED = {
    "leave a word out": (PROVIDER, {"kind.mystery": "skip"}, lambda rows: len(rows) == 3),
    "a word's kind": (PROVIDER, {"kind.mystery": "手续费"}, lambda rows: rows[-1]["kind"] == "fee"),
    "the provider": (PROVIDER, {"provider": "acme"}, lambda rows: rows[0]["provider_id"] == "acme"),
    "minor units": (WHOLE, {"units": "分"}, lambda rows: rows[0]["gross_minor"] == 100),
    "a fee as it is written": (
        WHOLE, {"fee_sign": "as_written"}, lambda rows: rows[1]["fee_minor"] == 500),
    "what takes money": (
        WHOLE, {"minus": "拒付"}, lambda rows: rows[1]["kind"] == "chargeback"),
    "cash kept": (TILL, {"tender.Cash": "keep"}, lambda rows: rows[1]["channel"] == "cash"),
    "the day first": (TILL, {"dates": "day"}, lambda rows: rows[0]["captured_at"].month == 6),
    "the zone": (
        TILL, {"timezone": "America/New_York"},
        lambda rows: rows[0]["captured_at"].utcoffset() == dt.timedelta(hours=-4)),
    "the currency": (TILL, {"currency": "usd"}, lambda rows: rows[0]["currency"] == "USD"),
    "a turned word": (
        ACQUIRER.replace("0.22,58.28,消费", "0.22,58.28,调剂"), {"kind.调剂": "chargeback"},
        lambda rows: rows[1]["net_minor"] == -5828),
}  # fmt: skip


@pytest.mark.parametrize(("text", "answers", "holds"), ANSWERED.values(), ids=ANSWERED)
def test_answers_asked_for_or_given_beforehand_do_the_same(text, answers, holds, tmp_path):
    mapped, _ = asked(tmp_path, text, answers)
    assert holds(mapped.understood.rows), mapped.text
    mapped.path.unlink()
    before = map_file(tmp_path / "layout.csv", answers=answers)
    assert holds(before.understood.rows), before.text
    assert not set(answers) & {question.key for question in before.open}


def test_two_tables_that_fit_are_asked_and_never_taken_for_a_bank_in_silence(tmp_path):
    _, heard = asked(tmp_path, EITHER)
    assert heard[0] == "table"
    (tmp_path / "layout.profile.toml").unlink()
    text = "Date,Payment method,Amount,Description,Payer\n2026-05-06,Visa,10.00,a,b\n"
    mapped, heard = asked(tmp_path, text, {"table": "credits"})
    assert heard[0] == "table"
    assert mapped.understood.table == "credits"
    (tmp_path / "layout.profile.toml").unlink()
    mapped = map_file(tmp_path / "layout.csv", answers={"table": "交易"})
    assert 'table = "sales"' in mapped.text


@pytest.mark.parametrize(
    ("answers", "key"), [({"provider": ""}, "stop.answer"), ({"colour": "red"}, "stop.answer_key")]
)
def test_an_answer_that_is_of_no_use_stops(answers, key, tmp_path):
    with pytest.raises(CannotStartError) as stop:
        map_file(write(tmp_path, PROVIDER), answers=answers)
    assert stop.value.said.key == key
    assert not (tmp_path / "layout.profile.toml").exists()


def test_missing_columns_are_asked(tmp_path):
    text = "Till,Sold on,Sale sum,Payment method,Store\n1,2026-05-06,10.00,Visa,a\n"
    answers = {"table": "sales", "date_column": "Sold on", "amount_column": "sale  sum"}
    mapped, heard = asked(tmp_path, text, answers | {"id_column": "Till"}, {"table": "sales"})
    assert heard[:3] == ["date_column", "id_column", "amount_column"]
    (row,) = mapped.understood.rows
    assert (row["sale_id"], row["amount_minor"]) == ("1", 1000)
    assert row["captured_at"] == dt.date(2026, 5, 6)


def test_rows_that_repeat_an_id_are_counted(tmp_path):
    text = "Order ID,Date,Amount,Store,Till\n1,2026-05-06,10.00,a,t\n1,2026-05-07,11.00,a,t\n"
    assert map_file(write(tmp_path, text)).understood.repeated == 1


NO_MONEY = {
    "a price list": "SKU,Product name,Unit price,Currency,Description\n1,Tea,3.00,EUR,green\n",
    "a calendar": "Date,Name,Reference,Description\n2026-05-06,a,b,c\n",
}


@pytest.mark.parametrize("text", NO_MONEY.values(), ids=NO_MONEY)
def test_what_is_no_table_of_money_is_refused_at_its_header(text, tmp_path):
    path = write(tmp_path, "a title\n" + text)
    problem = propose_profile(path)
    assert (problem.code, problem.line) == ("table_not_money", 2)
    with pytest.raises(CannotStartError) as stop:
        map_file(path)
    assert stop.value.said.key == "map.no_table"


WHOLE_ROAD = {
    "till.csv": ("sales", """Receipt No,Sold at,Register,Payment method,Merchant ID,Total
R-1,2026-05-06 10:00:00,1,Visa,M1,10.00
R-2,2026-05-06 11:00:00,1,Visa,M1,20.00
"""),
    "psp.csv": ("settlements", """Transaction,Date,Type,Merchant reference,Gross,Fee,Net,Payout ID
t1,2026-05-06,sale,R-1,10.00,0.05,9.95,PO-77001
t2,2026-05-06,sale,R-2,20.00,0.10,19.90,PO-77001
"""),
    "sent.csv": ("payouts", """Payout ID,Sent at,Net amount,Bank account,Status
PO-77001,2026-05-07 06:00:00,29.85,DE-1,paid
"""),
    "bank.csv": ("credits", """Booking date,Description,Account,Debit,Credit,Balance
2026-05-07,ACME PO-77001,DE-1,,29.85,29.85
"""),
}  # fmt: skip


def test_mapped_files_lead_from_the_sale_to_the_bank_in_a_folder_and_in_a_store(tmp_path):
    for name, (table, text) in WHOLE_ROAD.items():
        path = write(tmp_path, text, name)
        answers = {} if table == "credits" else {"provider": "acme"}
        assert map_file(path, answers=answers).understood.table == table
    write(
        tmp_path,
        'timezone = "Europe/Berlin"\ncurrency = "EUR"\n[[terms]]\nprovider_id = "acme"\n'
        'cutoff = "23:00"\nbasis = "business"\nlag_days = 1\ncalendar = "TARGET2"\n'
        'credit_by = "12:00"\nfee_bps = 50\n',
        "terms.toml",
    )
    write(
        tmp_path,
        "account_id,merchant_id,bank_id,provider_id\nDE-1,M1,B,acme\n",
        "accounts.csv",
    )
    files = sorted(tmp_path.iterdir())
    told = list(ingest(tmp_path / "store", files))
    assert {item.status for item in told} <= {"added", "copied"}, told
    for source in (tmp_path / "store", tmp_path):
        with checked(source) as found:
            rows = found.engine.rows("SELECT sale_id, status, net_minor FROM journeys ORDER BY 1")
        assert rows == [("R-1", "on_time", 995), ("R-2", "on_time", 1990)]


AMOUNTS = st.lists(
    st.tuples(st.integers(1, 9_999_999), st.integers(0, 99), st.booleans()), min_size=3, max_size=8
)


@settings(max_examples=25, deadline=None)
@given(rows=AMOUNTS, sign=st.sampled_from([1, -1]), comma=st.booleans())
def test_whatever_adds_up_is_read_back_to_the_cent(rows, sign, comma, tmp_path_factory):
    """Gross, fee and net survive any amounts, either mark, and either sign of the fee."""

    def money(minor):
        text = f"{abs(minor) // 100}.{abs(minor) % 100:02}"
        text = text.replace(".", ",") if comma else text
        return ("-" if minor < 0 else "") + text

    lines, wanted = ["Transaction ID;Settlement date;Type;Gross;Fee;Net;Payout ID"], []
    for number, (sold, kept, back) in enumerate(rows):
        way = -1 if back else 1
        gross, fee = way * sold, way * min(kept, sold)
        wanted.append((gross, fee, gross - fee))
        kind = "refund" if back else "sale"
        cells = f"{money(gross)};{money(sign * fee)};{money(gross - fee)}"
        lines.append(f"t{number};2026-05-0{1 + number};{kind};{cells};p")
    folder = tmp_path_factory.mktemp("any")
    understood = map_file(write(folder, "\n".join(lines) + "\n")).understood
    assert understood.closing.closes == understood.closing.rows == len(rows)
    columns = ("gross_minor", "fee_minor", "net_minor")
    assert [tuple(row[c] for c in columns) for row in understood.rows] == wanted
