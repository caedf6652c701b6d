"""Same-day windows: which leg it was, where the last window is due after the plain promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from daozhang.app.check import checked

TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "P"
cutoff = "24:00"
basis = "calendar"
lag_days = 0
calendar = "CN"
credit_by = "21:00"
fee_bps = 0
windows = [
  {until = "12:00", credit_by = "16:00", lag_days = 0},
  {until = "24:00", credit_by = "11:00", lag_days = 1},
]
"""
DAYS = range(1, 9)


def _estate(folder: Path, *, cleared: str, paid: str, credited: str) -> Path:
    """Eight days of two windows, all in time; the last evening's money takes its own times."""
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    sales, lines, payouts, credits = [], [], [], []

    def sell(name: str, at: str, amount: int, *times: str) -> None:
        clears, pays, books = (f"2026-07-{time}:00+08:00" for time in times)
        sales.append(f"s{name},sale,m,t,P,card,{amount},CNY,2026-07-{at}:00+08:00")
        lines.append(f"P,l{name},sale,s{name},{amount},0,{amount},CNY,{clears},p{name},settled")
        payouts.append(f"P,p{name},a,{amount},CNY,{pays},sent")
        credits.append(f"a,c{name},{amount},CNY,{books},p{name}")

    for day in DAYS:
        sell(f"m{day}", f"{day:02}T10:00", 100 + day, f"{day:02}T12:20", f"{day:02}T14:00",
             f"{day:02}T14:10")  # fmt: skip
        if day < DAYS[-1]:
            sell(f"e{day}", f"{day:02}T18:00", 200 + day, f"{day + 1:02}T00:24",
                 f"{day + 1:02}T08:00", f"{day + 1:02}T08:10")  # fmt: skip
    sell("late", "08T18:00", 999, cleared, paid, credited)
    for table, head, rows in (
        ("sales", ("sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
         "captured_at"), sales),
        ("settlements", ("provider_id,line_id,kind,ref,gross_minor,fee_minor,net_minor,currency,"
         "cleared_at,payout_id,status"), lines),
        ("payouts", "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status",
         payouts),
        ("credits", "account_id,credit_id,amount_minor,currency,booked_at,ref", credits),
        ("accounts", "account_id,merchant_id,bank_id", ["a,m,B"]),
    ):  # fmt: skip
        (folder / f"{table}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("times", "leg"),
    [
        # Cleared and paid out at their usual hours, before the promise of 11:00: the bank's.
        (("09T00:24", "09T08:00", "12T09:00"), "credit"),
        (("09T00:24", "11T08:00", "11T08:10"), "pay_out"),
        (("11T00:24", "11T08:00", "11T08:10"), "clear"),
    ],
)
def test_the_leg_of_the_last_window(tmp_path: Path, times: tuple[str, str, str], leg: str) -> None:
    cleared, paid, credited = times
    folder = _estate(tmp_path / "in", cleared=cleared, paid=paid, credited=credited)
    with checked(folder) as found:
        assert not found.problems
        rows = found.engine.rows(
            "SELECT sale_id, status, leg FROM journeys WHERE status <> 'on_time'"
        )
    assert rows == [("slate", "late", leg)]
