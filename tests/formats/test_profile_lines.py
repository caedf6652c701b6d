"""Profiles for settlement lines and sales: fee and net, kinds by sign, refunds of a till."""

import pytest

from daozhang.formats import Options, Profile, load_profile

LINES = """
name = "pay"
table = "settlements"
columns = ["Trade", "Paid out", "Value", "Charge"]
[read]
dates = ["%Y-%m-%d"]
minor_units = true
currency = "CNY"
[amount]
target = "gross_minor"
column = "Value"
[fields.provider_id]
constant = "pay"
[fields.merchant_id]
constant = "m1"
[fields.kind]
constant = "sale"
[fields.ref]
columns = ["Trade"]
[fields.payout_id]
columns = ["Paid out"]
[fields.cleared_at]
columns = ["Paid out"]
[fields.status]
constant = "settled"
[fields.fee_minor]
columns = ["Charge"]
[settlement]
fee = "SIGN"
"""


@pytest.mark.parametrize(
    ("sign", "charge", "refunded", "fees", "nets"),
    [
        ("as_written", "60", "-60", (60, -60), (9940, -9940)),
        ("negative", "-60", "60", (60, -60), (9940, -9940)),
        ("unsigned", "60", "60", (60, -60), (9940, -9940)),
        ("as_written", "", "", (0, 0), (10000, -10000)),
    ],
)
def test_settlement_lines_get_the_fee_and_the_net(reading, sign, charge, refunded, fees, nets):
    profile = load_profile(LINES.replace("SIGN", sign), "pay.profile.toml")
    assert isinstance(profile, Profile), profile
    content = (
        f"Trade,Paid out,Value,Charge\nT1,2026-05-06,10000,{charge}\n"
        f'T2,2026-05-06,"-10,000.00",{refunded}\nT3,2026-05-06,10.5,1\n'
    )
    found = reading(content, options=Options(profiles={"pay": profile}))
    assert [
        (r["gross_minor"], r["fee_minor"], r["net_minor"]) for r in found.rows("settlements")
    ] == [
        (10000, fees[0], nets[0]),
        (-10000, fees[1], nets[1]),
    ]
    assert [(p.line, p.code) for p in found.problems] == [(4, "amount_unreadable")]
    assert len({r["line_id"] for r in found.rows("settlements")}) == 2


def test_settlement_gross_from_net_and_fee_from_both(reading):
    text = LINES.replace('target = "gross_minor"', 'target = "net_minor"')
    profile = load_profile(text.replace("SIGN", "unsigned"), "pay.profile.toml")
    options = Options(profiles={"pay": profile})
    found = reading("Trade,Paid out,Value,Charge\nT1,2026-05-06,9940,60\n", options=options)
    assert (
        found.rows("settlements")[0]["gross_minor"],
        found.rows("settlements")[0]["net_minor"],
    ) == (10000, 9940)
    both = LINES.replace("[fields.fee_minor]", "[fields.net_minor]")
    profile = load_profile(both.replace("SIGN", "unsigned"), "pay.profile.toml")
    options = Options(profiles={"pay": profile})
    found = reading("Trade,Paid out,Value,Charge\nT1,2026-05-06,10000,9940\n", options=options)
    assert found.rows("settlements")[0]["fee_minor"] == 60


def test_a_fee_sign_that_is_unknown():
    problems = load_profile(LINES.replace("SIGN", "inverse"), "pay.profile.toml")
    assert [(p.line is not None, p.code) for p in problems] == [(True, "profile_fee")]


KINDS = {
    "a refund written without a minus": ("40.00,0.10,39.90", "unsigned", "-4000 -10 -3990"),
    "one written with": ("-40.00,-0.10,-39.90", "as_written", "-4000 -10 -3990"),
}


@pytest.mark.parametrize(("cells", "written", "money"), KINDS.values(), ids=KINDS)
def test_a_net_goes_the_way_of_its_gross_and_a_row_has_the_kind_of_its_sign(
    reading, cells, written, money
):
    text = (
        LINES.replace("minor_units = true\n", "")
        .replace(
            '[fields.kind]\nconstant = "sale"', '[kind]\npositive = "sale"\nnegative = "refund"'
        )
        .replace('"Value", "Charge"]', '"Value", "Charge", "Left"]')
        .replace(
            'fee = "SIGN"',
            f'fee = "{written}"\nnet = "{written}"\n[fields.net_minor]\ncolumns = ["Left"]',
        )
    )  # fmt: skip
    if written == "unsigned":
        text = text.replace('column = "Value"', 'column = "Value"\nnegate = true')
    profile = load_profile(text, "pay.profile.toml")
    assert isinstance(profile, Profile), profile
    content = f"Trade,Paid out,Value,Charge,Left\nT1,2026-05-06,{cells}\n"
    (row,) = reading(content, options=Options(profiles={"pay": profile})).rows("settlements")
    assert f"{row['gross_minor']} {row['fee_minor']} {row['net_minor']}" == money
    assert row["kind"] == "refund"


def test_a_line_that_does_not_add_up_keeps_its_net_and_tells_all_three(reading):
    text = LINES.replace("minor_units = true\n", "").replace("SIGN", "as_written")
    text = text.replace("[settlement]", '[fields.net_minor]\ncolumns = ["Left"]\n[settlement]')
    profile = load_profile(text, "pay.profile.toml")
    found = reading(
        "Trade,Paid out,Value,Charge,Left\nT1,2026-05-06,10.00,0.06,9.90\n",
        options=Options(profiles={"pay": profile}),
    )
    (row,) = found.rows("settlements")
    assert (row["gross_minor"], row["fee_minor"], row["net_minor"]) == (1000, 10, 990)
    assert [(p.line, p.code) for p in found.problems] == [(2, "net_differs")]
    assert "¥10.00" in found.problems[0].message


def test_a_kind_that_the_table_does_not_have():
    text = LINES.replace("SIGN", "as_written") + '[kind]\npositive = "sale"\nnegative = "gift"\n'
    assert [p.code for p in load_profile(text, "pay.profile.toml")] == ["profile_kind"]


SOLD = """
name = "till"
table = "sales"
columns = ["No", "When", "What", "Sum"]
[read]
dates = ["%m/%d/%Y %I:%M %p"]
currency = "USD"
timezone = "America/New_York"
[fields.sale_id]
columns = ["No"]
[fields.captured_at]
columns = ["When"]
[fields.kind]
columns = ["What"]
[fields.kind.values]
Sale = "sale"
Refund = "refund"
[fields.amount_minor]
columns = ["Sum"]
[fields.provider_id]
constant = "acq"
[fields.merchant_id]
constant = "m"
[fields.terminal_id]
constant = "t"
[fields.channel]
constant = "card"
"""


def test_a_refund_in_a_till_export_loses_its_minus_and_a_sale_keeps_it(reading):
    profile = load_profile(SOLD, "till.profile.toml")
    assert isinstance(profile, Profile), profile
    found = reading(
        "No,When,What,Sum\n1,05/06/2026 02:30 PM,Sale,10.00\n2,05/06/2026 03:00 PM,Refund,-4.00\n"
        "3,05/06/2026 12:05 AM,Sale,-1.00\n",
        options=Options(profiles={"till": profile}),
    )
    assert [row["amount_minor"] for row in found.rows("sales")] == [1000, 400, -100]
    assert [row["captured_at"].hour for row in found.rows("sales")] == [14, 15, 0]
