"""What each golden file means stays what it means."""

import json

import pytest

from . import golden


@pytest.mark.parametrize("path", golden.inputs(), ids=lambda p: p.name)
def test_golden(path):
    expected = json.loads(golden.expected_path(path).read_text(encoding="utf-8"))
    assert golden.meaning(path) == expected
