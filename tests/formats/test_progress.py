"""Every reader of a large file tells how far it is while it reads, and does not hold the file."""

import pytest

from bench.format_files import WRITERS
from daozhang.formats import Facts, Options, read_file

ROWS = 9_000
# A camt statement is handed out when it ends: which references its entries share is known then.
AT_THE_END = {"camt"}


@pytest.mark.parametrize("name", WRITERS)
def test_progress_and_streaming(name, tmp_path):
    file, write = WRITERS[name]
    path = tmp_path / file
    write(path, ROWS)
    told = []
    options = Options(timezone="Asia/Shanghai", currency="EUR", progress=told.append)
    first = None
    for item in read_file(path, options):
        if isinstance(item, Facts) and first is None:
            first = sum(told)
    size = path.stat().st_size
    # An archive's bytes are counted unpacked; who shows them stops at the file's size.
    assert sum(told) == size or (path.suffix == ".zip" and sum(told) > size)
    assert all(count > 0 for count in told)
    assert first is not None
    assert first < size or name in AT_THE_END or size < 300_000
