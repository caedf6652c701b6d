"""The mechanisms by which money gets late, and whose cause each is: the contract's table as data.

Where a mechanism has two causes, the first holds when it began at an upgrade and spared what was
not upgraded; the second otherwise (the contract's causes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CAUSES", "MECHANISMS", "Mechanism"]

CAUSES: Final = (
    "system_upgrade", "network", "account_processing", "bank_speed", "human_error",
    "interface_mismatch", "provider", "payment_error", "data_quality", "unknown",
)  # fmt: skip
"""Every word that ``cause`` may be."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way in which money gets late.

    Attributes:
        name: as journeys and incidents say it.
        fault: the domain's number for it; "" where it has none.
        upgrade: whether an upgrade can bring it about.
        otherwise: its cause where no upgrade did; "" if only an upgrade can.
        leg: where the money stops; "" where nothing is late.
    """

    name: str
    fault: str
    upgrade: bool
    otherwise: str
    leg: str


MECHANISMS: Final = {
    m.name: m
    for m in (
        Mechanism("unsettled_batch_lost", "F1", True, "human_error", "submit"),
        Mechanism("wrong_terminal_or_merchant_id", "F2", True, "human_error", "clear"),
        Mechanism("mcc_remapped", "F3", True, "provider", ""),
        Mechanism("mcc_jump", "F3", False, "provider", ""),
        Mechanism("settlement_account_lost", "F4", True, "account_processing", "pay_out"),
        Mechanism("terminal_clock_wrong", "F5", True, "human_error", "submit"),
        Mechanism("cut_off_missed", "F6", True, "human_error", "submit"),
        Mechanism("batch_number_reset", "F7", True, "", "submit"),
        Mechanism("key_mismatch", "F8", True, "", "submit"),
        Mechanism("network_setting_lost", "F9", True, "", "submit"),
        Mechanism("network_outage", "F10", False, "network", "submit"),
        Mechanism("offline_sales_forwarded_late", "F11", True, "network", "submit"),
        Mechanism("duplicate_upload_held", "F12", True, "provider", "pay_out"),
        Mechanism("account_under_review", "F13", True, "account_processing", "pay_out"),
        Mechanism("interface_field_mismatch", "F14", False, "interface_mismatch", "clear"),
        Mechanism("holiday", "F15", False, "", ""),
        Mechanism("bank_slow", "F16", False, "bank_speed", "credit"),
        Mechanism("minimum_or_limit", "F17", False, "account_processing", "pay_out"),
        Mechanism("step_skipped", "F18", False, "human_error", "submit"),
        Mechanism("provider_outage", "F19", False, "provider", "clear"),
        Mechanism("reversal_not_delivered", "F20", True, "network", ""),
        Mechanism("payment_failed", "F21", False, "payment_error", ""),
        Mechanism("second_clearing_stall", "F22", False, "provider", "pay_out"),
        Mechanism("statement_missing", "F23", False, "data_quality", ""),
        Mechanism("batch_not_closed", "", True, "human_error", "submit"),
        Mechanism("risk_hold", "", True, "account_processing", "pay_out"),
    )
}  # fmt: skip
"""Every word that ``mechanism`` may be."""
