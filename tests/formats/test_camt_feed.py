"""Entries cut out before the parser give the same facts, on the same lines, as parsed ones.

A comment before the first entry makes the parser read the whole file, so each file is read twice.
"""

import itertools
import random

import pytest

from daozhang.formats import Facts, Options, _camt_feed

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{p}Document xmlns{c}="urn:iso:std:iso:20022:tech:xsd:'
    'camt.053.001.08"><{p}BkToCstmrStmt><{p}GrpHdr><{p}CreDtTm>2026-06-01T06:00:00Z</{p}CreDtTm>'
    "</{p}GrpHdr>\n<{p}Stmt><{p}Acct><{p}Id><{p}IBAN>DE02120300000000202051</{p}IBAN></{p}Id>"
    "<{p}Ccy>EUR</{p}Ccy></{p}Acct>\n"
)
FOOT = "</{p}Stmt></{p}BkToCstmrStmt></{p}Document>\n"
BETWEEN = (
    "</{p}Stmt>\n<{p}Stmt><{p}Acct><{p}Id><{p}IBAN>DE75512108001245126199</{p}IBAN></{p}Id>"
    "</{p}Acct>\n"
)

ENTRIES = {
    "plain": "<Ntry>\n<Amt Ccy='EUR'>{n}.05</Amt><CdtDbtInd>CRDT</CdtDbtInd>\n<Sts><Cd>BOOK</Cd>"
    "</Sts><BookgDt><Dt>2026-05-{d:02d}</Dt></BookgDt><AcctSvcrRef>REFERENCE{n}</AcctSvcrRef></Ntry>\n",
    "old status": "<Ntry><Amt Ccy='EUR'>{n}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>PDNG</Sts>"
    "<BookgDt><DtTm>2026-05-{d:02d}T10:00:00</DtTm></BookgDt></Ntry>",
    "transaction": "<Ntry><NtryRef> {n} </NtryRef><Amt Ccy='EUR'>{n}</Amt><CdtDbtInd>CRDT"
    "</CdtDbtInd><BookgDt><Dt>2026-05-{d:02d}</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>PO-{n}"
    "</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>A &amp; B &lt;{n}&gt;</Nm></Pty></Dbtr>"
    "</RltdPties><RmtInf><Ustrd>payout {n} of 4111111111111111</Ustrd><Ustrd>é 到账</Ustrd>"
    "<Strd><CdtrRefInf><Ref>RF{n}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
    "two transactions": "<Ntry><Amt Ccy='EUR'>3.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>"
    "2026-05-{d:02d}</Dt></BookgDt><NtryDtls><TxDtls><Amt Ccy='EUR'>1.00</Amt></TxDtls><TxDtls>"
    "<AmtDtls><TxAmt><Amt Ccy='EUR'>2.00</Amt></TxAmt></AmtDtls><AddtlTxInf>{n}</AddtlTxInf>"
    "</TxDtls></NtryDtls></Ntry>\n\n",
    "no text": "<Ntry><Amt Ccy='EUR'>{n}</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>"
    "2026-05-{d:02d}</Dt></BookgDt><AddtlNtryInf></AddtlNtryInf><AddtlNtryInf/></Ntry>",
    "a number": "<Ntry><Amt Ccy='EUR'>{n}</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>"
    "2026-05-{d:02d}</Dt></BookgDt><AddtlNtryInf>n&#111;te {n}</AddtlNtryInf></Ntry>",
    "no amount": "<Ntry>\n<CdtDbtInd>CRDT</CdtDbtInd><NtryRef>{n}</NtryRef></Ntry>",
    "bad amount": "<Ntry><Amt Ccy='EUR'>x{n}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>\r\n",
}  # fmt: skip
EDITS = {
    "as it is": lambda text: text,
    "dos lines": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "a comment with an entry": lambda text: put_in(
        text, "<!-- <Ntry><Amt Ccy='EUR'>9</Amt></Ntry> -->"
    ),
    "CDATA": lambda text: put_in(text, "<AddtlStmtInf><![CDATA[<Ntry></Ntry>]]></AddtlStmtInf>"),
    "an instruction": lambda text: put_in(text, "<?x <Ntry></Ntry> ?>"),
    "another element": lambda text: put_in(text, "<TxsSummry><TtlNtries/></TxsSummry>"),
    "an entry elsewhere": lambda text: put_in(text, "<Other><Ntry></Ntry>\n<Ntry></Ntry></Other>"),
    "an entry in an entry": lambda text: put_in(text, "<Ntry><Ntry></Ntry>\n</Ntry>"),
    "cut": lambda text: text[: len(text) * 2 // 3],
    "an end lost": lambda text: "".join(
        [text[: len(text) // 2], text[len(text) // 2 :].replace("</Amt>", "", 1)]
    ),
    "a bare ampersand": lambda text: put_in(text, "<AddtlStmtInf>a & b</AddtlStmtInf>"),
}  # fmt: skip


def put_in(text, piece):
    """Put something between two entries behind the middle."""
    place = text.index("</Ntry>", len(text) // 2) + len("</Ntry>")
    return text[:place] + piece + text[place:]


def statement(seed, entries=160):
    rng = random.Random(seed)
    shapes = [*ENTRIES.values()]
    made = [rng.choice(shapes).format(n=n, d=n % 28 + 1) for n in range(entries)]
    made.insert(entries // 3, BETWEEN)
    return HEAD.format(p="", c="") + "".join(made).format(p="") + FOOT.format(p="")


def told(found):
    rows = [(i.table, r, n) for i in found.items if isinstance(i, Facts)
            for r, n in zip(i.rows, i.lines, strict=True)]  # fmt: skip
    return rows, [str(p) for p in found.problems]


@pytest.fixture
def cut(monkeypatch):
    """Count the entries that are cut out."""
    lines = []

    class Counted(_camt_feed.Cut):
        def __new__(cls, what, line):
            lines.append(line)
            return super().__new__(cls, what, line)

    monkeypatch.setattr(_camt_feed, "Cut", Counted)
    return lines


@pytest.mark.parametrize("chunk", [97, 64 * 1024])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_cut_or_parsed_is_the_same(edit, chunk, reading, cut, monkeypatch):
    monkeypatch.setattr(_camt_feed, "_CHUNK_BYTES", chunk)
    options = Options(timezone="Europe/Berlin")
    text = edit(statement(f"{chunk}"))
    quick = reading(text, "a.xml", options, format="camt")
    assert len(cut) > 20
    counted = len(cut)
    whole = text.replace("</Acct>", "</Acct><!-- -->", 1)
    slow = reading(whole, "a.xml", options, format="camt")
    assert len(cut) == counted
    assert told(quick) == told(slow)


def test_a_prefix(reading, cut):
    plain = statement("prefix")
    prefixed = plain.replace("</", "</ns2:").replace("xmlns=", "xmlns:ns2=")
    prefixed = (
        prefixed.replace("<", "<ns2:").replace("<ns2:/ns2:", "</ns2:").replace("<ns2:?", "<?")
    )
    assert told(reading(prefixed, "a.xml")) == told(reading(plain, "a.xml"))
    assert len(cut) > 100


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_another_encoding_goes_to_the_parser(encoding, reading, cut):
    text = statement("encoding").replace("UTF-8", encoding).replace("到账", "x")
    plain = statement("encoding").replace("到账", "x")
    assert told(reading(text.encode(encoding), "a.xml")) == told(reading(plain.replace(
        "</Acct>", "</Acct><!-- -->", 1), "a.xml"))  # fmt: skip
    assert cut == []


def test_lines_beyond_what_the_parser_counts(reading, cut):
    """The parser counts lines to 65,535; entries that it does not see are counted here."""
    entry = ENTRIES["plain"].replace("\n", "\n" * 200)
    text = HEAD.format(p="", c="") + "".join(entry.format(n=n, d=1) for n in range(200))
    found = reading(text + FOOT.format(p=""), "a.xml")
    lines = found.lines()
    assert len(cut) > 100
    assert [b - a for a, b in itertools.pairwise(lines)] == [600] * 199


def test_an_entry_in_an_element_with_an_impossible_name(reading):
    text = statement("name").replace("<Stmt>", "<n:Stmt:Id>", 1)
    found = reading(text, "a.xml", format="camt")
    assert "reader_failed" not in found.codes
    assert found.rows() == []
