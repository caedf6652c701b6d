"""A batch that missed its cut-off and was paid out in time, but to an account that sent it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from daozhang.app.check import checked

TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "P"
cutoff = "23:00"
cutoff_by = "captured"
basis = "calendar"
lag_days = 4
calendar = "CN"
credit_by = "12:00"
pay_by = "11:00"
fee_bps = 0
"""
HEADS = {
    "sales": (
        "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
        "captured_at,submitted_at"
    ),
    "settlements": (
        "provider_id,line_id,kind,ref,gross_minor,fee_minor,net_minor,currency,cleared_at,"
        "payout_id,status"
    ),
    "payouts": (
        "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status,reason,"
        "replaces_payout_id"
    ),
    "credits": "account_id,credit_id,amount_minor,currency,booked_at,ref",
    "accounts": "account_id,merchant_id,bank_id",
}


def write(folder: Path, first_sent: str) -> Path:
    """A sale promised for 5 July, handed in a day late, its first payout returned; others in time.

    The others are cleared three hours after their cut-off, which sets the deadline for clearing.
    """
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    rows: dict[str, list[str]] = {name: [] for name in HEADS}
    rows["accounts"] = ["a,m,B", "b,n,B"]

    def sell(name: str, merchant: str, day: int, handed_in: str, cleared: str) -> None:
        rows["sales"].append(
            f"{name},sale,{merchant},t{merchant},P,card,500,CNY,"
            f"2026-07-{day:02}T10:00:00+08:00,2026-07-{handed_in}:00+08:00"
        )
        rows["settlements"].append(
            f"P,l{name},sale,{name},500,0,500,CNY,2026-07-{cleared}:00+08:00,p{name},settled"
        )

    def pay(name: str, account: str, at: str, then: str) -> None:
        rows["payouts"].append(f"P,{name},{account},500,CNY,2026-07-{at}:00+08:00,{then}")

    for day in range(1, 8):
        sell(f"o{day}", "n", day, f"{day:02}T21:00", f"{day + 1:02}T02:00")
        pay(f"po{day}", "b", f"{day + 4:02}T08:00", "sent,,")
        rows["credits"].append(f"b,co{day},500,CNY,2026-07-{day + 4:02}T08:20:00+08:00,po{day}")
    sell("late", "m", 1, "02T21:00", "03T02:00")
    pay("plate", "a", first_sent, "returned,NAME_NOT_CORRECT,")
    pay("again", "a", "09T08:00", "sent,,plate")
    rows["credits"].append("a,c,500,CNY,2026-07-09T08:20:00+08:00,again")
    for name, lines in rows.items():
        text = "\n".join([HEADS[name], *lines]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("first_sent", "said"),
    [
        # Without the return the money would have been in time, whenever it was handed in.
        ("05T08:00", ("pay_out", "account_processing", "settlement_account_lost")),
        # The payout that came back had itself been sent too late: both had to be.
        ("06T08:00", ("submit", "human_error", "batch_not_closed")),
    ],
)
def test_a_delay_before_a_payout_that_was_sent_in_time_cost_nothing(
    tmp_path: Path, first_sent: str, said: tuple[str, str, str]
) -> None:
    with checked(write(tmp_path / "in", first_sent)) as found:
        assert not found.problems
        late = "SELECT leg, cause, mechanism FROM journeys WHERE status <> 'on_time'"
        assert found.engine.rows(late) == [said]
