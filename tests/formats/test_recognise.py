"""What a file is, by content alone, and the sentence for what is not read."""

import io
import zipfile

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from daozhang.facts import Problem
from daozhang.formats import Options, load_profile, read_file, recognise, registry

from .conftest import DATA


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def workbook(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def protected():
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook([["a"]]))).encrypt("secret", out)
    return out.getvalue()


REFUSED = {
    "empty": (b"", "empty_file"),
    "blanks only": (b" \n\n  ", "empty_file"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(200), "is_image"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "is_image"),
    "webp": (b"RIFF\0\0\0\0WEBPVP8 ", "is_image"),
    "heic": (b"\0\0\0\x18ftypheic\0\0", "is_image"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "is_pdf"),
    "zip of something unknown": (zipped(**{"a.csv": "1"}), "unknown_text"),
    "zip of nothing": (b"PK\x05\x06" + bytes(18), "unknown_binary"),
    "zip in a zip": (zipped(**{"a.zip": zipped(b="1")}), "is_archive"),
    "broken zip": (zipped(**{"a.csv": "1"})[:20], "archive_broken"),
    "broken gzip": (b"\x1f\x8b\x08\0", "archive_broken"),
    "word": (zipped(**{"[Content_Types].xml": "x", "word__document.xml": "y"}), "unknown_binary"),
    "password": (protected(), "password_protected"),
    "unknown workbook": (workbook([["x", "y"], [1, 2]]), "unknown_layout"),
    "broken workbook": (workbook([["x"]])[:900], "workbook_broken"),
    "text": (b"hello\nworld\n", "unknown_text"),
    "chinese text": ("你好，世界\n到账\n".encode("gb18030"), "unknown_text"),
    "html": (b"<html><table><tr><td>1</td></tr></table></html>", "is_html"),
    "xml": (b"<?xml version='1.0'?><pain.001/>", "unknown_xml"),
    "binary": (bytes(range(256)) * 8, "unknown_binary"),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "workbook_broken"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_sentence(reading, tmp_path, content, code):
    found = reading(content, "sales.camt.csv")  # The name says nothing.
    assert found.codes == [code]
    assert found.rows() == []
    assert found.problems[0].line is None
    assert found.problems[0].file == "sales.camt.csv"
    assert recognise(tmp_path / "sales.camt.csv") == found.problems[0]


def test_a_table_that_nearly_fits_is_told_what_it_lacks(reading):
    text = (DATA / "adyen_settlement.csv").read_text(encoding="utf-8-sig").splitlines()
    header = text[0].split(",")
    dropped = header.index("Net Credit (NC)")
    rows = "\n".join(",".join(c for i, c in enumerate(r.split(",")) if i != dropped) for r in text)
    for content in (rows, workbook([r.split(",") for r in rows.splitlines()])):
        (problem,) = reading(content).problems
        assert "columns of Adyen" in problem.message
        assert "lacks netcredit(nc) (if" in problem.message.lower().replace(" (nc)", "(nc)")


def test_a_table_far_from_all_names_no_layout(reading):
    (problem,) = reading("colour,shape,taste\nred,round,sweet\n").problems
    assert problem.code == "unknown_text"
    assert "lacks" not in problem.message


def test_no_card_number_in_a_refusal(reading):
    (problem,) = reading("paid by 4111111111111111\nthanks\n").problems
    assert "411111******1111" in problem.message
    assert "4111111111111111" not in problem.message


def test_recognised_whatever_the_name(tmp_path):
    for path in DATA.iterdir():
        if not path.name.endswith(".json"):
            copy = tmp_path / "photo.jpg"
            copy.write_bytes(path.read_bytes())
            assert recognise(copy).name == recognise(path).name


USER = """
name = "{name}"
table = "credits"
columns = ["日", "额"]
[read]
currency = "CNY"
[amount]
column = "额"
[fields.booked_at]
columns = ["日"]
[fields.account_id]
constant = "A"
"""


def test_two_that_fit_equally_are_refused_and_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("日,额\n2026-05-04,1.00\n")
    one, two = (load_profile(USER.format(name=n), "p") for n in ("north", "south"))
    found = recognise(path, profiles={"a": one, "b": two})
    assert found.code == "format_ambiguous"
    assert "north and south" in found.message
    # Naming the format settles it.
    options = Options(profiles={"a": one, "b": two})
    items = list(read_file(path, options, format="south"))
    assert items[0].rows[0]["amount_minor"] == 100
    # A profile that knows more of the columns goes before one that knows less.
    path.write_text("日,额,注\n2026-05-04,1.00,x\n")
    wide = load_profile(USER.format(name="wide").replace('"额"]', '"额", "注"]', 1), "p")
    assert recognise(path, profiles={"a": one, "w": wide}).name == "wide"


def test_unknown_format_and_zone_are_broken_calls(tmp_path):
    with pytest.raises(ValueError, match="format 'x' is unknown"):
        read_file(tmp_path / "a", Options(), format="x")
    with pytest.raises(ValueError, match="not an IANA"):
        read_file(tmp_path / "a", Options(timezone="Mars/Base"))


def test_missing_file_is_a_problem(tmp_path):
    (item,) = read_file(tmp_path / "gone.csv", Options())
    assert item.code == "file_unreadable"


def test_last_resort_guard(tmp_path, monkeypatch):
    """A reader with a bug ends in a located problem, and what it read before stands."""

    def boom(self, source, options):
        yield from good(self, source, options)
        raise KeyError("bug")

    good = registry.CamtReader.read
    monkeypatch.setattr(registry.CamtReader, "read", boom)
    *items, last = read_file(DATA / "shop_day.camt053.xml", Options())
    assert items
    assert isinstance(last, Problem)
    assert last.code == "reader_failed"
    assert last.line is not None
