"""What is kept in a file is made once, however many ask, and never half."""

import threading
import time

import pytest

from daozhang.app.kept import made_once, remembered


def test_of_many_who_ask_at_once_one_makes_it(tmp_path):
    made, told = [], []

    def make():
        made.append(1)
        time.sleep(0.05)
        return {"sum": 3}

    def ask():
        told.append(remembered(tmp_path / "sum", make))

    crowd = [threading.Thread(target=ask) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert made == [1]
    assert told == [{"sum": 3}] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["sum"]


def test_what_fails_half_way_leaves_nothing_and_can_be_tried_again(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        made_once(tmp_path / "sum", fail)
    assert list(tmp_path.iterdir()) == []
    made_once(tmp_path / "sum", lambda path: path.write_text("whole"))
    assert (tmp_path / "sum").read_text() == "whole"
