"""No card number leaves: every output of every command is searched for those in the inputs."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from daozhang.cli import check, trace
from daozhang.cli.main import main
from tests.formats import golden
from tests.shared import opened_once

CARDS = (b"4111111111111111", b"6222021001116245702", b"4111 1111 1111 1111")
PLANTED = [
    path
    for path in golden.inputs()
    if path.suffix == ".zip" or any(card in path.read_bytes() for card in CARDS)
]
TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "{provider}"
cutoff = "24:00"
basis = "calendar"
lag_days = 1
calendar = "CN"
credit_by = "12:00"
fee_bps = 60
"""
PROVIDERS = ("wechat", "alipay", "unionpay", "allinpay", "adyen", "stripe", "paypal", "square")


@pytest.fixture(autouse=True)
def once():
    """The same files are told in several ways."""
    with opened_once(check, trace):
        yield


def test_inputs_hold_card_numbers():
    """Bank lines, wallets, acquirers, traces: whatever has a free text or a card column."""
    names = " ".join(path.name for path in PLANTED)
    for name in ("bai2", "ofx", "wechat_trade", "fund_flow", "alipay", "INN", "allinpay", "STL",
                 "unionpay_pos"):  # fmt: skip
        assert name in names


def told(folder):
    """Yield each output as bytes; Parquet as the text of its rows."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path, repr(pq.read_table(path).to_pylist()).encode()
        elif path.is_file():
            yield path, path.read_bytes()


def assert_clean(folder, *outputs):
    for path, content in told(folder):
        for card in CARDS:
            assert card not in content, path
    for text in outputs:
        for card in CARDS:
            assert card.decode() not in text


@pytest.mark.parametrize("path", PLANTED, ids=lambda p: p.name)
def test_read_and_ingest(path, tmp_path, capfd):
    main(["read", str(path), "--json", "--out", str(tmp_path / "out")])
    main(["ingest", str(tmp_path / "store"), str(path)])
    captured = capfd.readouterr()
    assert '"rows": {' in captured.out
    assert_clean(tmp_path / "out", captured.out, captured.err)
    assert_clean(tmp_path / "store", captured.out)


def test_check_and_trace(tmp_path, capfd):
    folder = tmp_path / "in"
    folder.mkdir()
    terms = TERMS.format(provider="wechat")
    for provider in PROVIDERS[1:]:
        terms += TERMS.format(provider=provider).split("\n", 2)[2]
    (folder / "terms.toml").write_text(terms, encoding="utf-8")
    for path in PLANTED:
        (folder / path.name).write_bytes(path.read_bytes())
    out = tmp_path / "answers"
    code = main(["check", str(folder), "--out", str(out), "--html", str(out / "report.html")])
    assert code in {0, 1}
    main(["check", str(folder), "--json"])
    for sale in ("ORD-1", "A-2", "ORDER1"):
        assert main(["trace", str(folder), sale]) in {0, 1}
    captured = capfd.readouterr()
    assert "ORD-1" in captured.out
    assert_clean(out, captured.out, captured.err)


PROFILE = """
name = "till"
table = "sales"
columns = ["Order", "Card", "When", "Amount"]
[read]
dates = ["%Y-%m-%d %H:%M:%S"]
currency = "CNY"
[amount]
column = "Amount"
target = "amount_minor"
[fields.sale_id]
columns = ["{id}"]
[fields.rrn]
columns = ["Card"]
[fields.terminal_id]
columns = ["Card"]
[fields.captured_at]
columns = ["When"]
[fields.kind]
constant = "sale"
[fields.channel]
constant = "card"
[fields.merchant_id]
constant = "M-1"
[fields.provider_id]
constant = "wechat"
"""
TILL = """Order,Card,When,Amount
ORD-1,4111111111111111,2026-05-06 10:00:00,1.00
ORD-2,6222021001116245702,2026-05-06 11:00:00,2.00
ORD-0,NO-CARD,2026-05-06 11:30:00,2.00
ORD-3,4111 1111 1111 1111,2026-05-06 12:00:00,abc
"""


@pytest.mark.parametrize(("column", "code"), [("Card", "card_number_as_id"),
                                              ("Order", "card_number_cut")])  # fmt: skip
def test_a_profile_that_takes_the_card_column_for_ids(column, code, tmp_path, capfd):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS.format(provider="wechat"), encoding="utf-8")
    (folder / "till.profile.toml").write_text(PROFILE.format(id=column), encoding="utf-8")
    (folder / "till.csv").write_text(TILL, encoding="utf-8")
    out = tmp_path / "answers"
    main(["check", str(folder), "--out", str(out), "--html", str(out / "report.html")])
    main(["check", str(folder), "--json"])
    main(["read", str(folder / "till.csv"), "--json", "--out", str(tmp_path / "read")])
    main(["ingest", str(tmp_path / "store"), str(folder)])
    main(["trace", str(folder), "ORD-1"])
    captured = capfd.readouterr()
    assert captured.out.count('"rows": {') >= 1
    assert [path for path in (tmp_path / "read").rglob("*") if "sales" in path.name]
    assert [path for path in (tmp_path / "store").rglob("*.parquet") if "sales" in str(path)]
    assert code in captured.out + captured.err
    assert_clean(out, captured.out, captured.err)
    assert_clean(tmp_path / "read")
    assert_clean(tmp_path / "store")


BANK = """
name = "bank"
table = "credits"
columns = ["Id", "Account", "Day", "Amount", "Text"]
[read]
dates = ["%Y-%m-%d"]
currency = "CNY"
[amount]
column = "Amount"
target = "amount_minor"
[fields.credit_id]
columns = ["Id"]
[fields.account_id]
columns = ["Account"]
[fields.booked_at]
columns = ["Day"]
[fields.ref]
columns = ["Text"]
"""
ACCOUNT = "6222021001116245702"
CANONICAL = {
    "sales": "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
    "captured_at,rrn,batch_no,mine\n"
    "ORD-1,sale,M-1,T-1,wechat,card,10000,CNY,2026-05-06T10:00:00+08:00,4111111111111111,"
    "4111 1111 1111 1111,4111111111111111\n"
    "4111111111111111,sale,M-1,T-1,wechat,card,100,CNY,2026-05-06T10:00:00+08:00,R-2,1,\n",
    "settlements": "line_id,provider_id,ref,gross_minor,fee_minor,net_minor,currency,cleared_at,"
    "status,payout_id\nL-1,wechat,ORD-1,10000,60,9940,CNY,2026-05-06,settled,P-1\n"
    "L-2,wechat,4111111111111111,1,0,1,CNY,2026-05-06,held,\n",
    "payouts": "payout_id,provider_id,account_id,net_minor,currency,paid_out_at,status\n"
    f"P-1,wechat,{ACCOUNT},9940,CNY,2026-05-07,sent\n",
    "accounts": f"account_id,merchant_id,bank_id\n{ACCOUNT},M-1,ICBC\n",
    "coverage": f"subject,table,from_at,to_at\n{ACCOUNT},credits,2026-05-01,2026-05-31\n",
}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_canonical_files(form, tmp_path, capfd):
    """An account that is a card number is cut on all sides, and money still finds it."""
    folder = tmp_path / "in"
    folder.mkdir()
    terms = TERMS.format(provider="wechat") + f'account_id = "{ACCOUNT}"\n'
    (folder / "terms.toml").write_text(terms, encoding="utf-8")
    for name, text in CANONICAL.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        if form == "parquet":
            types = dict.fromkeys(text.split("\n", 1)[0].split(","), pa.string())
            made = pa.csv.read_csv(
                folder / f"{name}.csv", convert_options=pa.csv.ConvertOptions(column_types=types)
            )
            pq.write_table(made, folder / f"{name}.parquet")
            (folder / f"{name}.csv").unlink()
    (folder / "bank.profile.toml").write_text(BANK, encoding="utf-8")
    bank = f"Id,Account,Day,Amount,Text\nB-1,{ACCOUNT},2026-05-07,99.40,P-1 WECHAT\n"
    (folder / "bank-statement.csv").write_text(bank, encoding="utf-8")
    out = tmp_path / "answers"
    main(["check", str(folder), "--out", str(out), "--html", str(out / "report.html")])
    main(["check", str(folder), "--json"])
    (folder / "terms.toml").write_text(terms.replace(ACCOUNT, "622202******5702"), "utf-8")
    main(["ingest", str(tmp_path / "store"), str(folder)])
    main(["check", str(tmp_path / "store"), "--out", str(tmp_path / "again")])
    main(["trace", str(folder), "ORD-1"])
    main(["read", str(folder / f"sales.{form}"), "--json", "--out", str(tmp_path / "read")])
    captured = capfd.readouterr()
    assert "card_number_as_id" in captured.out + captured.err
    assert "card_number_cut" in captured.out + captured.err
    for answers in (out, tmp_path / "again"):
        (journey,) = pq.read_table(answers / "journeys.parquet").to_pylist()
        assert (journey["sale_id"], journey["status"]) == ("ORD-1", "on_time")
        assert journey["account_id"] == "622202******5702"
    for place in (out, tmp_path / "store", tmp_path / "again", tmp_path / "read"):
        assert_clean(place, captured.out, captured.err)
