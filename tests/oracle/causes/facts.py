"""The tables of money that an estate's run leaves: sales, lines, payouts, credits, terms."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from tests.oracle.causes.fleet import (
    BATCHED,
    DAY,
    HOUR,
    MINUTE,
    ONLINE,
    SAME_DAY,
    Estate,
    Moment,
    at,
    chance,
)
from tests.oracle.causes.money import Fault, Journey, Payout, Run, slot

Row = dict[str, object]
FEE_BPS = {BATCHED: 50, ONLINE: 38, SAME_DAY: 60}
PAYERS = {BATCHED: "汇捷支付有限公司", ONLINE: "通达支付有限公司", SAME_DAY: "秒到支付有限公司"}
REASONS = {
    "F2": ("商户号与终端号不符", "invalid merchant", "03"),
    "F4": ("户名不符", "account name does not match", "BANK_CARD_ACCOUNT_ABNORMAL"),
    "F12": ("重复上送", "duplicate upload", "DUPLICATE_BATCH"),
    "F13": ("商户资料审核中", "merchant under review", "ACCOUNT_REVIEW"),
    "MCC": ("风控冻结", "risk control", "RISK_HOLD"),
    "F14": ("报文格式错误：缺少字段settle_amt", "format error: settleAmt is missing", "30"),
    "F17": ("超出单日限额", "above the limit of the day", "BANK_CARD_COLLECTIONS_ABOVE_QUOTA"),
}


def reason(estate: Estate, code: str, *, must: bool = False) -> str:
    """Return what a provider says about a hold, in this estate's manner."""
    manner = estate.habits.reasons
    if code not in REASONS or (manner == "none" and not must):
        return ""
    return REASONS[code][("zh", "en", "code").index(manner) if manner != "none" else 0]


def terms(estate: Estate) -> str:
    """Return ``terms.toml``."""
    out = ['timezone = "Asia/Shanghai"\ncurrency = "CNY"\n']
    for provider in sorted({t.provider for t in estate.terminals}):
        calendar = provider == SAME_DAY or (provider == ONLINE and estate.online_calendar != "CN")
        out.append(
            f'\n[[terms]]\nprovider_id = "{provider}"\nlag_days = 1\n'
            f'cutoff = "{"24:00" if provider == SAME_DAY else "23:00"}"\n'
            f'basis = "{"calendar" if calendar else "business"}"\ncalendar = "CN"\n'
            f'credit_by = "{"12:00" if provider == SAME_DAY else "14:00"}"\n'
            f'fee_bps = {FEE_BPS[provider]}\nlegal_name = "{PAYERS[provider]}"\n'
        )
        if provider == SAME_DAY:
            out.append(
                'windows = [{ until = "11:00", credit_by = "15:00" }, '
                '{ until = "17:00", credit_by = "21:00" }]\n'
            )
    return "".join(out)


def master(estate: Estate, faults: list[Fault]) -> dict[str, list[Row]]:
    """Return terminals, accounts, releases and upgrades."""
    rng = chance(estate.seed, "master")
    tables: dict[str, list[Row]] = defaultdict(list)
    for t in estate.terminals:
        tables["terminals"].append({
            "terminal_id": t.tid, "store_id": t.store, "merchant_id": t.merchant,
            "provider_id": t.provider, "model": t.model, "carrier": t.carrier, "mcc": t.mcc,
            "area": t.area,
        })  # fmt: skip
        if t.upgraded is not None:
            tables["upgrades"].append({
                "terminal_id": t.tid, "release_id": estate.release, "started_at": t.upgraded,
                "finished_at": t.upgraded + rng.randint(6, 25) * MINUTE, "outcome": "ok",
                "wave": t.wave,
            })  # fmt: skip
    accounts = {t.account: t for t in estate.terminals}
    for name, t in sorted(accounts.items()):
        tables["accounts"].append({
            "account_id": name, "merchant_id": t.merchant, "bank_id": t.bank,
            "provider_id": t.provider,
        })  # fmt: skip
    touches = "keys;fields;mcc;account;network;clock;migration" if rng.random() < 0.3 else ""
    tables["releases"].append({"release_id": estate.release, "touches": touches})
    return tables


def shown(journey: Journey, faults: list[Fault]) -> tuple[Moment, Moment | None]:
    """Return the terminal's clock and the host's."""
    sale = journey.sale
    captured = sale.made - chance(sale.sid, "lag").randint(0, 3) * dt.timedelta(seconds=1)
    for fault in faults:
        if fault.offset and fault.hit(sale.terminal.tid, sale.made):
            captured += fault.offset
    return (sale.made if journey.stored else captured), None if journey.stored else sale.made


def mcc_of(journey: Journey, faults: list[Fault]) -> str:
    """Return the category that a sale carries: another after an upgrade that changed it."""
    t = journey.sale.terminal
    changed = any(f.code == "MCC" and t.account in f.windows for f in faults)
    after = t.upgraded is not None and journey.sale.made >= t.upgraded
    return ("5999" if t.mcc != "5999" else "5411") if changed and after else t.mcc


def sale_rows(estate: Estate, done: Run, faults: list[Fault], numbers: dict[str, str]) -> list[Row]:
    """Return sales, first without ``submitted_at`` where the estate tells it so."""
    out: list[Row] = []
    for journey in done.journeys.values():
        sale, t = journey.sale, journey.sale.terminal
        captured, host = shown(journey, faults)
        row: Row = {
            "sale_id": sale.sid, "kind": "sale", "merchant_id": t.merchant, "store_id": t.store,
            "terminal_id": t.tid, "provider_id": t.provider, "channel": sale.channel,
            "amount_minor": sale.amount, "currency": "CNY", "captured_at": captured,
            "host_at": host, "submitted_at": journey.submitted,
            "batch_no": numbers.get(sale.sid, ""), "trace_no": f"{sale.trace:06d}",
            "rrn": sale.rrn, "mcc": mcc_of(journey, faults), "known_at": sale.made,
        }  # fmt: skip
        assert journey.submitted is not None
        if journey.submitted > sale.made:
            if estate.habits.submitted_later or ((f := journey.by("submit")) and f.code == "F1"):
                out.append({**row, "submitted_at": None})
            row["known_at"] = journey.submitted
        out.append(row)
    return out


def line_rows(estate: Estate, done: Run, faults: list[Fault], extra: list[Payout]) -> list[Row]:
    """Return settlement lines, rejected ones and copies among them."""
    out: list[Row] = []
    for journey in done.journeys.values():
        sale, t = journey.sale, journey.sale.terminal
        row = _line(journey, f"L{sale.sid}", journey.cleared)
        fault = journey.by("clear")
        if fault is not None and fault.style == "rejected" and journey.first_clear:
            why = reason(estate, fault.code, must=fault.code == "F14")
            early = _line(journey, f"L{sale.sid}x", journey.first_clear)
            out.append({**early, "status": "rejected", "reason": why, "payout_id": ""})
        held = journey.by("pay_out")
        if held is not None and held.code == "F12" and journey.cleared:
            window = held.windows[t.account][0]
            if window.start <= journey.cleared < window.start + 36 * HOUR:
                twin = _line(journey, f"L{sale.sid}d", journey.cleared + 3 * MINUTE)
                why = reason(estate, "F12", must=True)
                out.append({**twin, "status": "rejected", "reason": why, "payout_id": ""})
        if estate.habits.payout_id_later and journey.paid:
            out.append({**row, "payout_id": "", "known_at": journey.cleared})
            row["known_at"] = max(journey.paid, journey.cleared or journey.paid)
        out.append(row)
    return out + [row for payout in extra for row in _mirror(payout)]


def _line(journey: Journey, line_id: str, cleared: Moment | None) -> Row:
    sale, t = journey.sale, journey.sale.terminal
    fee = _fee(journey)
    return {
        "line_id": line_id, "provider_id": t.provider, "kind": "sale", "ref": sale.rrn,
        "merchant_id": t.merchant, "terminal_id": t.tid, "gross_minor": sale.amount,
        "fee_minor": fee, "net_minor": sale.amount - fee, "currency": "CNY",
        "cleared_at": cleared, "payout_id": journey.payout, "status": "settled", "reason": "",
        "known_at": cleared,
    }  # fmt: skip


def _fee(journey: Journey) -> int:
    bps = FEE_BPS[journey.sale.terminal.provider]
    return (journey.sale.amount * bps + 5000) // 10_000


def strays(estate: Estate, done: Run) -> list[Payout]:
    """Return what a sibling was paid for sales that were booked on its number."""
    groups: dict[tuple[str, Moment], list[Journey]] = defaultdict(list)
    for journey in done.journeys.values():
        fault, t = journey.by("clear"), journey.sale.terminal
        if fault is None or fault.style != "sibling" or journey.first_clear is None:
            continue
        others = sorted({
            o.account for o in estate.terminals
            if o.provider == t.provider and o.account != t.account
        })  # fmt: skip
        sibling = chance(estate.seed, t.tid, "sibling").choice(others)
        groups[sibling, slot(estate, t.provider, journey.first_clear)].append(journey)
    return [
        Payout(f"PX{account[3:]}{when:%m%d%H}", account, when, when, when + HOUR, group)
        for (account, when), group in sorted(groups.items())
    ]


def _mirror(payout: Payout) -> list[Row]:
    merchant = f"8{int(payout.account[3:]):05d}"
    return [
        {**_line(j, f"M{j.sale.sid}", j.first_clear), "merchant_id": merchant,
         "terminal_id": "", "ref": "", "payout_id": payout.name}
        for j in payout.journeys
    ]  # fmt: skip


def payout_rows(estate: Estate, done: Run, extra: list[Payout]) -> list[Row]:
    """Return payouts: sent, held and then sent, or returned and sent again."""
    out: list[Row] = []
    for payout in done.payouts + extra:
        fault, t = payout.fault, payout.journeys[0].sale.terminal
        code, style = (fault.code, fault.style) if fault else ("", "")
        merchant = f"8{int(payout.account[3:]):05d}"
        row: Row = {
            "payout_id": payout.name, "provider_id": t.provider, "merchant_id": merchant,
            "account_id": payout.account,
            "net_minor": sum(j.sale.amount - _fee(j) for j in payout.journeys),
            "currency": "CNY", "paid_out_at": payout.paid, "status": "sent", "reason": "",
            "replaces_payout_id": "", "known_at": payout.paid,
        }  # fmt: skip
        first = (payout.let_go or payout.planned) + chance(payout.name).randint(0, 20) * MINUTE
        if code == "F4":
            back = first + chance(payout.name).choice((3, 20)) * HOUR
            early = {**row, "paid_out_at": first, "known_at": first}
            out += [early, {**early, "status": "returned", "reason": reason(estate, "F4"),
                            "known_at": min(back, payout.paid - HOUR)}]  # fmt: skip
            row |= {"payout_id": f"{payout.name}R", "replaces_payout_id": payout.name}
        elif style == "held":
            held = {"status": "held", "paid_out_at": first, "known_at": first}
            out.append({**row, **held, "reason": reason(estate, code)})
        elif any(f.code == "F17" and f.style == "said" for j in payout.journeys for f in j.faults):
            row["reason"] = reason(estate, "F17")
        out.append(row)
    return out


def credit_rows(estate: Estate, done: Run, faults: list[Fault], extra: list[Payout]) -> list[Row]:
    """Return what the banks booked."""
    out: list[Row] = []
    second = any(f.code == "F22" for f in faults)
    for payout in done.payouts + extra:
        t = payout.journeys[0].sale.terminal
        bank = next(o.bank for o in estate.terminals if o.account == payout.account)
        name = payout.name + ("R" if payout.fault and payout.fault.code == "F4" else "")
        payer = "鑫旺商务服务部" if second and t.provider == ONLINE else PAYERS[t.provider]
        dated = bank == estate.habits.dated_bank
        out.append({
            "account_id": payout.account, "credit_id": f"C{name}", "bank_id": bank,
            "amount_minor": sum(j.sale.amount - _fee(j) for j in payout.journeys),
            "currency": "CNY",
            "booked_at": payout.credited.date() if dated else payout.credited,
            "ref": f"结算款 {name}" if estate.habits.id_in_text else name,
            "counterparty": payer, "known_at": payout.credited,
        })  # fmt: skip
    return out


def coverage_rows(estate: Estate, until: dict[str, Moment], as_of: Moment) -> list[Row]:
    """Return what the statements cover: all of it, but for those that came late."""
    return [
        {"subject": name, "table": "credits", "from_at": at(estate.first - DAY, 0),
         "to_at": until.get(name, as_of), "known_at": as_of}
        for name in sorted({t.account for t in estate.terminals})
    ]  # fmt: skip
