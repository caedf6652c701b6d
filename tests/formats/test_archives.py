"""Archives: each file inside is read by itself, named, and never more of it than allowed."""

import gzip
import io
import zipfile

import pytest

from daozhang.facts import Problem
from daozhang.formats import Options, _archive, recognise

from .conftest import DATA, Reading

CMB = (DATA / "cmb.gb18030.csv").read_bytes()
MT940 = (DATA / "two_pages.mt940.sta").read_bytes()


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def plain_rows(reading, *contents):
    return [row for content in contents for row in reading(content).rows()]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_every_file_is_read_whatever_the_order(reading, tmp_path, order):
    pair = [("明细.csv", CMB), ("extra/deep.sta", MT940)]
    found = reading(zipped(*(pair[n] for n in order)), "bill.zip")
    expected = plain_rows(reading, *(pair[n][1] for n in order))
    assert found.rows() == expected
    assert len(expected) > 3
    assert recognise(tmp_path / "bill.zip").name == "cmb_debit+mt940"


def test_gzip(reading, tmp_path):
    found = reading(gzip.compress(CMB), "bill.csv.gz")
    assert found.rows() == plain_rows(reading, CMB)
    assert recognise(tmp_path / "bill.csv.gz").name == "cmb_debit"


def test_a_file_that_nobody_knows_is_named_and_the_others_are_read(reading):
    found = reading(zipped(("readme.txt", "hello"), ("a.csv", CMB)), "bill.zip")
    assert found.rows() == plain_rows(reading, CMB)
    (problem,) = [p for p in found.problems if p.code == "unknown_text"]
    assert (problem.file, problem.severity) == ("bill.zip/readme.txt", "warning")


def test_problems_name_the_member(reading):
    broken = CMB + "2026-05-09,人民币,多少,1,收单,银联,x\n".encode("gb18030")
    found = reading(zipped(("a.csv", broken)), "bill.zip")
    assert {p.file for p in found.errors} == {"bill.zip/a.csv"}
    assert found.errors[-1].line == CMB.count(b"\n") + 1


def test_names_in_gbk(tmp_path, reading):
    out = zipped(("x" * 8, CMB)).replace(b"x" * 8, "业务明细".encode("gbk"))
    # Nothing says that the name is UTF-8: it is what a Chinese provider writes.
    path = tmp_path / "a.zip"
    path.write_bytes(out)
    broken = zipped(("x" * 8, b"hello"), ("b.csv", CMB)).replace(b"x" * 8, "业务明细".encode("gbk"))
    found = reading(broken, "b.zip")
    assert [p.file for p in found.problems if p.code == "unknown_text"] == ["b.zip/业务明细"]
    assert len(Reading(path).rows()) == len(found.rows())


def test_a_password_is_named(reading):
    data = bytearray(zipped(("a.csv", CMB)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    found = reading(bytes(data), "bill.zip")
    assert found.codes == ["password_protected"]


def test_a_bomb_is_refused(reading):
    found = reading(zipped(("a.csv", bytes(80 * 2**20))), "bomb.zip")
    assert found.codes == ["zip_bomb"]
    assert found.rows() == []


def test_too_many_files(reading, monkeypatch):
    monkeypatch.setattr(_archive, "ARCHIVE_MEMBERS_MAX", 2)
    found = reading(zipped(*((f"{n}.csv", CMB) for n in range(3))), "many.zip")
    assert found.codes == ["archive_too_many"]


def test_a_damaged_member_does_not_hide_the_others(reading):
    data = zipped(("a.csv", CMB), ("b.csv", CMB), compression=zipfile.ZIP_STORED)
    place = data.index(CMB) + 50
    data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    found = reading(data, "half.zip")
    assert found.codes.count("archive_broken") == 1
    assert found.rows() == plain_rows(reading, CMB)


def test_a_named_format_is_that_of_the_content(reading):
    found = reading(zipped(("a.csv", CMB)), "bill.zip", format="cmb_debit")
    assert found.rows() == plain_rows(reading, CMB)


def test_nothing_of_a_name_becomes_a_path(reading, tmp_path):
    found = reading(zipped(("../../evil.csv", CMB), ("/etc/evil.csv", CMB)), "evil.zip")
    assert len(found.rows()) == 2 * len(plain_rows(reading, CMB))
    assert not list(tmp_path.parent.rglob("evil.csv"))


def test_recognise_and_read_say_the_same_of_a_broken_one(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(("a.csv", CMB))[:30])
    problem = recognise(path)
    assert isinstance(problem, Problem)
    assert Reading(path, Options()).problems == [problem]
