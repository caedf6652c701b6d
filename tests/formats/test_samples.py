"""Real files: every entry is read, counted by an independent crude count."""

import logging
import re

import mt940
import pytest

from daozhang.formats import Options, read_file, recognise

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


@pytest.mark.parametrize(
    "path",
    [p for f in ("bai2", "ofx", "iso8583") for p in sample_files(f)],
    ids=lambda p: p.name,
)
def test_other_formats_are_named_and_refused(path):
    items = list(read_file(need(path), Options()))
    assert len(items) == 1
    assert items[0].line is None
    assert items[0].code.startswith("unknown_")
