"""The fact tables and the file formats, as documentation.

A table or column without a meaning here stops the generation, so none can be added unexplained.
"""

from __future__ import annotations

import json
from pathlib import Path

from daozhang.facts import TABLES, Column, Table
from daozhang.formats import limits
from daozhang.formats.mapped import bundled_readers
from daozhang.formats.registry import format_names
from docs._markdown import code, explained, table

__all__ = ["fact_tables", "formats", "profiles", "reader_limits"]

_TABLES = {
    "sales": "what the tills sold, and what undid it",
    "settlements": "the provider's statement, line by line",
    "payouts": "what the provider says it sent to a bank account",
    "credits": "the lines of the bank statements",
    "upgrades": "which terminal was upgraded to which release, and when",
    "attempts": "what terminals tried, and the answer they got",
    "batches": "closed batches with their totals on both sides",
    "actions": "who did or changed what",
    "feedback": "what customers said",
    "releases": "what each software release touches",
    "signals": "how well a terminal was connected",
    "notices": "announced maintenance, reviews, outages",
    "coverage": "what a statement covers; the readers fill it from period and balances",
    "terminals": "the terminals; always known",
    "accounts": "which bank account receives whose money; always known",
}

_COLUMNS = {
    "known_at": "when you learned this row; empty: the event's own time",
    "removed": "1 withdraws the fact",
    "sale_id": "your id of the sale; never used twice",
    "kind": "what it is",
    "original_sale_id": "the sale that this row undoes, completes or adjusts",
    "merchant_id": "the merchant",
    "store_id": "the store",
    "terminal_id": "the terminal",
    "provider_id": "the acquirer or wallet",
    "channel": "card, alipay, wechat, unionpay_qr, …",
    "card_type": "debit, credit, …",
    "amount_minor": "amount in minor units (fen, cents)",
    "currency": "ISO 4217 code",
    "captured_at": "the terminal's clock",
    "host_at": "the provider's clock",
    "submitted_at": "when it was handed in to the provider",
    "batch_no": "the terminal's batch number",
    "trace_no": "the terminal's running number",
    "rrn": "the provider's reference number; may come back in another year",
    "mcc": "merchant category code",
    "line_id": "the provider's id of the line",
    "ref": "what it refers to: for a line the sale's rrn or sale_id, for a credit the bank's text",
    "gross_minor": "amount before anything is kept; negative for what is taken back",
    "fee_minor": "fee kept",
    "tax_minor": "tax on the fee",
    "reserve_minor": "kept as reserve",
    "net_minor": "what is left; for a line gross − fee − tax − reserve",
    "gross_currency": "the sale's currency where it differs",
    "fx_rate": "exact rate, as text",
    "cleared_at": "when the provider settled the line",
    "payout_id": "the payout that carries it",
    "status": "where it stands",
    "reason": "why it is held, rejected or returned, in the provider's words",
    "account_id": "the bank account",
    "paid_out_at": "when the money was sent",
    "replaces_payout_id": "the returned payout that this one sends again",
    "credit_id": "the bank's id of the line, or one built by the reader",
    "bank_id": "the bank",
    "booked_at": "when the bank booked it; a bare date has day precision",
    "value_date": "the bank's value date",
    "counterparty": "who paid",
    "release_id": "the software release",
    "started_at": "when the upgrade began",
    "finished_at": "when it ended",
    "outcome": "how it ended",
    "wave": "the wave of the rollout",
    "attempt_id": "id of the attempt",
    "at": "when",
    "code": "response code",
    "method": "how the customer paid: chip, swipe, qr, face, …",
    "opened_at": "when the batch was opened",
    "closed_at": "when the batch was closed",
    "sales_count": "sales in the batch, by the terminal",
    "sales_minor": "their amount, by the terminal",
    "host_count": "sales in the batch, by the provider",
    "host_minor": "their amount, by the provider",
    "action_id": "id of the action",
    "who": "who did it",
    "role": "in what role",
    "what": "the step of a procedure, or the setting changed",
    "scope": "whom it concerns",
    "scope_id": "the one concerned",
    "before": "the setting before",
    "after": "the setting after",
    "feedback_id": "id of the feedback",
    "score": "1 to 5",
    "text": "free text",
    "touches": "`;`-list: keys, fields, mcc, account, network, clock, …",
    "purpose": "what the release is for",
    "online": "1: reachable",
    "rtt_ms": "round trip in milliseconds",
    "loss_pct": "lost packets in percent",
    "queued_offline": "sales waiting in the terminal",
    "notice_id": "id of the notice",
    "from_at": "from when",
    "to_at": "until when",
    "subject": "the account or provider whose statement it is",
    "table": "the fact table that the statement fills",
    "model": "the terminal's model",
    "carrier": "the network carrier",
    "serial": "the terminal's serial number",
    "valid_from": "first business date on which this row holds",
}

_IN_TABLE = {
    ("settlements", "ref"): "the sale's rrn or sale_id",
    ("settlements", "net_minor"): "what is left: gross − fee − tax − reserve, signed",
    ("settlements", "status"): "only `settled` lines carry money",
    ("settlements", "reason"): "why it is held or rejected, in the provider's words",
    ("payouts", "payout_id"): "the provider's id of the payout",
    ("payouts", "net_minor"): "the amount sent",
    ("payouts", "reason"): "why it is held or came back, in the provider's words",
    ("credits", "ref"): "the bank's text, in which a payout may be named",
    ("credits", "amount_minor"): "amount in minor units; negative goes out",
    ("credits", "status"): "only `booked` money has arrived",
    ("sales", "kind"): "a completion completes a preauth; the others act on the sale they name",
    ("upgrades", "outcome"): "how the upgrade ended",
}
"""What a column means in one table, where that says more than its general meaning."""

_KINDS = {
    "text": "text", "int": "whole number", "time": "time", "date": "date", "decimal": "decimal",
}  # fmt: skip

_OWN = "inputs written for the tests from the published layout"
_PSP = "settlements, sales, payouts"

_READS = {
    "camt": (
        "ISO 20022 camt.052, camt.053 and camt.054, every version",
        "credits, coverage",
        "11 public sample files; 4 more written for the tests",
    ),
    "mt940": (
        "SWIFT MT940 statements and MT942 interim reports",
        "credits, coverage",
        "42 public sample files, also compared with another library's reading; 13 more",
    ),
    "bai2": (
        "BAI2 cash management statements, version 3 too",
        "credits, coverage",
        "6 public sample files; 7 more",
    ),
    "ofx": (
        "OFX and QFX downloads, versions 1 and 2, bank, card and investment accounts",
        "credits, coverage",
        "13 public sample files; 33 more",
    ),
    "iso8583": (
        "ISO 8583:1987 traces (UnionPay POS, ASCII, EBCDIC): hex logs, length-prefixed streams",
        "sales, attempts, batches",
        f"14 public sample messages of odd layouts (6 are of a known encoding); {_OWN}",
    ),
    "alipay_trade": (
        "Alipay 业务明细, alone or in its zip",
        "settlements, sales, coverage",
        f"excerpts in public repositories; {_OWN}",
    ),
    "alipay_summary": (
        "Alipay 业务明细(汇总) and 账务汇总", "nothing: its sums are checked", _OWN,
    ),
    "alipay_account": (
        "Alipay 账务明细, older and newer columns",
        "credits, payouts, coverage",
        f"excerpts in public repositories; {_OWN}",
    ),
    "wechat_trade": (
        "WeChat Pay 交易账单 (ALL, SUCCESS, REFUND; old merchants; service providers)",
        "settlements, sales",
        f"excerpts in public repositories; {_OWN}",
    ),
    "wechat_fund_flow": (
        "WeChat Pay 资金账单",
        "credits, payouts, coverage",
        f"excerpts in public repositories; {_OWN}",
    ),
    "unionpay_zm": (
        "UnionPay 全渠道 merchant file ZM (trades), alone or in its zip",
        "settlements, sales",
        f"no public file; {_OWN} (lengths as in the public demos)",
    ),
    "unionpay_zme": (
        "UnionPay 全渠道 merchant file ZME (disputes)",
        "settlements",
        f"no public file; {_OWN}; the meaning of its fields is not confirmed",
    ),
    "allinpay": (
        "Allinpay 通联 merchant statement", "settlements, sales", f"no public file; {_OWN}",
    ),
    "allinpay_bare": (
        "the same without its header", "settlements, sales", f"no public file; {_OWN}",
    ),
    "lcsw": ("LCSW 利楚扫呗 statement", "settlements, sales", f"the published example; {_OWN}"),
    "adyen_settlement": (
        "Adyen settlement details report, payments accounting report",
        _PSP,
        f"excerpts in public repositories; {_OWN}",
    ),
    "stripe_balance": (
        "Stripe itemised payout reconciliation, balance change, balance history, per-payout export",
        _PSP,
        f"excerpts in public repositories; {_OWN}",
    ),
    "stripe_payouts": (
        "Stripe payouts (itemised, or the Dashboard's)",
        "payouts",
        f"excerpts in public repositories; {_OWN}",
    ),
    "stripe_payments": (
        "Stripe payments export, older and newer columns",
        "sales, attempts",
        f"excerpts in public repositories; {_OWN}",
    ),
    "stripe_api_balance": ("Stripe balance transactions (API answer)", _PSP, _OWN),
    "stripe_api_payouts": ("Stripe payouts (API answer)", "payouts", _OWN),
    "paypal_settlement": (
        "PayPal settlement report (STL), transaction detail report (TRR)",
        _PSP,
        f"excerpts in public repositories; {_OWN}",
    ),
    "paypal_activity": (
        "PayPal activity download in seven languages",
        _PSP,
        f"excerpts in public repositories; {_OWN}",
    ),
    "square_payout_entries": (
        "Square payout entries (API answer)", "settlements", f"the published example; {_OWN}",
    ),
    "square_payouts": ("Square payouts (API answer)", "payouts", _OWN),
    "square_transactions": (
        "Square Dashboard transactions",
        "settlements, sales",
        f"excerpts in public repositories; {_OWN}",
    ),
}  # fmt: skip
_SPEEDS = Path(__file__).parent / "format_speeds.json"
_MEASURED_AS = {
    "alipay_summary": None, "allinpay_bare": "allinpay", "unionpay_zme": "unionpay_zm",
    "stripe_api_payouts": "stripe_api_balance", "square_payouts": "square_payout_entries",
}  # fmt: skip
"""Formats that are not measured by themselves, and whose reader they share."""


def fact_tables() -> str:
    """Return a heading and a table of columns for every fact table."""
    return "\n".join(map(_fact_table, TABLES.values()))


def _fact_table(fact: Table) -> str:
    always = "Always known." if fact.event is None else f"Missing `known_at` means `{fact.event}`."
    rows = [
        (code(column.name), "yes" if column.required else "", _kind(column), _meaning(fact, column))
        for column in fact.columns
    ]
    key = ", ".join(map(code, fact.key))
    meaning = explained(_TABLES, fact.name, "_TABLES in docs/_facts.py")
    return f"### {fact.name}\n\n{meaning.capitalize()}. Key: {key}. {always}\n\n" + table(
        ("column", "needed", "kind", "meaning"), rows
    )


def _kind(column: Column) -> str:
    least = "" if column.at_least is None else f", at least {column.at_least}"
    return _KINDS[column.kind] + least


def _meaning(fact: Table, column: Column) -> str:
    general = explained(_COLUMNS, column.name, "_COLUMNS in docs/_facts.py")
    meaning = _IN_TABLE.get((fact.name, column.name), general)
    values = ", ".join(map(code, column.values)) if column.name != "removed" else ""
    default = fact.defaults.get(column.name)
    empty = f". Empty means `{default}`" if default else ""
    return (f"{values}: " if values else "") + meaning + empty


def formats() -> str:
    """Return the table of formats that are read without being described."""
    bundled = {reader.name: reader for reader in bundled_readers()}
    rows = []
    for name in format_names():
        if name in bundled:
            profile = bundled[name].profile
            tried = "1 public sample file" if name != "wechat_personal" else "2 public sample files"
            rows.append((code(name), profile.title, profile.table, tried, _speed("cmb_debit")))
        else:
            measured = _MEASURED_AS.get(name, name)
            rows.append((code(name), *explained(_READS, name, "_READS in docs/_facts.py"),
                         _speed(measured) if measured else ""))  # fmt: skip
    return table(("format", "layout", "gives", "tried on", "speed"), rows)


def _speed(name: str) -> str:
    """Return what the bench measured of a format, and how it compares with another library."""
    found = json.loads(_SPEEDS.read_text(encoding="utf-8"))[name]
    said = f"{found['rows_s']:,} rows/s, {found['mb_s']} MB/s"
    if "library" in found:
        said += f" ({found['ratio']}× {found['library']})"
    return said


def profiles() -> str:
    """Return the table of bundled mapping profiles with the headers that recognise them."""
    rows = [
        (code(reader.name), reader.profile.title, ", ".join(sorted(reader.profile.columns)))
        for reader in bundled_readers()
    ]
    return table(("profile", "layout", "known by the columns"), rows)


def reader_limits() -> str:
    """Return the limits on what a file may ask of a reader."""
    meanings = {
        "FILE_BYTES_MAX": "one file, in bytes",
        "LINE_CHARS_MAX": "one line of a text file, in characters",
        "CELL_CHARS_MAX": "one cell, in characters",
        "SHEET_CELLS_MAX": "the rectangle of used cells of a sheet",
        "ZIP_EXPANDED_BYTES_MAX": "an XLSX file unpacked, in bytes",
        "ZIP_RATIO_MAX": "unpacked bytes for each packed byte",
        "HEADER_SEARCH_ROWS": "rows from the top in which a header may stand",
        "PROBLEMS_PER_FILE_MAX": "problems told of one file; the rest is counted",
    }
    rows = [(meaning, f"{getattr(limits, name):,}") for name, meaning in meanings.items()]
    return table(("limit", "value"), rows)
