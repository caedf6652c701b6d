"""The simulated estate: its bytes, its sums, its promises, and what each fault does."""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import date, datetime, time, timedelta, timezone

import duckdb
import pytest

from daozhang.facts import TABLES
from daozhang.world import FAULTS, build

CHINA = timezone(timedelta(hours=8))
MOVERS = [code for code, fault in FAULTS.items() if fault.leg]
ALL = tuple(FAULTS)
SOAKED_SEEDS = [pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 5, 6)]


def digest(folder) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


SAME_SALES = 500


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, file_format):
    for name in "ab":
        build(tmp_path / name, seed=7, faults=ALL, sales=SAME_SALES, format=file_format)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    if file_format == "csv":
        build(tmp_path / "c", seed=8, faults=ALL, sales=SAME_SALES, format=file_format)
        assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_both_formats_hold_the_same_facts(tmp_path):
    csv = build(tmp_path / "csv", seed=3, faults=["F1", "F4"], sales=2_000)
    parquet = build(tmp_path / "pq", seed=3, faults=["F1", "F4"], sales=2_000, format="parquet")
    assert csv.rows == parquet.rows
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for name in ("sales", "sales-batched", "settlements", "payouts", "credits", "credits-dated"):
        columns = [
            f"{c[0]}::{'BIGINT' if c[0].endswith('minor') else c[1]} {c[0]}"
            for c in con.execute(f"describe from '{tmp_path}/pq/in/{name}.parquet'").fetchall()
        ]
        source = f"read_csv('{tmp_path}/csv/in/{name}.csv', all_varchar = true)"
        left = f"select {', '.join(columns)} from {source}"
        right = f"select * from '{tmp_path}/pq/in/{name}.parquet'"
        differ = con.execute(
            f"select count(*) from (({left} except all {right}) "
            f"union all ({right} except all {left}))"
        ).fetchone()
        assert differ == (0,), name
    con.close()


def test_every_file_has_the_columns_of_the_contract(built):
    world = built(*ALL)
    for path in world.facts.glob("*.csv"):
        table = TABLES[path.stem.split("-")[0]]
        with path.open(encoding="utf-8") as lines:
            header = next(lines).rstrip("\n").split(",")
        missing = [c.name for c in table.columns if c.required and c.name not in header]
        assert not missing, (path.name, missing)
    assert {p.stem.split("-")[0] for p in world.facts.glob("*.csv")} >= {
        "sales", "settlements", "payouts", "credits", "upgrades", "attempts", "batches", "actions",
        "releases", "signals", "notices", "coverage", "terminals", "accounts",
    }  # fmt: skip


def test_only_allowed_values_stand_in_the_tables(built):
    world = built(*ALL)
    seen = 0
    for table in sorted({path.stem.split("-")[0] for path in world.facts.glob("*.csv")}):
        held = {name for name, *_ in world.rows(f"describe select * from {{{table}}}")}
        columns = [c for c in TABLES[table].columns if c.values and c.name in held]
        for column in columns:
            found = world.rows(f'select distinct "{column.name}" from {{raw_{table}}}')
            assert {v for (v,) in found if v is not None} <= set(column.values), (table, column)
        seen += len(columns)
    assert seen > 10


@pytest.mark.parametrize("faults", [(), ALL], ids=["none", "all"])
def test_lines_sum_to_payouts_to_the_cent(built, faults):
    world = built(*faults)
    wrong = world.rows(
        """select * from
        (select payout_id, sum(net_minor::bigint) net from {settlements} where status = 'settled'
         group by all) l
        full join (select payout_id, net_minor::bigint net from {payouts}
         where replaces_payout_id is null) p using (payout_id)
        where p.net is not null and l.net is distinct from p.net"""
    )
    assert wrong == []
    assert world.rows(
        "select count(*) from {settlements} where net_minor::bigint <> "
        "gross_minor::bigint - fee_minor::bigint"
    ) == [(0,)]


@pytest.mark.parametrize("faults", [(), ("F4", "F16")], ids=["none", "F4+F16"])
def test_credits_equal_the_payouts_that_arrived(built, faults):
    world = built(*faults)
    ours = """select account_id, counterparty, sum(amount_minor::bigint) s from {credits}
        where counterparty like '%有限公司' and counterparty not like '物业%' group by all"""
    # By account and payer; a payout that left but is not booked by the end is the difference.
    names = {"HT": "华通支付有限公司", "RF": "瑞付清算服务有限公司", "AX": "安信通商务有限公司",
             "LQ": "蓝桥网络支付有限公司", "KD": "快达电子支付有限公司"}  # fmt: skip
    case = " ".join(f"when '{k}' then '{v}'" for k, v in names.items())
    # Money booked up to the last midnight is what statements show by the end.
    paid = f"""select p.account_id, case left(p.payout_id, 2) {case} end counterparty,
          sum(p.net_minor::bigint) s
        from {{payouts}} p
        join (select distinct l.payout_id, j.credited_at from {{settlements}} l
              join {{sales}} s on l.ref = coalesce(s.rrn, s.sale_id)
              join {{journeys}} j on j.sale_id = s.sale_id where l.kind = 'sale') b
          on b.payout_id = coalesce(p.replaces_payout_id, p.payout_id)
        where p.status = 'sent' and b.credited_at < timestamptz '2026-05-11 00:00:00+08'
        group by all"""
    wrong = world.rows(f"({ours} except {paid}) union all ({paid} except {ours})")
    assert wrong == []


def test_fees_are_those_of_the_terms(built):
    world = built(sales=40_000)
    terms = tomllib.loads((world.facts / "terms.toml").read_text())["terms"]
    rates = {
        (t["provider_id"], t["channel"], t.get("merchant_id")): (
            t["fee_bps"],
            t.get("fee_cap_minor"),
        )
        for t in terms
    }
    lines = world.rows(
        """select l.provider_id, s.channel, l.merchant_id, l.gross_minor::bigint,
        l.fee_minor::bigint, l.kind from {settlements} l
        join {sales} s on l.ref = coalesce(s.rrn, s.sale_id)"""
    )
    capped = 0
    for provider, channel, merchant, gross, fee, kind in lines:
        bps, cap = rates.get((provider, channel, merchant)) or rates[provider, channel, None]
        due = (gross * bps * 2 + 10_000) // 20_000
        if cap is not None and due > cap:
            due, capped = cap, capped + 1
        assert fee == (due if kind == "sale" else 0)
    assert capped > 0


WORKED = {date(2026, 5, 9)}
FREE = {date(2026, 5, d) for d in range(1, 6)}


def works(day: date) -> bool:
    return day in WORKED or (day.weekday() < 5 and day not in FREE)


def promise(term: dict, clock: datetime) -> datetime:
    """The contract's promise of one sale, written down once more, slowly."""

    def minutes(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    day = clock.date()
    if clock.hour * 60 + clock.minute >= minutes(term["cutoff"]):
        day += timedelta(days=1)
    rule = term
    for window in term.get("windows", ()):
        if clock.hour * 60 + clock.minute < minutes(window["until"]):
            rule = window
            break
    due, left = day, rule["lag_days"]
    if term["basis"] == "calendar":
        due += timedelta(days=left)
    else:
        while left or not works(due):
            due += timedelta(days=1)
            left -= left > 0 and works(due)
    at = minutes(rule["credit_by"])
    return datetime.combine(due, time(at // 60, at % 60), CHINA)


@pytest.mark.parametrize("faults", [(), ALL], ids=["none", "all"])
def test_promises_follow_the_terms(built, faults):
    world = built(*faults)
    terms = {}
    for term in tomllib.loads((world.facts / "terms.toml").read_text())["terms"]:
        terms.setdefault(term["provider_id"], term)
    rows = world.rows(
        """select s.provider_id, s.captured_at, s.host_at, epoch(j.promised_at)::bigint
        from {sales} s join {journeys} j using (sale_id)"""
    )
    assert len(rows) > 11_500
    for provider, captured, host, promised in rows:
        term = terms[provider]
        by_captured = host is None or term.get("cutoff_by") == "captured"
        clock = datetime.fromisoformat(captured if by_captured else host)
        assert promise(term, clock).timestamp() == promised, (provider, captured, host)


def test_nothing_is_late_without_a_fault(built):
    world = built()
    assert world.summary.late_sales == 0
    assert world.summary.late_by_fault == {}
    assert world.rows(
        "select count(*) from {journeys} where status in ('late', 'never') or fault is not null "
        "or (credited_at > promised_at and status <> 'cancelled')"
    ) == [(0,)]


@pytest.mark.parametrize("code", MOVERS)
@pytest.mark.parametrize("seed", [1, *SOAKED_SEEDS])
def test_each_fault_alone_makes_its_own_sales_late(built, code, seed):
    world = built(code, seed=seed)
    fault = FAULTS[code]
    late = world.rows(
        "select distinct fault, mechanism, cause, leg, on_time_without_fault from {journeys} "
        "where status in ('late', 'never')"
    )
    assert late == [(code, fault.mechanism, fault.cause, fault.leg, True)]
    told = json.loads((world.truth / "faults.json").read_text())
    [(sales, minor)] = world.rows(
        "select count(*), sum(amount_minor)::bigint from {journeys} "
        "where status in ('late', 'never')"
    )
    assert [(t["fault"], t["late_sales"], t["late_minor"]) for t in told] == [(code, sales, minor)]
    assert world.summary.late_by_fault == {code: sales}
    assert world.summary.late_minor == minor
    assert sales >= 5


SCOPES = {
    "F1": "t.model = 'A920' and s.provider_id in ('RUIFU', 'ANXIN') and s.host_at is null",
    "F5": "t.model = 'P2000' and s.provider_id = 'RUIFU'",
    "F6": "t.model = 'N910' and s.provider_id in ('RUIFU', 'ANXIN')",
    "F10": "s.provider_id in ('RUIFU', 'ANXIN')",
    "F14": "s.provider_id = 'LANQIAO'",
    "F4": "s.provider_id = 'HUATONG'",
    "F16": "true",
    "F7": "t.model = 'A920' and s.provider_id = 'RUIFU'",
    "F8": "t.model = 'P2000' and s.provider_id in ('RUIFU', 'ANXIN')",
    "F9": "t.carrier = 'CMCC' and s.provider_id in ('RUIFU', 'ANXIN')",
    "F11": "s.provider_id in ('RUIFU', 'ANXIN') and s.host_at is null",
    "F18": "s.terminal_id::bigint % 3 = 2 and s.provider_id in ('RUIFU', 'ANXIN')",
    "F2": "s.provider_id = 'HUATONG'",
    "F19": "s.provider_id = 'RUIFU' or s.provider_id = 'HUATONG'",
    "F12": "s.provider_id = 'RUIFU' or s.provider_id = 'ANXIN'",
    "F13": "true",
    "F17": "s.provider_id = 'HUATONG'",
    "F22": "s.provider_id = 'KUAIDA'",
}
ONE_PLACE = {"F12": "account_id", "F19": "provider_id", "F16": "left(account_id, 3)"}


@pytest.mark.parametrize("code", MOVERS)
def test_a_fault_stays_in_its_scope(built, code):
    world = built(code)
    assert world.rows(
        f"""select count(*) from {{journeys}} j join {{sales}} s using (sale_id)
        join {{terminals}} t using (terminal_id)
        where j.status in ('late', 'never') and not ({SCOPES[code]})"""
    ) == [(0,)]


@pytest.mark.parametrize("code", ONE_PLACE)
def test_a_fault_of_one_place_strikes_nowhere_else(built, code):
    world = built(code)
    assert world.rows(
        f"""select count(distinct {ONE_PLACE[code]}) from (select j.account_id, s.provider_id
        from {{journeys}} j join {{sales}} s using (sale_id) where j.status = 'late')"""
    ) == [(1,)]


@pytest.mark.parametrize("code", ["F1", "F5", "F6", "F7", "F8", "F9", "F11", "F18"])
def test_a_fault_of_the_submit_leg_hands_in_after_the_cut_off(built, code):
    world = built(code)
    # The cut-off that closes the business date of the sale's own clock is 22:00 for both.
    assert world.rows(
        """select count(*) from {journeys} j join {sales} s using (sale_id)
        where j.status = 'late' and s.submitted_at::timestamptz < date_trunc('day',
          coalesce(s.host_at, s.captured_at)::timestamptz + interval 2 hour) + interval 22 hour"""
    ) == [(0,)]


def test_a_network_outage_strikes_terminals_that_were_never_upgraded_too(built):
    world = built("F10")
    [(never,)] = world.rows(
        """select count(*) from {journeys} j join {sales} s using (sale_id)
        where j.status = 'late' and s.terminal_id not in
        (select terminal_id from {upgrades} where release_id = '3.2.1')"""
    )
    assert never > 0


def test_a_fast_clock_is_eight_hours_off_the_host(built):
    world = built("F5")
    offsets = world.rows(
        """select date_diff('minute', host_at::timestamptz, captured_at::timestamptz) m, count(*)
        from {sales} where host_at is not null group by all having m not between -120 and 0"""
    )
    assert [minutes for minutes, _ in offsets if abs(minutes) > 125] == [
        m for m, _ in offsets if 475 <= m <= 480
    ]
    assert sum(n for m, n in offsets if 475 <= m <= 480) > 50


def test_lost_sales_are_never_handed_in_or_days_later(built):
    world = built("F1")
    lost = world.rows(
        """select s.submitted_at is null, j.status, count(*), min(date_diff('day',
        s.captured_at::timestamptz, s.submitted_at::timestamptz)) from {journeys} j
        join {sales} s using (sale_id) where j.fault = 'F1' group by all order by all"""
    )
    assert [(never, status) for never, status, _, _ in lost] == [(False, "late"), (True, "never")]
    assert lost[0][3] >= 1


def test_returned_payouts_are_sent_again(built):
    world = built("F4")
    rows = world.rows(
        """select r.reason, p.status, p.net_minor = r.net_minor,
        p.paid_out_at::timestamptz > r.paid_out_at::timestamptz
        from {payouts} r join {payouts} p on p.replaces_payout_id = r.payout_id
        where r.status = 'returned'"""
    )
    assert len(rows) >= 3
    assert {r[0] for r in rows} <= {"户名不符", "卡号无效"}
    assert {r[1:] for r in rows} == {("sent", True, True)}


def test_rejected_lines_are_settled_later(built):
    world = built("F14")
    [(rejected, settled)] = world.rows(
        """select count(*), count(b.ref) from {settlements} a left join {settlements} b
        on a.ref = b.ref and b.status = 'settled' and b.cleared_at > a.cleared_at
        where a.status = 'rejected'"""
    )
    assert rejected == settled > 100


def test_a_holiday_is_no_fault(built):
    plain, moved = built(), built("F15")
    assert moved.summary.late_sales == 0
    last = "select max(started_at)[:10] from {upgrades} where release_id = '3.2.1'"
    assert plain.rows(last)[0][0] < "2026-04-30" <= moved.rows(last)[0][0]


def test_a_missing_statement_hides_money_that_is_on_time(built):
    plain, world = built(), built("F23")
    assert world.summary.late_sales == 0
    [(bank, end)] = world.rows(
        "select left(subject, 3), max(to_at)[:10] m from {coverage} where \"table\" = 'credits' "
        "group by all having m < '2026-05-11'"
    )
    assert end == "2026-05-06"
    assert bank in {"ICB", "CCB", "CMB", "BOC"}
    [(hidden,)] = world.rows(
        "select count(*) from {journeys} where statement_missing and status = 'on_time' "
        "and fault = 'F23' and credited_at >= timestamptz '2026-05-06 00:00:00+08'"
    )
    assert hidden > 50
    count = "select count(*) from {credits}"
    assert world.rows(count)[0][0] < plain.rows(count)[0][0]


@pytest.mark.parametrize("seed", [1, *SOAKED_SEEDS])
def test_all_faults_together_name_every_one_that_was_needed(built, seed):
    world = built(*ALL, seed=seed)
    late = "from {journeys} where status in ('late', 'never')"
    found = dict(world.rows(f"select fault, count(*) {late} group by all"))
    named = world.rows(f"select distinct unnest(string_split(faults, ';')) {late}")
    # Of several faults that strike the same sales, the first in the order of the legs is the one.
    assert set(found) <= set(MOVERS) == {code for (code,) in named}
    assert len(found) > len(MOVERS) - 4
    assert found == world.summary.late_by_fault
    assert sum(found.values()) == world.summary.late_sales
    assert world.rows(f"select count(*) {late} and not starts_with(faults, fault)") == [(0,)]
    told = json.loads((world.truth / "faults.json").read_text())
    assert all(t["named_sales"] >= t["late_sales"] for t in told)


@pytest.mark.parametrize(
    ("sales", "days"), [(0, 28), (1, 1), (60, 2), (1_000, 7), (2_500, 40), (5_000, 3)]
)
def test_any_size_can_be_built(tmp_path, sales, days):
    seen: list[tuple[int, int]] = []
    summary = build(
        tmp_path, seed=5, faults=ALL, sales=sales, days=days,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1] == (sales, sales)
    with duckdb.connect() as con:
        sql = f"select count(distinct sale_id), count(*) from '{summary.truth}/journeys.parquet'"
        assert con.execute(sql).fetchone() == (sales, sales)


def test_nothing_is_known_before_it_happened(built):
    world = built(*ALL)
    late = world.summary.as_of.isoformat()
    for table, times in {
        "sales": "greatest(host_at, submitted_at)", "settlements": "cleared_at",
        "payouts": "paid_out_at", "credits": "booked_at",
    }.items():  # fmt: skip
        assert world.rows(
            f"select count(*) from {{{table}}} where known_at::timestamptz > timestamptz '{late}' "
            f"or {times}::timestamptz > known_at::timestamptz"
        ) == [(0,)], table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 1, "faults": ["F99"]}, "unknown fault 'F99'; known are F1"),
        ({"seed": -1}, "seed >= 0"),
        ({"seed": 1, "sales": -1}, "sales >= 0"),
        ({"seed": 1, "days": 0}, "days >= 1"),
    ],
)
def test_bad_calls_are_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_a_second_build_replaces_the_first_and_nothing_else(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "mine.txt").write_text("keep me", encoding="utf-8")
    build(tmp_path, seed=1, sales=200, days=3)
    build(tmp_path, seed=1, sales=200, days=3, format="parquet")
    assert (tmp_path / "in" / "mine.txt").read_text(encoding="utf-8") == "keep me"
    assert list((tmp_path / "in").glob("*.csv")) == []
