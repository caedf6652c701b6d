"""What the server is started with, and what Django says of it as it would be deployed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daozhang.server.config import ConfigError, read_config
from daozhang.server.words import WORDS

_MANAGE = "from daozhang.server.entry import manage; manage({})"


def test_the_data_folder_and_its_secret_are_made_once(tmp_path: Path) -> None:
    first = read_config({"DAOZHANG_DATA": str(tmp_path / "d")})
    again = read_config({"DAOZHANG_DATA": str(tmp_path / "d")})
    assert first.secret == again.secret
    assert len(first.secret) >= 50
    assert (tmp_path / "d" / "secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DAOZHANG_URL", "ftp://x", "https://"),
        ("DAOZHANG_AS_OF", "yesterday", "RFC 3339"),
        ("DAOZHANG_AS_OF", "2026-05-01T00:00:00", "offset"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        read_config({"DAOZHANG_DATA": str(tmp_path), name: value})


def test_a_frozen_moment_is_read_with_its_offset(tmp_path: Path) -> None:
    read = read_config(
        {"DAOZHANG_DATA": str(tmp_path), "DAOZHANG_AS_OF": "2026-05-01T08:00:00+08:00"}
    )
    assert read.as_of is not None
    assert read.as_of.astimezone(UTC) == datetime(2026, 5, 1, tzinfo=UTC)


def test_as_deployed_django_finds_nothing_to_say(tmp_path: Path) -> None:
    said = subprocess.run(
        [
            sys.executable, "-W", "error::DeprecationWarning:daozhang", "-c",
            _MANAGE.format(["check", "--deploy", "--fail-level", "INFO"]),
        ],
        env={
            **os.environ, "DAOZHANG_DATA": str(tmp_path), "DAOZHANG_URL": "https://money.example",
        },
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    assert "no issues" in said.stdout


def test_no_change_of_the_models_lacks_its_migration(tmp_path: Path) -> None:
    said = subprocess.run(
        [
            sys.executable, "-c",
            _MANAGE.format(["makemigrations", "server", "--check", "--dry-run"]),
        ],
        env={**os.environ, "DAOZHANG_DATA": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_database_is_made_ready_where_the_environment_says(tmp_path: Path) -> None:
    """For a WSGI server that only serves: it finds the tables that it needs."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("DAOZHANG_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "daozhang.cli", "migrate"], cwd=tmp_path,
        env={**own, "DAOZHANG_DATA": str(tmp_path / "data")}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    with closing(sqlite3.connect(tmp_path / "data" / "daozhang.sqlite3")) as made:
        assert made.execute("SELECT count(*) FROM server_person").fetchone() == (0,)


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    from string import Formatter

    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, text in WORDS["en"].items():
        fields = {f for _, f, _, _ in Formatter().parse(text) if f}
        other = {f for _, f, _, _ in Formatter().parse(WORDS["zh"][key]) if f}
        assert fields == other, key
