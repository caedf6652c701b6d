"""What each fault leaves in the facts: the table of symptoms, row by row (R9 to R24).

Each row is a fault, what is to be seen, and SQL that is true where it is seen; a fault is alone in
its estate, so what is seen is its own.
"""

from __future__ import annotations

import pytest

from daozhang.world import FAULTS

NEW = """(select terminal_id, max(finished_at::timestamptz) f from {upgrades}
where release_id = '3.2.1' and outcome = 'ok' group by all)"""
OWN = "{settlements} l join {sales} s on coalesce(s.rrn, s.sale_id) = l.ref"
NOBODYS = """{settlements} l left join {sales} s on coalesce(s.rrn, s.sale_id) = l.ref
where l.kind = 'sale' and s.sale_id is null"""
LATE = "{journeys} j join {sales} s using (sale_id) where j.status in ('late', 'never')"

SYMPTOMS: list[tuple[str, str, str]] = [
    ("F1", "a new batch begins at 000001",
     "select count(*) > 0 from {batches} where batch_no = '000001'"),
    ("F1", "the day's batch is forced, without what was stored",
     "select count(*) > 0 from {batches} where outcome = 'forced'"),
    ("F1", "no backup was made",
     "select count(*) > 0 from {actions} where what = 'backup' and outcome = 'skipped'"),
    ("F1", "only sales that the host never saw",
     f"select bool_and(s.host_at is null) from {LATE}"),
    ("F2", "sign-in is refused with 97 or 03",
     "select count(*) > 0 from {attempts} where kind = 'sign_in' and code in ('97', '03')"),
    ("F2", "another merchant's statement is long by the same amounts",
     f"""select count(*) > 0 and bool_and(n > 0) from (select j.amount_minor,
     (select count(*) from (select l.gross_minor::bigint g from {NOBODYS}) x
     where x.g = j.amount_minor) n from {{journeys}} j where j.fault = 'F2')"""),
    ("F2", "and is corrected later",
     "select count(*) > 0 from {settlements} where kind = 'adjustment' and net_minor::bigint < 0"),
    ("F3", "the category changes at the upgrade",
     f"""select count(*) > 0 and bool_and(s.captured_at::timestamptz >= u.f) from {OWN}
     join {NEW} u on u.terminal_id = s.terminal_id where l.mcc = '5999'"""),
    ("F3", "and the fee with it, though money is on time",
     f"""select min(l.fee_minor::bigint * 10000 / l.gross_minor::bigint) > 46 from {OWN}
     where l.mcc = '5999' and l.kind = 'sale' and l.gross_minor::bigint > 10000"""),
    ("F4", "payouts come back, for one merchant's account each",
     """select count(*) > 0 and bool_and(reason in ('户名不符', '卡号无效')) from {payouts}
     where status = 'returned'"""),
    ("F5", "only the late hours of the day are late",
     f"select bool_and(hour(s.host_at::timestamptz) >= 13) from {LATE}"),
    ("F6", "one batch, closed after the cut-off",
     f"""select count(distinct s.terminal_id || s.batch_no) = count(distinct s.terminal_id)
     from {LATE}"""),
    ("F7", "a batch number stands twice for one terminal",
     """select count(*) > 0 from (select terminal_id, batch_no from {batches} group by all
     having count(*) > 1)"""),
    ("F7", "a batch is rejected, and taken the next morning",
     "select count(*) > 0 from {batches} where outcome = 'rejected' and submitted_at is null"),
    ("F7", "the host says 77, 94 or 95", """select count(*) > 0 and bool_and(code in
     ('77', '94', '95')) from {attempts} where kind in ('batch_close', 'batch_upload')
     and outcome = 'declined'"""),
    ("F7", "it comes again after two days", f"""select count(distinct
     s.captured_at::timestamptz::date) >= 2 from {LATE}"""),
    ("F8", "codes A0 and 99 from the upgrade on", f"""select count(*) > 20 and
     bool_and(a."at"::timestamptz >= u.f) from {{attempts}} a join {NEW} u using (terminal_id)
     where code in ('A0', '99')"""),
    ("F8", "while the network is healthy",
     "select count(*) > 0 and bool_and(online = '1') from {signals}"),
    ("F8", "stored sales wait in the terminal",
     "select count(*) > 0 from {signals} where queued_offline::int > 0"),
    ("F9", "silence begins at the upgrade, and strikes nobody else",
     f"""select count(*) > 0 and bool_and(coalesce(g."at"::timestamptz >= u.f, false))
     from {{signals}} g left join {NEW} u using (terminal_id) where online = '0'"""),
    ("F9", "it comes and goes", """select count(*) > 0 from (select online,
     lag(online) over w a, lag(online, 2) over w b from {signals}
     window w as (partition by terminal_id order by "at")) where online = '0' and a = '1'
     and b = '0'"""),
    ("F10", "terminals that were never upgraded are silent too", f"""select count(*) > 0
     from {{signals}} anti join {NEW} u using (terminal_id) where online = '0'"""),
    ("F10", "reversals and 68 or 98 go up", """select count(*) filter (code in ('68', '98')) > 0
     and count(*) filter (kind = 'reversal') > 0 from {attempts} where outcome = 'timeout'"""),
    ("F10", "three stretches at different hours", """select count(distinct
     "at"::timestamptz::date) >= 3 from {signals} where online = '0'"""),
    ("F11", "sold days before they were handed in", f"""select bool_and(date_diff('day',
     s.captured_at::timestamptz, s.submitted_at::timestamptz) between 2 and 6) from {LATE}"""),
    ("F11", "while the terminals' other sales went with their batch", """select count(*) > 0 from
     {batches} where outcome = 'forced' and sales_count::int > 0"""),
    ("F11", "queues and bad lines",
     "select count(*) > 0 from {signals} where queued_offline::int > 0 and loss_pct::float > 20"),
    ("F12", "the same references twice", """select count(*) > 10 from {settlements} a
     join {settlements} b using (provider_id, ref) where a.status = 'held'
     and b.status = 'settled' and a.line_id <> b.line_id"""),
    ("F12", "then a hold, and it is lifted", """select count(*) > 0 from {raw_payouts} a
     join {payouts} b using (payout_id) where a.status = 'held' and b.status = 'sent'
     and a.reason like '风控%'"""),
    ("F12", "the batch doubles at the host", """select count(*) > 0 and bool_and(
     host_count::int = 2 * sales_count::int) from {batches} where outcome = 'unbalanced'"""),
    ("F13", "payouts of the whole account stop, nothing comes back", """select
     count(*) filter (status = 'held' and reason = '商户资料审核中') > 0
     and count(*) filter (status = 'returned') = 0 from {raw_payouts}"""),
    ("F13", "it is held twice", """select count(distinct paid_out_at::timestamptz::date) >= 3
     and max(paid_out_at::timestamptz) - min(paid_out_at::timestamptz) > interval 7 day
     from {raw_payouts} where status = 'held'"""),
    ("F13", "a notice says so",
     "select count(*) > 0 from {notices} where kind = 'review' and scope = 'account'"),
    ("F14", "zero rows, not fewer: both days' lines are rejected", """select count(*) > 100
     from {settlements} where status = 'rejected' and provider_id = 'LANQIAO'"""),
    ("F16", "payouts left in time", f"""select bool_and(j.paid_out_at < j.promised_at)
     from {LATE}"""),
    ("F17", "the account takes no more on that day", """select count(*) > 0 and bool_and(
     reason = 'BANK_CARD_COLLECTIONS_ABOVE_QUOTA') from {raw_payouts} where status = 'held'"""),
    ("F17", "the next payouts catch up", """select count(*) = 0 from {payouts} p
     where status = 'held' and paid_out_at::timestamptz < timestamptz '2026-05-01'"""),
    ("F18", "one operator leaves out steps", """select count(*) > 0 and count(distinct who) = 1
     and bool_and(what in ('sign_in', 'test_sale')) from {actions} where outcome = 'skipped'"""),
    ("F18", "58 and 77 on the first morning",
     "select count(*) > 0 from {attempts} where code in ('58', '77') and kind = 'sale'"),
    ("F19", "a gap, then the backlog: no line is cleared in the outage", """select count(*) = 0
     from {settlements} l join {notices} n on n.scope_id = l.provider_id and n.kind = 'outage'
     where l.cleared_at::timestamptz >= n.from_at::timestamptz
     and l.cleared_at::timestamptz < n.to_at::timestamptz"""),
    ("F19", "the host says 96 or 98 to everybody", """select count(distinct terminal_id) > 5 from
     {attempts} where code = '96'"""),
    ("F20", "orphans: settled, and no till knows them", f"select count(*) > 0 from {NOBODYS}"),
    ("F20", "adjusted days later", """select count(*) > 0 from {settlements}
     where kind = 'adjustment' and reason like '%冲正%'"""),
    ("F20", "sale and reversal timed out", """select count(*) > 0 from {attempts} a
     join {attempts} b using (terminal_id, amount_minor) where a.kind = 'sale' and a.code = '68'
     and b.kind = 'reversal' and b.outcome = 'timeout'"""),
    ("F21", "payments fail, and are no sales",
     "select count(*) > 100 from {attempts} where outcome = 'failed' and kind = 'sale'"),
    ("F22", "the payer is not the licensed one", """select count(distinct counterparty) = 1
     from {credits} where counterparty like '%信息咨询%'"""),
    ("F22", "round amounts", """select count(*) > 0 from {credits} where
     counterparty like '%信息咨询%' and amount_minor::bigint % 1000 = 0"""),
    ("F22", "the lag grows", f"""select corr(epoch(j.paid_out_at) - epoch(j.promised_at),
     epoch(j.promised_at)) > 0.5 from {LATE}"""),
    ("F23", "a statement is absent while the other banks' are there", """select count(*) > 0 from
     (select left(subject, 3) b, max(to_at) m from {coverage} where "table" = 'credits'
     group by all) where m < '2026-05-08'"""),
    ("F15", "an upgrade stands before the holiday", """select max(started_at::timestamptz::date)
     >= date '2026-04-30' from {upgrades} where release_id = '3.2.1'"""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "sql"), [pytest.param(c, q, id=f"{c}: {text}") for c, text, q in SYMPTOMS]
)
def test_a_fault_shows_its_symptoms(built, code, sql):
    assert built(code).rows(sql) == [(True,)]


def test_every_fault_has_a_symptom():
    assert {code for code, _, _ in SYMPTOMS} == set(FAULTS)


@pytest.mark.parametrize("code", ["F3", "F15", "F20", "F21", "F23"])
def test_faults_without_a_leg_make_nothing_late(built, code):
    assert built(code).summary.late_sales == 0


def test_failed_payments_are_no_sales(built):
    plain, world = built(), built("F21")
    for table in ("sales", "settlements", "credits"):
        count = f"select count(*), sum(hash(c)) from {{{table}}} c"
        assert plain.rows(count) == world.rows(count)


def test_batches_count_what_their_sales_add_up_to(built):
    world = built("F6", "F7", "F9", "F11")
    wrong = world.rows(
        """with b as (select terminal_id, batch_no, max(sales_count::int) n,
          max(sales_minor::bigint) m from {batches} where outcome <> 'rejected' group by all
          having count(*) = 1),
        s as (select terminal_id, batch_no, count(*) n, sum(amount_minor::bigint) m from {sales} s
          anti join (select original_sale_id i from {sales} where kind in ('void', 'reversal')) v
          on v.i = s.sale_id
          anti join (select sale_id i from {journeys} where faults like '%F11%') h
          on h.i = s.sale_id
          where kind = 'sale' and batch_no is not null group by all)
        select count(*) from b join s using (terminal_id, batch_no)
        where abs(b.n - s.n) > 3"""
    )
    assert wrong == [(0,)]


def test_ids_of_attempts_and_actions_are_their_own(built):
    world = built(*FAULTS)
    for table, key in {
        "attempts": "attempt_id", "actions": "action_id", "feedback": "feedback_id",
        "notices": "notice_id", "batches": "terminal_id, batch_no, closed_at",
        "signals": 'terminal_id, "at"',
    }.items():  # fmt: skip
        twice = f"select {key} from {{{table}}} group by all having count(*) > 1"
        assert world.rows(twice) == [], table


def test_feedback_turns_bad_where_terminals_fail(built):
    complaints = "select count(*) from {feedback} where kind = 'complaint'"
    assert built().rows(complaints) == [(0,)]
    assert built("F8").rows(complaints)[0][0] > 3
