"""The fact tables against the table of the contract, written out once more by hand."""

import pytest

from daozhang.facts import TABLES, Column

# Table (key): columns as the contract lists them, "?" marks one that may be missing.
CONTRACT = {
    "sales": (
        "sale_id",
        (
            "sale_id kind original_sale_id? merchant_id store_id? terminal_id provider_id channel "
            "card_type? amount_minor currency captured_at host_at? submitted_at? batch_no? "
            "trace_no? rrn? mcc?"
        ),
    ),
    "settlements": (
        "provider_id line_id",
        (
            "line_id provider_id kind? ref? merchant_id? terminal_id? gross_minor fee_minor "
            "tax_minor? reserve_minor? net_minor currency gross_currency? fx_rate? cleared_at "
            "payout_id? status reason? mcc?"
        ),
    ),
    "payouts": (
        "provider_id payout_id",
        (
            "payout_id provider_id merchant_id? account_id? net_minor currency paid_out_at status "
            "reason? replaces_payout_id?"
        ),
    ),
    "credits": (
        "account_id credit_id",
        (
            "credit_id account_id bank_id? amount_minor currency booked_at value_date? ref? "
            "counterparty? status?"
        ),
    ),
    "upgrades": (
        "terminal_id release_id started_at",
        "terminal_id release_id started_at finished_at? outcome wave?",
    ),
    "attempts": (
        "attempt_id",
        "attempt_id terminal_id at kind outcome code? host_at? amount_minor? channel? method?",
    ),
    "batches": (
        "terminal_id batch_no closed_at",
        (
            "terminal_id batch_no opened_at? closed_at submitted_at? sales_count sales_minor "
            "host_count? host_minor? outcome"
        ),
    ),
    "actions": (
        "action_id",
        "action_id at who? role? what scope scope_id outcome? before? after?",
    ),
    "feedback": ("feedback_id", "feedback_id at store_id method? score? kind? text?"),
    "releases": ("release_id", "release_id touches? purpose?"),
    "signals": ("terminal_id at", "terminal_id at online rtt_ms? loss_pct? queued_offline?"),
    "notices": ("notice_id", "notice_id scope scope_id? kind from_at to_at? text?"),
    "coverage": ("subject table from_at", "subject table from_at to_at"),
    "terminals": (
        "terminal_id",
        "terminal_id store_id merchant_id provider_id model? carrier? release_id? mcc? serial?",
    ),
    "accounts": (
        "account_id",
        (
            "account_id merchant_id bank_id provider_id? store_id? channel? currency? kind? "
            "valid_from?"
        ),
    ),
}
ALWAYS_KNOWN = {"terminals", "accounts", "releases"}

VALUES = {
    ("sales", "kind"): "sale completion adjustment refund void reversal preauth",
    ("settlements", "kind"): (
        "sale refund chargeback chargeback_reversal fee tax reserve_hold reserve_release "
        "adjustment carry_forward"
    ),
    ("settlements", "status"): "settled held rejected",
    ("payouts", "status"): "sent returned held",
    ("credits", "status"): "booked pending info",
    ("upgrades", "outcome"): "ok failed rolled_back",
    ("attempts", "kind"): "sign_in sale reversal batch_close batch_upload advice",
    ("attempts", "outcome"): "approved declined failed timeout",
    ("batches", "outcome"): "balanced unbalanced rejected forced",
    ("actions", "outcome"): "done skipped failed",
    ("feedback", "kind"): "rating complaint",
    ("signals", "online"): "0 1",
    ("notices", "scope"): "all bank provider merchant account carrier store",
}
"""Closed lists of values; a list that the contract ends with "…" is open, as a channel's is."""

# The event whose time stands in for a missing known_at. What covers a stretch is known when the
# stretch has ended, an upgrade when it starts.
EVENTS = {
    "sales": "captured_at", "settlements": "cleared_at", "payouts": "paid_out_at",
    "credits": "booked_at", "upgrades": "started_at", "attempts": "at", "batches": "closed_at",
    "actions": "at", "feedback": "at", "signals": "at", "notices": "from_at", "coverage": "to_at",
    "releases": None, "terminals": None, "accounts": None,
}  # fmt: skip

BOOKKEEPING = ("known_at", "removed")


def test_the_tables_are_those_of_the_contract_in_its_order():
    assert list(TABLES) == list(CONTRACT)
    assert [table.name for table in TABLES.values()] == list(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_columns_and_what_may_be_missing(name):
    _, columns = CONTRACT[name]
    own = [c for c in TABLES[name].columns if c.name not in BOOKKEEPING]
    assert [c.name if c.required else f"{c.name}?" for c in own] == columns.split()


@pytest.mark.parametrize("name", CONTRACT)
def test_keys(name):
    key, _ = CONTRACT[name]
    assert TABLES[name].key == tuple(key.split())
    assert all(TABLES[name].column(part).required for part in TABLES[name].key)


@pytest.mark.parametrize("name", CONTRACT)
def test_what_may_be_known_later_and_withdrawn(name):
    table = TABLES[name]
    has = [part for part in BOOKKEEPING if table.column(part) is not None]
    assert has == ([] if name in ALWAYS_KNOWN else list(BOOKKEEPING))
    assert not any(table.column(part).required for part in has)
    assert table.event == EVENTS[name]


@pytest.mark.parametrize("name", CONTRACT)
def test_values(name):
    found = {
        (name, c.name): " ".join(c.values)
        for c in TABLES[name].columns
        if c.values and c.name != "removed"
    }
    assert found == {place: values for place, values in VALUES.items() if place[0] == name}


def test_what_an_empty_cell_means():
    assert {name: table.defaults for name, table in TABLES.items() if table.defaults} == {
        "settlements": {"kind": "sale"},
        "credits": {"status": "booked"},
    }


@pytest.mark.parametrize("name", CONTRACT)
def test_kinds_follow_from_names(name):
    for column in TABLES[name].columns:
        if column.name.endswith("_minor") or column.name in {
            "score", "sales_count", "host_count", "queued_offline", "online", "removed",
        }:  # fmt: skip
            assert column.kind == "int", column
        elif column.name.endswith("_at") or column.name == "at":
            assert column.kind == "time", column
        elif column.name in {"value_date", "valid_from"}:
            assert column.kind == "date", column
        elif column.name in {"fx_rate", "rtt_ms", "loss_pct"}:
            assert column.kind == "decimal", column
        else:
            assert column.kind == "text", column


def test_counts_are_not_negative_and_amounts_may_be():
    least = {(t.name, c.name): c.at_least for t in TABLES.values() for c in t.columns}
    assert {place for place, value in least.items() if value is not None} == {
        ("batches", "sales_count"), ("batches", "host_count"), ("signals", "queued_offline"),
    }  # fmt: skip
    assert {value for value in least.values() if value is not None} == {0}


def test_a_column_is_found_by_name_and_an_extra_one_is_none():
    sales = TABLES["sales"]
    assert sales.column("rrn") == Column("rrn")
    assert sales.column("colour") is None
    assert sales.names[0] == "sale_id"
    assert sales.names[-2:] == BOOKKEEPING
