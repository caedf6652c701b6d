"""camt: signs, ids, overlaps, coverage, and files that attack their reader."""

import pytest

from daozhang.formats import Options

OPEN = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"><{root}>
<GrpHdr><CreDtTm>{created}</CreDtTm></GrpHdr><{stmt}>{head}
<Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>"""
ROOTS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
DAY = "<FrToDt><FrDtTm>2026-05-04T00:00:00</FrDtTm><ToDtTm>2026-05-04T24:00:00</ToDtTm></FrToDt>"


def camt(*parts, kind="053", created="2026-05-05T06:00:00Z", head=""):
    root, stmt = ROOTS[kind]
    start = OPEN.format(kind=kind, root=root, stmt=stmt, created=created, head=head)
    return start + "\n".join(parts) + f"</{stmt}></{root}></Document>"


def ntry(amount="1.00", cd="CRDT", more="<Sts>BOOK</Sts>", *, ref="", day="2026-05-04", text=""):
    ref = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    text = f"<AddtlNtryInf>{text}</AddtlNtryInf>" if text else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{cd}</CdtDbtInd>{more}'
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{ref}{text}</Ntry>"
    )


def balance(code, amount, day):
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


SIGNS = {
    "credit": ("CRDT", "<Sts>BOOK</Sts>", 100, "booked"),
    "debit": ("DBIT", "<Sts><Cd>BOOK</Cd></Sts>", -100, "booked"),
    # The indicator is the direction of this entry: a reversed debit comes in.
    "reversed debit": ("CRDT", "<RvslInd>true</RvslInd><Sts>BOOK</Sts>", 100, "booked"),
    "reversed credit": ("DBIT", "<RvslInd>true</RvslInd><Sts>BOOK</Sts>", -100, "booked"),
    "pending": ("CRDT", "<Sts>PDNG</Sts>", 100, "pending"),
    "information": ("CRDT", "<Sts><Cd>INFO</Cd></Sts>", 100, "info"),
}


@pytest.mark.parametrize(("cd", "more", "minor", "status"), SIGNS.values(), ids=SIGNS)
def test_sign_and_status(reading, cd, more, minor, status):
    (row,) = reading(camt(ntry(cd=cd, more=more))).rows()
    assert (row["amount_minor"], row["status"]) == (minor, status)


BROKEN = {
    "no amount": ("<Ntry><CdtDbtInd>CRDT</CdtDbtInd></Ntry>", "amount_missing"),
    "words for an amount": (ntry(amount="ten"), "amount_unreadable"),
    "unknown currency": (ntry().replace("EUR", "ZZZ"), "amount_unreadable"),
    "no direction": (ntry(cd="UP"), "direction_missing"),
    "strange status": (ntry(more="<Sts>MAYB</Sts>"), "status_unknown"),
    "no such day": (ntry(day="2026-02-30"), "date_unreadable"),
}


@pytest.mark.parametrize(("bad", "code"), BROKEN.values(), ids=BROKEN)
def test_one_bad_entry_is_located_and_the_others_go_on(reading, bad, code):
    found = reading(camt(ntry(), bad, ntry(amount="2.00"), head=DAY))
    assert found.codes == [code]
    assert found.problems[0].line == 4
    assert [r["amount_minor"] for r in found.rows()] == [100, 200]
    assert found.rows("coverage") == []  # A statement with a hole covers nothing.


def test_identical_lines_stay_two_and_an_overlap_repeats_their_ids(reading):
    twice = camt(ntry(text="fee"), ntry(text="fee"))
    overlap = camt(ntry(text="new"), ntry(text="fee"), ntry(text="fee"))
    first = {r["credit_id"] for r in reading(twice).rows()}
    second = {r["credit_id"] for r in reading(overlap).rows()}
    assert len(first) == 2
    assert first < second
    assert len(second) == 3


def test_a_shared_servicer_reference_is_no_id(reading):
    rows = reading(camt(ntry(ref="BATCH-1"), ntry(ref="BATCH-1"), ntry(ref="SINGLE-1"))).rows()
    assert len({r["credit_id"] for r in rows}) == 3
    assert rows[2]["credit_id"] == "SINGLE-1"


def test_report_then_statement_is_one_fact_and_the_later_wins(reading):
    noon = reading(camt(ntry(ref="BANK-77", more="<Sts>PDNG</Sts>"), kind="052",
                        created="2026-05-04T12:00:00Z")).rows()[0]  # fmt: skip
    night = reading(camt(ntry(ref="BANK-77"))).rows()[0]
    assert noon["credit_id"] == night["credit_id"]
    assert noon["known_at"] < night["known_at"]


def test_a_notification_never_counts_and_never_meets_the_statement(reading):
    found = reading(camt(ntry(ref="BANK-77"), kind="054", head=DAY))
    (row,) = found.rows()
    assert row["status"] == "info"
    assert row["credit_id"] != "BANK-77"
    assert found.codes == ["notification_not_statement"]
    assert found.rows("coverage") == []


def test_balance_mismatch_names_both_figures_and_withholds_coverage(reading):
    parts = (balance("OPBD", "10.00", "2026-05-04"), balance("CLBD", "12.50", "2026-05-04"))
    good = reading(camt(*parts, ntry(amount="2.50")))
    assert good.codes == []
    assert len(good.rows("coverage")) == 1
    bad = reading(camt(*parts, ntry(amount="2.00")))
    assert bad.codes == ["balance_mismatch"]
    assert "€12.00" in bad.problems[0].message
    assert "€12.50" in bad.problems[0].message
    assert bad.rows("coverage") == []


def test_pages_of_one_statement(reading):
    def page(number, last):
        mark = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"
        return camt(ntry(text="fee"), head=mark + DAY)

    one, two = page(1, "false"), page(2, "true")
    both = one.replace("</BkToCstmrStmt></Document>", "") + two[two.index("<Stmt>") :]
    found = reading(both)
    assert len({r["credit_id"] for r in found.rows()}) == 2
    assert len(found.rows("coverage")) == 1
    assert reading(one).rows("coverage") == reading(two).rows("coverage") == []
    assert len(reading(page(1, "true")).rows("coverage")) == 1


def test_an_unsplittable_batch_stays_one_row(reading):
    tx = '<TxDtls><Amt Ccy="{}">{}</Amt></TxDtls>'
    for ccy, parts, count in (("EUR", ("1.00", "2.00"), 2), ("EUR", ("1.00", "1.00"), 1),
                              ("USD", ("1.00", "2.00"), 1)):  # fmt: skip
        details = "".join(tx.format(ccy, p) for p in parts)
        entry = ntry(amount="3.00").replace("</Ntry>", f"<NtryDtls>{details}</NtryDtls></Ntry>")
        rows = reading(camt(entry)).rows()
        assert len(rows) == count
        assert sum(r["amount_minor"] for r in rows) == 300


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' if n else '<!ENTITY a0 "aaaaaaaaaa">'
        for n in range(9)
    )
    + "]>"
)
ATTACKS = {
    "entity bomb": (BOMB + camt(ntry(text="&a8;")), "xml_dtd_refused"),
    "external entity": (
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + camt(ntry(text="&x;")),
        "xml_dtd_refused",
    ),
    "external dtd": ('<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x">' + camt(), "xml_dtd_refused"),
    "cut off": (camt(ntry(), ntry())[:-60], "xml_broken"),
    "deep": (camt("<a>" * 5000), "xml_broken"),
    "no statement": (camt().split("<Stmt>")[0] + "</BkToCstmrStmt></Document>", "no_statement"),
    "no account": (camt(ntry()).replace("<IBAN>DE1</IBAN>", ""), "account_missing"),
}


@pytest.mark.parametrize(("content", "code"), ATTACKS.values(), ids=ATTACKS)
def test_attacks_and_ruins(reading, content, code):
    found = reading(content)
    assert code in found.codes
    assert all(len(str(r.get("ref", ""))) < 100 for r in found.rows())


def test_what_came_before_the_break_is_kept(reading):
    text = camt(ntry(amount="1.00"), ntry(amount="2.00"), head=DAY)
    found = reading(text[: text.rindex("<Ntry>") + 20])
    assert [r["amount_minor"] for r in found.rows()] == [100]
    assert found.rows("coverage") == []


def test_blank_lines_and_encodings(reading):
    text = camt(ntry(text="Größe"))
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1")
    for content in (f"\n\n{text}", text.encode("utf-16"), text.encode("utf-8-sig"), latin):
        (row,) = reading(content).rows()
        assert row["ref"] == "Größe"


def test_progress_counts_every_byte(reading, tmp_path):
    seen = []
    text = camt(ntry())
    reading(text, options=Options(progress=seen.append))
    assert sum(seen) == len(text.encode())
