"""What the store's tests share: a connection and a way to load one canonical file."""

import duckdb
import pytest

from daozhang.facts import Problem
from daozhang.store import csv_load
from daozhang.store.relations import Relations
from daozhang.store.taking import take_file


def nobody(path, name):
    return Problem(name, None, "unknown_format", "nobody reads this")


@pytest.fixture(scope="session")
def duckdb_of_all():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def con(duckdb_of_all):
    """A database of its own, in one DuckDB: to start another costs more than most tests do."""
    with duckdb_of_all.cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("ATTACH ':memory:' AS own")
        connection.execute("USE own")
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH own")


@pytest.fixture(autouse=True)
def files_are_many(monkeypatch):
    """Let DuckDB read the little files of these tests as it reads those of millions of rows."""
    monkeypatch.setattr(csv_load, "_LITTLE_BYTES", -1)


@pytest.fixture
def load(con, tmp_path):
    """Load files of given bytes; returns what came of the last one."""

    def load_files(**files):
        relations = Relations(con)
        taken = None
        for name, data in files.items():
            file = name if "." in name else f"{name}.csv"
            path = tmp_path / file
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            taken = take_file(relations, path, file, nobody)
        relations.publish()
        return taken

    return load_files
