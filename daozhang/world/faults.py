"""The faults and traps that can be switched on, by name.

Rules kept here: codes, mechanisms, causes and legs are those of the contract's table of causes. A
*fault* is something that went wrong; most make money late, some only change amounts or hide what
happened. A *trap* is a setting in which the obvious answer is wrong: it may switch a fault on,
and move where and when it strikes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["FAULTS", "TRAPS", "Fault", "Trap", "resolve_faults", "resolve_names"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: the contract's code, mechanism, cause and leg ("" where none).

    Attributes:
        code: such as ``F6``.
        mechanism: its readable name.
        cause: the cause that truth names.
        leg: where the money stops.
        strikes: where and when it strikes in the simulated estate.
    """

    code: str
    mechanism: str
    cause: str
    leg: str
    strikes: str


_UPGRADE: Final = "system_upgrade"
FAULTS: Final = {
    fault.code: fault
    for fault in (
        Fault("F1", "unsettled_batch_lost", _UPGRADE, "submit",
              "A920 of batch providers, upgraded in the afternoon with the day's stored sales"),
        Fault("F5", "terminal_clock_wrong", _UPGRADE, "submit",
              "P2000 of one batch provider, eight hours fast for three days after the upgrade"),
        Fault("F6", "cut_off_missed", _UPGRADE, "submit",
              "N910 of batch providers, upgraded in the evening; one batch"),
        Fault("F7", "batch_number_reset", _UPGRADE, "submit",
              "A920 of one batch provider; the batch of the upgrade's day, and again two days on"),
        Fault("F8", "key_mismatch", _UPGRADE, "submit",
              "P2000 of batch providers, from the upgrade to the next morning"),
        Fault("F9", "network_setting_lost", _UPGRADE, "submit",
              "upgraded terminals with one carrier's SIM, two days; the line is back for an hour "
              "and a half about noon"),
        Fault("F10", "network_outage", "network", "submit",
              "one carrier in one city through an evening's cut-off; one store over a lunch, which "
              "costs nothing; one terminal through another night"),
        Fault("F11", "offline_sales_forwarded_late", "network", "submit",
              "terminals with the weakest lines, upgraded or not, over three days"),
        Fault("F18", "step_skipped", "human_error", "submit",
              "the terminals of the third and fourth wave that one operator looks after"),
        Fault("F2", "wrong_terminal_or_merchant_id", _UPGRADE, "clear",
              "a few upgraded terminals whose sales go to a sister merchant, three days"),
        Fault("F14", "interface_field_mismatch", "interface_mismatch", "clear",
              "the wallet provider's files of two days"),
        Fault("F19", "provider_outage", "provider", "clear",
              "one card provider's data centre through one clearing; again over a day, which "
              "costs nothing"),
        Fault("F4", "settlement_account_lost", _UPGRADE, "pay_out",
              "single shops wholly upgraded in one wave, four days"),
        Fault("F12", "duplicate_upload_held", _UPGRADE, "pay_out",
              "one account of a batch provider whose upgraded terminals send a batch twice"),
        Fault("F13", "account_under_review", "account_processing", "pay_out",
              "single shops' accounts, for days, released, and held once more"),
        Fault("F17", "minimum_or_limit", "account_processing", "pay_out",
              "personal accounts that take one payout a day: after a weekend three fall due"),
        Fault("F22", "second_clearing_stall", "provider", "pay_out",
              "the same-day provider from the middle of the period on, later every day"),
        Fault("F16", "bank_slow", "bank_speed", "credit",
              "one bank, all its merchants, three days, and again later"),
        Fault("F3", "mcc_remapped", _UPGRADE, "",
              "merchants with an agreed rate, from the upgrade on: full rate, another category"),
        Fault("F20", "reversal_not_delivered", _UPGRADE, "",
              "one upgraded terminal in three: charged at the reboot, corrected days later"),
        Fault("F21", "payment_failed", "payment_error", "",
              "failed and mistyped payments of every terminal: no sales"),
        Fault("F15", "holiday", "", "", "the last wave is moved to the eve of a long holiday"),
        Fault("F23", "statement_missing", "data_quality", "",
              "one bank's statements of the last days"),
    )
}  # fmt: skip
"""Every fault by code, in the order of the legs; those without a leg make nothing late."""


@dataclass(frozen=True, slots=True)
class Trap:
    """A setting in which the obvious answer is wrong.

    Attributes:
        name: what to call it.
        needs: codes of faults that it switches on.
        lures: the wrong answer that it invites.
        truth: the right one.
    """

    name: str
    needs: tuple[str, ...]
    lures: str
    truth: str


TRAPS: Final = {
    trap.name: trap
    for trap in (
        Trap("holiday_week", ("F15",), "money of the holiday week is late by the upgrade",
             "nothing is late: the last wave meets a long holiday"),
        Trap("slow_bank_week", ("F16",), "money is late by the upgrade",
             "the bank is slow in the week of the great wave, for everybody"),
        Trap("outage_on_wave_day", ("F10",), "terminals went silent by the upgrade",
             "a carrier failed on the day of a wave, upgraded or not"),
        Trap("canary_of_one", (), "one terminal proves something",
             "exactly one terminal is upgraded in the whole period"),
        Trap("hold_without_notice", ("F13",), "the bank is slow",
             "payouts are held, and neither a notice nor a status says so"),
        Trap("return_pending", ("F4",), "the bank is slow",
             "payouts were sent to a wrong account and have not come back yet"),
        Trap("late_statement", (), "money is missing",
             "one bank's statements come two days late; the money was on time"),
        Trap("cut_off_without_cost", (), "a missed cut-off makes money late",
             "batches of a Friday go out after the cut-off, and the money is due on Monday anyway"),
    )
}  # fmt: skip
"""Every trap by name."""


def resolve_names(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return codes of faults and names of traps; a trap brings the faults that it needs.

    Args:
        names: codes (``F1``), mechanisms (``unsettled_batch_lost``), traps (``canary_of_one``).

    Raises:
        ValueError: a name is none of these.
    """
    by_mechanism = {fault.mechanism: code for code, fault in FAULTS.items()}
    codes: set[str] = set()
    traps: set[str] = set()
    for name in names:
        if name.lower() in TRAPS:
            traps.add(name.lower())
            codes.update(TRAPS[name.lower()].needs)
            continue
        code = name.upper() if name.upper() in FAULTS else by_mechanism.get(name.lower())
        if code is None:
            known = ", ".join(f"{f.code} ({f.mechanism})" for f in FAULTS.values())
            raise ValueError(
                f"unknown fault {name!r}; known are {known}; traps are {', '.join(TRAPS)}"
            )
        codes.add(code)
    return frozenset(codes), frozenset(traps)


def resolve_faults(names: Iterable[str]) -> frozenset[str]:
    """Return the codes of faults given by code, mechanism or trap.

    Raises:
        ValueError: a name is none of these.
    """
    return resolve_names(names)[0]
