"""Real files: every entry is read, counted by an independent crude count."""

import logging
import re

import mt940
import pytest

from daozhang.formats import Options, recognise

from .conftest import Reading, need, sample_files

pytestmark = pytest.mark.samples
BERLIN = Options(timezone="Europe/Berlin")


@pytest.mark.parametrize("path", sample_files("camt"), ids=lambda p: p.name)
def test_camt_entries(path):
    content = need(path).read_bytes()
    found = Reading(path, BERLIN)
    assert recognise(path).name == "camt"
    assert found.errors == []
    assert len(found.rows()) >= len(re.findall(rb"<Ntry>", content))
    assert len({r["credit_id"] for r in found.rows()}) == len(found.rows())


@pytest.mark.parametrize("path", sample_files("mt940"), ids=lambda p: p.name)
def test_mt940_entries(path):
    content = need(path).read_bytes()
    found = Reading(path, Options(timezone="Europe/Berlin", currency="EUR"))
    assert recognise(path).name == "mt940"
    assert found.errors == []
    assert len(found.rows()) == len(re.findall(rb"^\s*:61:", content, re.MULTILINE))


@pytest.mark.parametrize("path", sample_files("mt940"), ids=lambda p: p.name)
def test_mt940_agrees_with_the_library(path):
    """Where the mt-940 library reads a file at all, amounts and dates are the same."""
    logging.disable(logging.CRITICAL)
    try:
        theirs = [
            t.data for t in mt940.parse(str(need(path)), encoding="latin-1") if "amount" in t.data
        ]
    except Exception as error:  # noqa: BLE001 (whatever the library does)
        pytest.skip(f"the library refuses this file: {error!r:.80}")
    finally:
        logging.disable(logging.NOTSET)
    ours = Reading(path, Options(timezone="Europe/Berlin", currency="EUR")).rows()
    if len(theirs) != len(ours):
        pytest.skip(f"the library finds {len(theirs)} of {len(ours)} entries")
    for mine, other in zip(ours, theirs, strict=True):
        # The library's sign for a reversal is not looked at: it has none.
        if abs(mine["amount_minor"]) != abs(int(other["amount"].amount * 100)):
            assert len(str(other["amount"].amount)) >= 15, (mine, other)
        assert mine["value_date"] == other["date"]


CN_BILLS = {
    "bocom_credit": (8, 80527, -7358),
    "ccb": (6, 0, -70326),
    "cgb_credit": (4, 122788, -40332),
    "citic": (13, 141, -109880),
    "cmb__credit": (6, 38080, -805678),
    "cmb__debit": (5, 123400, -201314),
    "icbc": (11, 284174, -424108),
    "jd": (26, 0, -164843),  # The file states 1648.43 going out.
    "example__wechat__example-wechat-records.csv": (27, 2849, -290453),
    "example__wechat__example-wechat-records.xlsx": (54, 5698, -580906),  # Two sheets, the same.
}


@pytest.mark.parametrize("path", sample_files("cn_bills"), ids=lambda p: p.name)
def test_chinese_bills(path):
    need(path)
    found = Reading(path)
    assert found.errors == []
    booked = [r["amount_minor"] for r in found.rows() if r.get("status", "booked") == "booked"]
    sums = (
        len(found.rows()),
        sum(a for a in booked if a > 0),
        sum(a for a in booked if a < 0),
    )
    assert sums == next(v for k, v in CN_BILLS.items() if k in path.name)
    if "jd" in path.name:
        assert "total_mismatch" not in found.codes


def test_both_sheets_of_one_bill_are_the_same_facts():
    path = next(p for p in sample_files("cn_bills") if p.name.endswith(("xlsx", "missing")))
    rows = Reading(need(path)).rows()
    assert rows[:27] == rows[27:]


@pytest.mark.parametrize("path", sample_files("bai2"), ids=lambda p: p.name)
def test_bai2_entries(path):
    content = need(path).read_bytes()
    found = Reading(path)
    assert recognise(path).name == "bai2"
    assert found.errors == []
    assert len(found.rows()) == len(re.findall(rb"(?m)^16,", content)) > 0
    assert len({r["credit_id"] for r in found.rows()}) == len(found.rows())


REFUSED_OFX = {
    "date_missing": ["date_unreadable"] * 3,  # Two have no date, one is 31 February.
    "decimal_error": ["date_unreadable"],
    "error_message": ["bank_refused"],
    "account_listing": ["no_statement"],
    "bank_small": ["no_statement"],
}


@pytest.mark.parametrize("path", sample_files("ofx"), ids=lambda p: p.name)
def test_ofx_entries(path):
    content = need(path).read_bytes()
    # One file leaves its currency empty.
    found = Reading(path, Options(currency="NZD"))
    assert recognise(path).name == "ofx"
    refused = next((codes for name, codes in REFUSED_OFX.items() if name in path.name), [])
    assert [p.code for p in found.errors] == refused
    entries = len(re.findall(rb"<STMTTRN>", content))
    lost = sum(code == "date_unreadable" for code in refused)
    assert len(found.rows()) == entries - lost
    assert all(p.line for p in found.errors if p.code == "date_unreadable")


KNOWN_ISO8583 = {"iso_reversal_message", "message_advice", "repeat_message", "message_response"}


@pytest.mark.parametrize("path", sample_files("iso8583"), ids=lambda p: p.name)
def test_iso8583_messages(path, tmp_path):
    """Messages of the standard's own encodings are read; the others say where reading stopped."""
    if path.name.endswith("attributes_data_elements.dat"):
        assert [p.code for p in Reading(need(path)).errors] == ["unknown_text"]
        return
    dated = tmp_path / f"trace-2026-09-08-{path.name}"
    dated.write_bytes(need(path).read_bytes())
    assert recognise(dated).name == "iso8583"
    found = Reading(dated)
    if any(name in path.name for name in KNOWN_ISO8583):
        assert found.errors == []
    else:
        (problem,) = found.errors
        assert problem.code == "message_unreadable"
        assert "field" in problem.message
