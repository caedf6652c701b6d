"""MT940 and MT942: the grammar of single fields, and messy wholes."""

import datetime as dt

import pytest

from daozhang.formats import Options, mt940
from daozhang.formats._mt940_tags import (
    FieldError,
    parse_balance,
    parse_details,
    parse_statement_line,
    swift_amount,
)

from .conftest import DATA, Reading, need, sample_files

HEAD = ":20:A\n:25:1/2\n:60F:C260503EUR10,00\n"

LINES = {
    "both dates": ("2605020504C1,5NTRFX", "2026-05-02", "2026-05-04", 1, "1,5"),
    "no entry date": ("260504D107,NMSC", "2026-05-04", "2026-05-04", -1, "107,"),
    "blank entry date": ("260504    D1,NMSC", "2026-05-04", "2026-05-04", -1, "1,"),
    "funds code": ("2605040504DR1,00NMSC", "2026-05-04", "2026-05-04", -1, "1,00"),
    "funds code N, no entry date": ("110701CN50,00NZ10NONREF", "2011-07-01", "2011-07-01", 1,
                                    "50,00"),
    "reversal of a debit": ("2605040504RDR7,N068", "2026-05-04", "2026-05-04", 1, "7,"),
    "reversal of a credit": ("2605040504RC7,N068", "2026-05-04", "2026-05-04", -1, "7,"),
    "booked next year": ("2512310102C1,NTRF", "2025-12-31", "2026-01-02", 1, "1,"),
    "valued next year": ("2601021231C1,NTRF", "2026-01-02", "2025-12-31", 1, "1,"),
    "30 February": ("2602300302C1,NTRF", None, "2026-03-02", 1, "1,"),
    "no decimals at all": ("260504C9792FTRFNONREF", "2026-05-04", "2026-05-04", 1, "9792"),
    "leading zeros": ("260504D000000000001213,28N044", "2026-05-04", "2026-05-04", -1,
                      "000000000001213,28"),
    "four-digit year": ("20260504C1,NTRF", "2026-05-04", "2026-05-04", 1, "1,"),
    "expected credit": ("260504EC1,NTRF", "2026-05-04", "2026-05-04", 1, "1,"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "value", "booked", "sign", "amount"), LINES.values(), ids=LINES)
def test_statement_line(text, value, booked, sign, amount):
    found = parse_statement_line([text])
    assert (found.value_date and found.value_date.isoformat()) == value
    assert found.booked_on.isoformat() == booked
    assert (found.sign, found.amount) == (sign, amount)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "26xx04D3,25NMSC", "269999D3,25NMSC", "260504X3,"]
)
def test_statement_line_refused(text):
    with pytest.raises(FieldError):
        parse_statement_line([text])


AMOUNTS = {
    "1,": ("EUR", 100), "1234,5": ("EUR", 123450), ",5": ("EUR", 50), "1.234,56": ("EUR", 123456),
    "1,234.56": ("EUR", 123456), "100": ("JPY", 100), "1'000,00": ("CHF", 100000),
    "1,234": ("KWD", 1234),
}  # fmt: skip


@pytest.mark.parametrize("text", AMOUNTS)
def test_amount(text):
    currency, minor = AMOUNTS[text]
    assert swift_amount(text, currency) == minor


@pytest.mark.parametrize(("text", "currency"), [("1,005", "EUR"), ("1,2,3", "EUR"), ("1,5", "JPY"),
                                                ("1,00", "XXX")])  # fmt: skip
def test_amount_refused(text, currency):
    with pytest.raises(FieldError):
        swift_amount(text, currency)


def test_balance():
    found = parse_balance("D260504EUR00012,5")
    assert (found.day, found.currency, found.minor) == (dt.date(2026, 5, 4), "EUR", -1250)
    with pytest.raises(FieldError):
        parse_balance("X260504EUR1,")


def test_details_find_ids_cut_across_lines_and_sub_fields():
    german = parse_details(["166?00GUT?20EREF+PO-12?2134-X?22SVWZ+Rest ?32Karten?33haus"])
    assert "PO-1234-X" in german.text
    assert german.counterparty == "Kartenhaus"
    slashed = parse_details(["/TRTP/SEPA/NAME/Kaart BV/REMI/" + "x" * 31 + "PO-", "99/EREF/E"])
    assert "PO-99" in slashed.text
    assert slashed.counterparty == "Kaart BV"
    free = parse_details(["short line", "next word"])
    assert free.text == "short line next word"


MESSY = {
    "lost line ends": HEAD.replace("\n", "") + ":61:260504C1,NTRF:86:text:62F:C260504EUR11,",
    "lone carriage returns": (HEAD + ":61:260504C1,NTRF\n:62F:C260504EUR11,").replace("\n", "\r"),
    "blank lines": (HEAD + ":61:260504C1,NTRF\n:62F:C260504EUR11,\n").replace("\n", "\n\n"),
    "details before the line": HEAD + ":86:odd\n:61:260504C1,NTRF\n:62F:C260504EUR11,\n",
    "text before the tags": "BANK\n940\n" + HEAD + ":61:260504C1,NTRF\n:62F:C260504EUR11,\n-XXX\n",
    "no closing": HEAD + ":61:260504C1,NTRF\n",
    "control characters": "\x01" + HEAD.replace(":25:", "\x03:25:") + "\x02:61:260504C1,NTRF\n\x1a",
    "unknown field": HEAD + ":99:what\n:61:260504C1,NTRF\n",
    "details under the wrong tag": HEAD + ":61:260504C1,NTRF\n:25:166?00A?20B\n",
    "time in the details": HEAD + ":61:260504C1,NTRF\n:86:at\n:08 h and :14:30: too\n",
}


@pytest.mark.parametrize("text", MESSY.values(), ids=MESSY)
def test_messy_files_give_their_entry(reading, text):
    found = reading(text)
    assert found.errors == []
    (row,) = found.rows()
    assert (row["amount_minor"], row["account_id"]) == (100, "1/2")


def test_one_bad_line_never_hides_the_next(reading):
    found = reading(
        HEAD + ":61:broken\n:61:260504C1,NTRF\n:61:260504C1,005NTRF\n:62F:C260504EUR11,"
    )
    assert found.codes == ["entry_unreadable", "amount_unreadable"]
    assert [p.line for p in found.problems] == [4, 6]
    assert len(found.rows()) == 1
    assert found.rows("coverage") == []


def test_a_fragment_gives_one_located_error_or_facts(reading):
    text = ":61:260504C1,NTRF\n:61:260504C1,NTRF\n"
    found = reading(text)
    assert found.codes == ["currency_missing"]
    assert found.problems[0].line == 1
    found = reading(":34F:EUR0,\n" + text)
    assert found.codes == ["account_missing"]
    assert {r["account_id"] for r in found.rows()} == {"unstated"}
    assert len({r["credit_id"] for r in found.rows()}) == 2


def test_pages_of_one_statement_count_identical_lines_on(reading):
    line = ":61:260504C1,NTRF\n"
    first = f"{HEAD}{line}:62M:C260504EUR11,00\n-\n"
    second = f":20:A\n:25:1/2\n:60M:C260504EUR11,00\n{line}:62F:C260504EUR12,00\n-\n"
    assert len({r["credit_id"] for r in reading(first + second).rows()}) == 2
    both = reading(first + second).rows("coverage")
    assert [(str(c["from_at"]), str(c["to_at"])) for c in both] == [("2026-05-03", "2026-05-04")]
    assert reading(first).rows("coverage") == reading(second).rows("coverage") == []
    # The same statement twice in a file is an overlap: nothing new.
    again = reading((HEAD + line + ":62F:C260504EUR11,00\n-\n") * 2)
    assert len({r["credit_id"] for r in again.rows()}) == 1


def test_interim_is_pending_and_never_meets_the_booked_line(reading):
    interim = reading(":20:A\n:25:1/2\n:34F:EUR0,\n:13D:2605041030+0800\n:61:260504C1,NTRF\n")
    booked = reading(HEAD + ":61:260504C1,NTRF\n")
    assert interim.rows()[0]["status"] == "pending"
    assert interim.rows()[0]["known_at"].isoformat() == "2026-05-04T10:30:00+08:00"
    assert interim.rows()[0]["credit_id"] != booked.rows()[0]["credit_id"]


@pytest.mark.parametrize(("field", "account"), [
    ("DE02120300000000202051EUR", "DE02120300000000202051"),  # A true IBAN and its currency.
    ("DE03120300000000202051EUR", "DE03120300000000202051EUR"),  # No IBAN: left as it is.
    ("1291.99.348EUR", "1291.99.348EUR"),
    ("50050000/4711", "50050000/4711"),
])  # fmt: skip
def test_account(reading, field, account):
    (row,) = reading(HEAD.replace("1/2", field) + ":61:260504C1,NTRF").rows()
    assert row["account_id"] == account


LONG = [DATA / "two_pages.mt940.sta", DATA / "intraday.mt942.sta", *sample_files("mt940")]


@pytest.mark.parametrize("path", LONG, ids=lambda path: path.name)
def test_a_long_statement_is_handed_out_in_parts_as_in_one(path, monkeypatch):
    options = Options(timezone="Europe/Berlin", currency="EUR")
    whole = Reading(need(path), options)
    monkeypatch.setattr(mt940, "FACTS_BATCH_ROWS", 1)
    parts = Reading(path, options)
    assert parts.rows() == whole.rows()
    assert parts.lines() == whole.lines()
    assert parts.rows("coverage") == whole.rows("coverage")
    assert sorted(map(str, parts.problems)) == sorted(map(str, whole.problems))
