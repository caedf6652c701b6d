"""The same question answered with pandas, as a good analyst would write it.

Run ``.venv/bin/python -m bench.with_pandas IN OUT``; writes ``OUT/journeys.parquet`` with the
columns of daozhang's. The same simplifications as ``plain_sql.py``; see ``docs/benchmarks.md``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bench.plain_sql import KNOWN, NUMBERS, TEXTS, TIMES, read_terms

__all__ = ["answer"]

ZONE = "Asia/Shanghai"
HOLIDAYS = [*pd.date_range("2026-05-01", "2026-05-05"), pd.Timestamp("2026-04-06"),
            pd.Timestamp("2026-06-19")]  # fmt: skip
MADE_UP = pd.Timestamp("2026-05-09")
COLUMNS = [
    "sale_id", "status", "leg", "reason", "amount_minor", "currency", "merchant_id", "store_id",
    "terminal_id", "provider_id", "channel", "account_id", "captured_at", "submitted_at",
    "cleared_at", "paid_out_at", "credited_at", "promised_at", "promise_rule", "provisional",
    "credit_id", "credit_ids", "payout_id", "net_minor", "fee_minor", "fee_expected_minor",
    "refunded_minor", "charged_back_minor", "credited_minor", "outstanding_minor", "late_s",
    "matched_by", "cause", "mechanism", "incident_id",
]  # fmt: skip


def read(folder: Path, name: str, wanted: list[str] | None = None) -> pd.DataFrame:
    """Read one file of facts, only the columns wanted."""
    parquet = folder / f"{name}.parquet"
    if parquet.exists():
        return pd.read_parquet(parquet, columns=wanted)
    frame = pd.read_csv(
        folder / f"{name}.csv",
        usecols=wanted,
        dtype=dict.fromkeys(TEXTS, "str") | dict.fromkeys(NUMBERS, "Int64"),
        engine="pyarrow",
    )
    for column in set(TIMES) & set(frame.columns):
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    for column in set(NUMBERS) & set(frame.columns):
        frame[column] = frame[column].astype("int64")
    return frame


def newest(frame: pd.DataFrame, key: list[str], moment: pd.Timestamp) -> pd.DataFrame:
    """Keep the newest row of each key, as known by a moment."""
    known = frame[frame["known_at"] <= moment].sort_values("known_at", kind="stable")
    return known.drop_duplicates(key, keep="last")


def latest(folder: Path) -> pd.Timestamp:
    """Return when everything is known that the files hold."""
    return max(read(folder, name, ["known_at"])["known_at"].max() for name in KNOWN)


def local_day(times: pd.Series) -> pd.Series:
    """Return the local dates of instants."""
    return times.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()


def promises(windows: pd.DataFrame) -> pd.DataFrame:
    """Return when the money of each business date is due, by term and window."""
    days = pd.DataFrame({"day": pd.date_range("2026-04-01", "2026-08-01")})
    business = (days["day"].dt.day_of_week < 5) & ~days["day"].isin(HOLIDAYS)
    days["business"] = business | (days["day"] == MADE_UP)
    days["n"] = days["business"].cumsum()
    nth = days[days["business"]].set_index("n")["day"]
    made = windows.merge(days, how="cross")
    calendar = made["day"] + pd.to_timedelta(made["lag_days"], unit="D")
    worked = (made["n"] + made["lag_days"]).map(nth)
    made["due_day"] = calendar.where(made["basis"] == "calendar", worked)
    due = made["due_day"] + pd.to_timedelta(made["credit_minute"], unit="min")
    made["promised_at"] = due.dt.tz_localize(ZONE).dt.tz_convert("UTC")
    made["due_day_at"] = made["due_day"].dt.tz_localize(ZONE).dt.tz_convert("UTC")
    return made.rename(columns={"day": "business_date"})[
        ["window_no", "business_date", "due_day", "due_day_at", "promised_at", "promise_rule"]
    ]


def promise(folder: Path, sold: pd.DataFrame) -> pd.DataFrame:
    """Return sales with their terms, account, promise and what the till did to them."""
    term_rows, window_rows = read_terms(folder / "terms.toml")
    terms, windows = pd.DataFrame(term_rows), pd.DataFrame(window_rows)
    windows["window_no"] = range(len(windows))
    sales = sold[sold["kind"] == "sale"].drop(
        columns=["kind", "original_sale_id", "rrn", "known_at"]
    )
    own = terms[terms["merchant_id"].notna()]
    general = terms[terms["merchant_id"].isna()].drop(columns="merchant_id")
    sales = sales.merge(own[["provider_id", "channel", "merchant_id", "term_no"]], how="left")
    sales = sales.merge(
        general[["provider_id", "channel", "term_no"]],
        how="left", on=["provider_id", "channel"], suffixes=("", "_general"),
    )  # fmt: skip
    sales["term_no"] = sales["term_no"].fillna(sales.pop("term_no_general"))
    sales = sales.merge(
        terms[["term_no", "cutoff_minute", "clock", "fee_bps", "fee_cap_minor"]], on="term_no"
    )
    clock = sales["seen_at"].where(sales["clock"] != "captured", sales["captured_at"])
    handed_in = sales["submitted_at"].fillna(sales["seen_at"])
    clock = clock.where(sales["clock"] != "submitted", handed_in)
    local = clock.dt.tz_convert(ZONE).dt.tz_localize(None)
    minute = local.dt.hour * 60 + local.dt.minute
    after = pd.to_timedelta((minute >= sales["cutoff_minute"]).astype(int), unit="D")
    sales["business_date"] = local.dt.normalize() + after
    fee = (2 * sales["amount_minor"] * sales["fee_bps"] + 10000) // 20000
    sales["fee_expected_minor"] = fee.clip(upper=sales["fee_cap_minor"].fillna(2**53)).astype(
        "int64"
    )
    sales["window_no"] = (
        windows.groupby("term_no")["window_no"].first().reindex(sales["term_no"]).array
    )
    for window in windows[windows["from_minute"] > 0].itertuples():
        met = (sales["term_no"] == window.term_no) & (minute >= window.from_minute)
        sales.loc[met, "window_no"] = window.window_no
    sales = sales.merge(promises(windows), how="left", on=["window_no", "business_date"])
    return with_account(sales, read(folder, "accounts"))


def with_account(sales: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """Add the account of each sale: the store's, the provider's or the merchant's."""
    found = pd.Series(None, index=sales.index, dtype="str")
    stores = accounts["store_id"].notna()
    agreed = accounts["provider_id"].notna()
    for chosen, key in (
        (accounts[stores], ["merchant_id", "store_id"]),
        (accounts[~stores & agreed], ["merchant_id", "provider_id"]),
        (accounts[~stores & ~agreed], ["merchant_id"]),
    ):
        ids = sales[key].merge(chosen[[*key, "account_id"]], how="left", on=key)["account_id"]
        ids.index = sales.index
        found = found.fillna(ids)
    return sales.assign(account_id=found)


def arrivals(folder: Path, moment: pd.Timestamp) -> pd.DataFrame:
    """Return payouts, re-sends followed, with what came of each."""
    paid = newest(read(folder, "payouts"), ["provider_id", "payout_id"], moment)
    paid["day"] = local_day(paid["paid_out_at"])
    kept = ["provider_id", "payout_id", "account_id", "net_minor", "paid_out_at", "day", "status"]
    first = paid[paid["replaces_payout_id"].isna()][kept].assign(first_id=lambda p: p["payout_id"])
    again = paid[paid["replaces_payout_id"].notna()]
    again = again[[*kept, "replaces_payout_id"]].rename(columns={"replaces_payout_id": "first_id"})
    sent = pd.concat([again, first]).drop_duplicates(["provider_id", "first_id"])
    timed = read(folder, "credits").assign(booked_day=False)
    dated = read(folder, "credits-dated").assign(booked_day=True)
    midnight = pd.to_datetime(dated["booked_at"]).dt.tz_localize(ZONE)
    dated["booked_at"] = midnight.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    timed["booked_at"] = timed["booked_at"].astype("datetime64[us, UTC]")
    credits = pd.concat([timed, dated], ignore_index=True)
    credits = newest(credits[credits["status"] == "booked"], ["account_id", "credit_id"], moment)
    credits["day"] = local_day(credits["booked_at"])
    links = linked(sent, credits)
    grouped = links.sort_values(["booked_at", "credit_id"]).groupby(["provider_id", "first_id"])
    came = grouped.agg(
        credited_minor=("amount_minor", "sum"), credited_at=("booked_at", "last"),
        booked_day=("booked_day", "last"), credited_on=("day_credit", "last"),
        credit_id=("credit_id", "last"), credit_ids=("credit_id", ";".join),
        matched_by=("matched_by", "last"),
    )  # fmt: skip
    return sent.merge(came, how="left", left_on=["provider_id", "first_id"], right_index=True)


def linked(sent: pd.DataFrame, credits: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of payout and credit: by id, then by amount and day, then by sums of a day."""
    named = credits.assign(payout_id=credits["ref"].str.extract(r"([A-Z]{2}[0-9]{13}R?)")[0])
    both = ("", "_credit")
    by_id = sent.merge(named.dropna(subset="payout_id"), on="payout_id", suffixes=both)
    by_id["amount_minor"] = by_id["amount_minor"].astype("int64")
    how = pd.Series("payout_id_in_text", by_id.index).where(
        by_id["ref"] != by_id["payout_id"], "payout_id"
    )
    parts = by_id.groupby(["provider_id", "first_id"])["credit_id"].transform("size") > 1
    by_id["matched_by"] = how.mask(parts, "split")

    waiting = sent[(sent["status"] == "sent") & ~sent["first_id"].isin(by_id["first_id"])]
    free = credits[~credits["credit_id"].isin(by_id["credit_id"])]
    pairs = waiting.merge(
        free, left_on=["account_id", "net_minor"], right_on=["account_id", "amount_minor"],
        suffixes=both,
    )  # fmt: skip
    gap = (pairs["day_credit"] - pairs["day"]).dt.days
    pairs = pairs[gap.between(0, 31)].assign(gap=gap).sort_values("gap", kind="stable")
    by_amount = pairs.drop_duplicates(["provider_id", "first_id"]).drop_duplicates("credit_id")
    by_amount = by_amount.assign(matched_by="net_amount_day")

    waiting = waiting[~waiting["first_id"].isin(by_amount["first_id"])]
    free = free[~free["credit_id"].isin(by_amount["credit_id"])]
    day = ["provider_id", "account_id", "day"]
    total = waiting.assign(amount_minor=waiting.groupby(day)["net_minor"].transform("sum"))
    merged = total.merge(free, on=["account_id", "amount_minor"], suffixes=both)
    merged = merged[(merged["day_credit"] - merged["day"]).dt.days.between(0, 3)]
    merged = merged.assign(matched_by="merged", amount_minor=merged["net_minor"])
    groups = free.groupby(["account_id", "counterparty", "day"])["amount_minor"]
    halves = free.assign(net_minor=groups.transform("sum"), size=groups.transform("size"))
    split = waiting.merge(
        halves[halves["size"] > 1], on=["account_id", "net_minor"], suffixes=both
    )  # fmt: skip
    split = split[(split["day_credit"] - split["day"]).dt.days.between(0, 3)]
    split = split.assign(matched_by="split")
    kept = ["provider_id", "first_id", "credit_id", "amount_minor", "booked_at", "booked_day",
            "day_credit", "matched_by"]  # fmt: skip
    found = [frame[kept] for frame in (by_id, by_amount, merged, split) if len(frame)]
    return pd.concat(found, ignore_index=True)


def by_sale(folder: Path, sold: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Return what the settlement lines say of each sale, and what came of their payouts."""
    wanted = ["provider_id", "line_id", "kind", "ref", "gross_minor", "fee_minor", "net_minor",
              "cleared_at", "payout_id", "status", "known_at"]  # fmt: skip
    lines = newest(read(folder, "settlements", wanted), ["provider_id", "line_id"], moment)
    target = sold["original_sale_id"].fillna(sold["sale_id"])
    ids = pd.DataFrame(
        {"provider_id": sold["provider_id"], "ref": sold["sale_id"], "sale_id": target}
    )
    numbers = ids.assign(ref=sold["rrn"]).dropna(subset="ref")
    lines = lines.merge(pd.concat([ids, numbers]), on=["provider_id", "ref"])
    payouts = arrivals(folder, moment).rename(
        columns={"net_minor": "payout_minor", "status": "payout_status", "payout_id": "sent_id"}
    )
    lines = lines.merge(
        payouts.drop(columns=["account_id", "day"]), how="left",
        left_on=["provider_id", "payout_id"], right_on=["provider_id", "first_id"],
    )  # fmt: skip
    settled = lines[lines["status"] == "settled"].copy()
    whole = settled["credited_minor"] == settled["payout_minor"]
    share = settled["net_minor"] * settled["credited_minor"] // settled["payout_minor"]
    settled["credited_minor"] = share.fillna(0).mask(whole, settled["net_minor"]).astype("int64")
    settled["whole"] = whole
    gross, kind = settled["gross_minor"], settled["kind"]
    settled["settled_minor"] = gross.where(kind == "sale", 0)
    settled["refund_minor"] = -gross.where(kind == "refund", 0)
    settled["charged_back_minor"] = -gross.where(kind.str.startswith("chargeback"), 0)
    sums = settled.groupby("sale_id")[
        ["settled_minor", "refund_minor", "charged_back_minor", "net_minor", "fee_minor",
         "credited_minor"]
    ].sum()  # fmt: skip
    own = settled[kind == "sale"].sort_values("cleared_at").copy()
    own["payout_id"] = own["sent_id"].fillna(own["payout_id"])
    own["paid_out_at"] = own["paid_out_at"].where(own["payout_status"] == "sent")
    last = own.drop_duplicates("sale_id", keep="last").set_index("sale_id")[
        ["whole", "cleared_at", "paid_out_at", "payout_id", "payout_status", "credited_at",
         "credited_on", "booked_day", "credit_id", "credit_ids", "matched_by"]
    ]  # fmt: skip
    refunded_at = settled[kind == "refund"].groupby("sale_id")["cleared_at"].max()
    stuck = lines[lines["status"] != "settled"].groupby("sale_id")["status"].max()
    return pd.concat([sums, last, refunded_at.rename("refunded_at"), stuck.rename("stuck")], axis=1)


def covered(folder: Path, moment: pd.Timestamp, sales: pd.DataFrame) -> pd.Series:
    """Return which sales' statements are there: gaps between a statement's stretches count."""
    cover = read(folder, "coverage")
    cover = cover[(cover["table"] == "credits") & (cover["known_at"] <= moment)]
    cover = cover.sort_values(["subject", "from_at"])
    before = cover.groupby("subject")["to_at"].cummax().groupby(cover["subject"]).shift()
    stretch = (before.isna() | (cover["from_at"] > before)).cumsum()
    parts = cover.groupby(["subject", stretch]).agg(
        from_at=("from_at", "min"), to_at=("to_at", "max")
    )
    parts = parts.reset_index("subject")
    due = sales[["account_id", "due_day_at", "promised_at"]].drop_duplicates()
    pairs = due.merge(parts, left_on="account_id", right_on="subject")
    shown = pairs[
        (pairs["from_at"] <= pairs["due_day_at"]) & (pairs["to_at"] >= pairs["promised_at"])
    ]
    shown = shown[["account_id", "due_day_at", "promised_at"]].drop_duplicates()
    found = sales[["account_id", "due_day_at", "promised_at"]].merge(
        shown, how="left", indicator="found"
    )["found"]
    return pd.Series((found == "both").array, index=sales.index)


def answer(folder: Path, out: Path) -> None:
    """Write ``out/journeys.parquet`` for a folder of facts of a simulated estate."""
    moment = latest(folder)
    wanted = ["sale_id", "kind", "original_sale_id", "merchant_id", "store_id", "terminal_id",
              "provider_id", "channel", "amount_minor", "currency", "captured_at", "host_at",
              "submitted_at", "rrn", "known_at"]  # fmt: skip
    sold = pd.concat(
        [read(folder, "sales", wanted), read(folder, "sales-batched", wanted)], ignore_index=True
    )
    sold = newest(sold, ["sale_id"], moment)
    sold["seen_at"] = sold.pop("host_at").fillna(sold["captured_at"])
    undone = sold[sold["kind"].isin(["refund", "void", "reversal"])]
    undone = undone.assign(voided=undone["kind"] != "refund").groupby("original_sale_id")
    undone = undone.agg(
        voided=("voided", "max"),
        taken_back=("amount_minor", "sum"),
        taken_back_at=("seen_at", "max"),
    )
    sales = promise(folder, sold)
    sales = sales.merge(undone, how="left", left_on="sale_id", right_index=True)
    sales = sales.merge(
        by_sale(folder, sold, moment), how="left", left_on="sale_id", right_index=True
    )
    finished = conclude(folder, moment, sales)
    out.mkdir(parents=True, exist_ok=True)
    finished[COLUMNS].to_parquet(out / "journeys.parquet", compression="zstd", index=False)


def conclude(folder: Path, moment: pd.Timestamp, sales: pd.DataFrame) -> pd.DataFrame:
    """Add amounts and status."""
    amount = sales["amount_minor"]
    money = ["taken_back", "settled_minor", "refund_minor", "charged_back_minor", "credited_minor"]
    known = sales[money].fillna(0).astype("int64")
    voided = sales["voided"].fillna(value=False).astype(bool)
    taken = known["taken_back"].where(~voided, known["taken_back"].clip(lower=amount))
    sales["refunded_minor"] = taken.where(taken > known["refund_minor"], known["refund_minor"])
    sales["charged_back_minor"] = known["charged_back_minor"]
    sales["credited_minor"] = known["credited_minor"]
    sales["outstanding_minor"] = (
        amount - known["settled_minor"] - (sales["refunded_minor"] - known["refund_minor"])
        + sales["net_minor"].fillna(0).astype("int64") - known["credited_minor"]
    )  # fmt: skip
    early = sales[["taken_back_at", "refunded_at"]].min(axis=1) < sales["paid_out_at"]
    whole_back = sales["refunded_minor"] >= amount
    cancelled = voided | (whole_back & (sales["paid_out_at"].isna() | early))
    came = sales["whole"].fillna(value=False).astype(bool) & (known["settled_minor"] >= amount)
    days_late = (sales["credited_on"] - sales["due_day"]).dt.days * 86400
    late_s = ((sales["credited_at"] - sales["promised_at"]).dt.total_seconds() // 1).fillna(0)
    dated = sales["booked_day"].fillna(value=False).astype(bool)
    late_s = late_s.where(~dated, days_late).clip(lower=0)
    status = pd.Series("overdue", index=sales.index)
    status = status.mask(~covered(folder, moment, sales), "unknown")
    status = status.mask(
        sales["promised_at"].isna() | (sales["promised_at"] > moment), "in_transit"
    )
    status = status.mask(came, "on_time").mask(came & (late_s > 0), "late")
    sales["status"] = status.mask(cancelled, "cancelled")
    reason = pd.Series("missing", index=sales.index).mask(sales["credited_at"].notna(), "short")
    reason = reason.mask(sales["payout_status"].isin(["returned", "held"]), sales["payout_status"])
    reason = reason.mask(sales["cleared_at"].isna() & sales["stuck"].notna(), sales["stuck"])
    sales["reason"] = reason.where(sales["status"] == "overdue")
    sales["late_s"] = late_s.where(sales["status"] == "late")
    matched = sales["matched_by"].fillna("line_ref")
    sales["matched_by"] = matched.where(sales["cleared_at"].notna())
    return sales.assign(provisional=False, leg=None, cause=None, mechanism=None, incident_id=None)


if __name__ == "__main__":
    answer(Path(sys.argv[1]), Path(sys.argv[2]))
