"""What the tests of the store's safety share: a small reader, files, disks that fail on time."""

import errno
import os
import signal
from functools import cache

import duckdb

from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Facts
from daozhang.store.disk import Disk
from daozhang.store.parts import Store

RELEASES = "release_id,touches,{}\nr1,keys,x\nr2,mcc,y\n"


def read(path, name):
    """Reads a two-table format of its own."""
    if path.suffix != ".two":
        return Problem(name, None, "unknown_format", "nobody reads this")
    credit = {
        "credit_id": path.read_text(encoding="utf-8"), "account_id": "a", "amount_minor": 1,
        "currency": "CNY", "booked_at": "2026-05-01",
    }  # fmt: skip
    cover = {"subject": "a", "table": "credits", "from_at": "2026-05-01", "to_at": "2026-05-01"}
    return "two", [Facts("credits", [credit], [1]), Facts("coverage", [cover], [1])]


def write(folder, name, text):
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def ingest(store, *paths, **how):
    return [(i.file, i.status) for i in store.ingest(paths, read, **how)]


@cache
def _duckdb():
    """Return the one that all looks share: to start it costs more than to look."""
    return duckdb.connect()


def content(path, tables=tuple(TABLES)):
    """Return columns and rows of a store's facts, by table, whatever their order."""
    with _duckdb().cursor() as con:
        con.execute("SET TimeZone = 'UTC'")
        Store.open(path).register(con)
        found = {}
        for table in tables:
            rows = con.execute(f"SELECT COLUMNS(*)::VARCHAR FROM raw_{table} ORDER BY ALL")
            columns = [(name, str(kind)) for name, kind, *_ in rows.description]
            found[table] = (columns, rows.fetchall())
        return found


class StopError(Exception):
    """The machine stops here."""


class DyingDisk(Disk):
    """Fails at the n-th step, before it or with half of it done.

    ``raises`` makes what it fails with; without a failure it only counts down.
    """

    def __init__(self, steps, *, half=False, raises=StopError):
        self.steps, self.half, self.raises = steps, half, raises

    def _step(self, path=None):
        self.steps -= 1
        if self.steps == 0:
            if self.half and path is not None:
                path.write_bytes(b"half")
            raise self.raises()

    def write(self, path, data):
        self._step(path)
        super().write(path, data)

    def write_parquet(self, con, query, path):
        self._step(path)
        super().write_parquet(con, query, path)

    def fsync(self, path):
        self._step()
        super().fsync(path)

    def rename(self, source, target):
        if self.half and self.steps == 1:
            super().rename(source, target)
        self._step()
        super().rename(source, target)

    def remove(self, path):
        self._step()
        super().remove(path)


def disk_full():
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed():
    os.kill(os.getpid(), signal.SIGKILL)
