"""Sales that missed a cut-off, and what then befell the next business date's money."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from daozhang.app.check import checked

TERM = """[[terms]]
provider_id = "{}"
cutoff = "23:00"
{}basis = "business"
lag_days = 1
calendar = "CN"
clear_by = "09:00"
pay_by = "11:00"
credit_by = "14:00"
fee_bps = 0
"""
TERMS = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n' + "".join(
    TERM.format(*words) for words in (("H", 'cutoff_by = "host"\n'), ("B", ""))
)
HEADS = {
    "accounts": "account_id,merchant_id,bank_id",
    "terminals": "terminal_id,store_id,merchant_id,provider_id,carrier",
    "sales": (
        "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
        "captured_at,host_at,submitted_at"
    ),
    "settlements": (
        "provider_id,line_id,kind,ref,merchant_id,gross_minor,fee_minor,net_minor,currency,"
        "cleared_at,payout_id,status"
    ),
    "payouts": "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status",
    "credits": "account_id,credit_id,amount_minor,currency,booked_at,ref",
    "signals": "terminal_id,at,online",
    "notices": "notice_id,scope,scope_id,kind,from_at,to_at,text",
}
DAYS, CUT = range(16, 31), 28
"""Days of April on which shops sell, and the one at whose cut-off lines were down."""


def at(day: int, of_day: str) -> str:
    """Return a moment by a day of April, those after the thirtieth being of May."""
    return f"{date(2026, 4, 1) + timedelta(days=day - 1)}T{of_day}:00+08:00"


class Estate:
    """Shops of one terminal and one account; each sells once a day, in time but where said."""

    def __init__(self) -> None:
        """Begin without any shop."""
        self.rows: dict[str, list[str]] = {name: [] for name in HEADS}

    def shop(self, name: str, provider: str, late: dict[int, int], missed: int = 0) -> None:
        """Let a shop sell at ten every day; some days' money is paid so many days later.

        The batch of the day ``missed`` is handed in after midnight.
        """
        self.rows["accounts"].append(f"a{name},m{name},B")
        self.rows["terminals"].append(f"t{name},s{name},m{name},{provider},CMCC")
        for day in DAYS:
            batch = at(day + 1, "00:20") if day == missed else at(day, "22:00")
            self.sell(
                name,
                provider,
                at(day, "10:00"),
                (at(day, "10:00"), batch),
                day + 1 + late.get(day, 0),
            )

    def sell(self, name: str, provider: str, sold: str, seen: tuple[str, str], paid: int) -> None:
        """Add a sale, when the host saw it and its batch, and a payout of its own on a day."""
        sale = f"{name}-{sold[8:13]}"
        self.rows["sales"].append(
            f"{sale},sale,m{name},t{name},{provider},card,500,CNY,{sold},{seen[0]},{seen[1]}"
        )
        self.rows["settlements"].append(
            f"{provider},l{sale},sale,{sale},m{name},500,0,500,CNY,{at(paid, '08:00')},p{sale},"
            "settled"
        )
        self.rows["payouts"].append(f"{provider},p{sale},a{name},500,CNY,{at(paid, '10:00')},sent")
        self.rows["credits"].append(f"a{name},c{sale},500,CNY,{at(paid, '10:30')},p{sale}")

    def line(self, name: str, down: range) -> None:
        """Report the line hourly about the cut-off, down in some hours before it."""
        for day in (CUT - 1, CUT, CUT + 1):
            for hour in range(24):
                on = 0 if day == CUT and hour in down else 1
                self.rows["signals"].append(f"t{name},{at(day, f'{hour:02}:30')},{on}")

    def write(self, folder: Path) -> Path:
        """Write what has rows as files."""
        folder.mkdir()
        (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
        for name, lines in self.rows.items():
            if lines:
                text = "\n".join([HEADS[name], *lines]) + "\n"
                (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return folder


def test_what_missed_its_cut_off_is_late_by_that_if_nothing_else_would_have_been(
    tmp_path: Path,
) -> None:
    """What an outage of the line kept until the next business date met that date's trouble."""
    estate = Estate()
    out, evening = range(18, 23), (at(CUT, "23:20"), at(CUT, "23:20"))
    for name in ("down", "sound", *"abcd"):
        # The provider was out on the date after: nobody got that date's money in time.
        estate.shop(name, "H", {CUT + 1: 2})
        estate.line(name, range(0) if name == "sound" else out)
    for name in ("down", "sound"):
        estate.sell(name, "H", at(CUT, "19:00"), evening, CUT + 4)
    for name, told in (("later", CUT + 2), ("earlier", CUT + 1)):
        # All of the account's money of a date missed the cut-off, and was held with the next's.
        estate.shop(name, "B", {CUT: 2, CUT + 1: 1}, missed=CUT)
        estate.line(name, out)
        estate.rows["notices"].append(
            f"{name},account,a{name},review,{at(told, '09:00')},{at(CUT + 3, '09:00')},审核"
        )
    with checked(estate.write(tmp_path / "in")) as found:
        assert not found.problems
        rows = found.engine.rows(
            "SELECT sale_id, leg, mechanism FROM journeys WHERE status = 'late' ORDER BY sale_id"
        )

    legs = {str(name): leg for name, leg, _ in rows}
    carried, whole = f"{CUT}T19", f"{CUT}T10"
    by_line = {f"down-{carried}", f"later-{whole}"}
    assert {name for name, leg in legs.items() if leg == "submit"} == by_line
    assert {how for name, _, how in rows if name in by_line} == {"network_outage"}
    assert legs.keys() >= {f"sound-{carried}", f"earlier-{whole}"}
