"""Money paid out late: by whom, on whose statement, and what reached the account meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daozhang.app.check import checked
from daozhang.cause.pay_out import may_be_below

TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "P"
cutoff = "23:00"
basis = "calendar"
lag_days = 1
calendar = "CN"
credit_by = "12:00"
fee_bps = 0
"""
DAYS = 12
DUE = datetime(2026, 7, 3, 4, tzinfo=UTC)
ACCOUNTS = ("a", "b", "c")
HEADS = {
    "sales": (
        "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at"
    ),
    "settlements": (
        "provider_id,line_id,kind,ref,merchant_id,gross_minor,fee_minor,net_minor,currency,"
        "cleared_at,payout_id,status"
    ),
    "payouts": "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status",
    "credits": "account_id,credit_id,amount_minor,currency,booked_at,counterparty",
    "accounts": "account_id,merchant_id,bank_id",
    "notices": "notice_id,scope,scope_id,kind,from_at,to_at,text",
    "upgrades": "terminal_id,release_id,started_at,finished_at,outcome",
    "actions": "action_id,at,what,scope,scope_id,before,after",
}


class Estate:
    """Three merchants with an account each, two sales a day, all in time but where said."""

    def __init__(
        self, late: Mapping[int, int], second: str, waiting: tuple[str, ...] = ACCOUNTS
    ) -> None:
        """Take by how many days each day's payouts to some accounts are late, and who pays them."""
        self.rows: dict[str, list[str]] = {name: [] for name in HEADS}
        for account in ACCOUNTS:
            self.rows["accounts"].append(f"{account},m{account},B")
            for day in range(1, DAYS):
                days = late.get(day, 0) if account in waiting else 0
                paid = day + 1 + days
                amount = 0
                for hour in (10, 15):
                    name = f"{account}{day}-{hour}"
                    amount += self.sell(name, account, day, hour, f"p{account}{day}")
                who = second if days or not second else "联付支付有限公司"
                self.pay(f"p{account}{day}", account, amount, paid, who)

    def sell(self, name: str, account: str, day: int, hour: int, payout: str) -> int:
        amount = 10_000 + 97 * day + 13 * hour + ord(account)
        self.rows["sales"].append(
            f"{name},sale,m{account},t{account},P,card,{amount},CNY,2026-07-{day:02}T{hour}:00:00+08:00"
        )
        self.line(name, "sale", f"m{account}", amount, f"{day + 1:02}T02:00", payout)
        return amount

    def line(self, ref: str, kind: str, merchant: str, gross: int, at: str, payout: str) -> None:
        number = len(self.rows["settlements"])
        self.rows["settlements"].append(
            f"P,l{number},{kind},{ref},{merchant},{gross},0,{gross},CNY,"
            f"2026-07-{at}:00+08:00,{payout},settled"
        )

    def pay(self, payout: str, account: str, amount: int, day: int, who: str) -> None:
        at = f"2026-07-{day:02}T"
        self.rows["payouts"].append(f"P,{payout},{account},{amount},CNY,{at}08:00:00+08:00,sent")
        self.rows["credits"].append(f"{account},c{payout},{amount},CNY,{at}08:20:00+08:00,{who}")

    def causes(self, folder: Path, terms: str = TERMS) -> set[tuple[object, ...]]:
        folder.mkdir()
        (folder / "terms.toml").write_text(terms, encoding="utf-8")
        for name, rows in self.rows.items():
            text = "\n".join([HEADS[name], *rows]) + "\n"
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        with checked(folder) as found:
            assert {problem.code for problem in found.problems} <= {"limit_without_windows"}
            return set(
                found.engine.rows(
                    "SELECT leg, cause, mechanism FROM journeys WHERE status IN ('late', 'overdue')"
                )
            )


@pytest.mark.parametrize(
    ("second", "mechanism"),
    [
        ("某某科技有限公司", "second_clearing_stall"),
        ("联付支付有限公司", "provider_outage"),
        # Where no payer is named at all, it is the lag that grows that tells.
        ("", "second_clearing_stall"),
    ],
)
def test_a_provider_that_pays_all_later_and_later_is_no_limit_of_an_account(
    tmp_path: Path, second: str, mechanism: str
) -> None:
    """Payouts that were late themselves do not show that the account is being paid."""
    estate = Estate({day: day - 5 for day in range(6, DAYS)}, second)
    assert estate.causes(tmp_path / "in") == {("pay_out", "provider", mechanism)}


def strayed() -> Estate:
    """What stood on a sibling's statement and was put right three days later."""
    estate = Estate({}, "")
    wrong, right, late = f"{6:02}T02:00", f"{9:02}T16:00", []
    for hour in (11, 12, 13):
        name = f"x{hour}"
        amount = 31_000 + hour
        estate.rows["sales"].append(
            f"{name},sale,ma,tx,P,card,{amount},CNY,2026-07-05T{hour}:00:00+08:00"
        )
        estate.line(name, "sale", "mb", amount, wrong, f"w{hour}")
        estate.line(name, "adjustment", "mb", -amount, right, f"v{hour}")
        estate.line(name, "sale", "ma", amount, right, "late")
        late.append(amount)
        estate.pay(f"w{hour}", "b", amount, 6, "联付支付有限公司")
        estate.rows["payouts"].append(f"P,v{hour},b,{-amount},CNY,2026-07-10T08:00:00+08:00,sent")
        estate.rows["credits"].append(
            f"b,cv{hour},{-amount},CNY,2026-07-10T08:20:00+08:00,联付支付有限公司"
        )
    estate.pay("late", "a", sum(late), 10, "联付支付有限公司")
    return estate


STRAYED = "wrong_terminal_or_merchant_id"


def test_a_line_taken_back_from_anothers_statement_cleared_nothing(tmp_path: Path) -> None:
    assert strayed().causes(tmp_path / "in") == {("clear", "human_error", STRAYED)}


@pytest.mark.parametrize(
    ("at", "cause"),
    [
        ("", "system_upgrade"),
        ("05T09:00", "human_error"),  # hours after the upgrade somebody set another shop's
        ("05T02:30", "system_upgrade"),  # the upgrade itself did
    ],
)
def test_an_identity_that_somebody_set_is_not_the_upgrades_doing(
    tmp_path: Path, at: str, cause: str
) -> None:
    estate = strayed()
    estate.rows["upgrades"].append("tx,R1,2026-07-05T02:00:00+08:00,2026-07-05T02:40:00+08:00,ok")
    if at:
        estate.rows["actions"].append(f"1,2026-07-{at}:00+08:00,merchant_id,terminal,tx,ma,mz")
    assert estate.causes(tmp_path / "in") == {("clear", cause, STRAYED)}


def test_a_refused_file_holds_no_payout(tmp_path: Path) -> None:
    """What a provider says of files tells nothing of an account whose payouts wait."""
    estate = Estate(dict.fromkeys(range(6, 9), 4), "联付支付有限公司", ("a",))
    told = "n,provider,P,file_rejected,2026-07-05T00:00:00+08:00,2026-07-12T00:00:00+08:00"
    estate.rows["notices"].append(f"{told},30 format")
    assert estate.causes(tmp_path / "in") == {("pay_out", "account_processing", "minimum_or_limit")}


@pytest.mark.parametrize(
    ("limit", "mechanism"),
    [('account_id = "a"\ndaily_limit_minor = 20000\n', "minimum_or_limit"),
     ("", "account_under_review")],
)  # fmt: skip
def test_a_limit_that_the_terms_set_an_account_is_why_it_waits(
    tmp_path: Path, limit: str, mechanism: str
) -> None:
    """From one day on each day's money comes a day late, one account's only."""
    estate = Estate(dict.fromkeys(range(6, DAYS), 1), "联付支付有限公司", ("a",))
    terms = TERMS + TERMS[TERMS.index("[[terms]]") :] + limit if limit else TERMS
    assert estate.causes(tmp_path / "in", terms) == {("pay_out", "account_processing", mechanism)}


def below(waited: int, least: int | None, days: int) -> bool:
    until = DUE + timedelta(days=days)
    return may_be_below(
        {"waited_minor": waited, "least_minor": least, "since": DUE, "until": until}
    )


def test_what_piled_up_for_days_above_all_that_was_paid_in_time_waited_for_no_minimum() -> None:
    assert not below(5000, 4000, 4)
    assert below(4200, 4000, 4)  # but for fees
    assert below(5000, 4000, 2)  # a minimum may be new
    assert below(5000, None, 4)
