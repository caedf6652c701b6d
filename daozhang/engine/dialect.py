"""DuckDB's SQL in Spark's words.

sqlglot does the most of it. What it leaves alone though Spark names it otherwise is renamed here;
what it translates wrongly is forbidden in the SQL files
(:func:`daozhang.engine.sqlfiles.forbidden_constructs`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from daozhang.engine.base import EngineError

__all__ = ["to_spark"]

_RENAMED: Final = {"EPOCH_US": "UNIX_MICROS"}


@lru_cache(maxsize=1024)
def to_spark(sql: str) -> str:
    """Return the Spark text of a SELECT in the DuckDB dialect, without its comments.

    Raises:
        EngineError: sqlglot is not installed.
    """
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise EngineError(
            "the Spark engine needs sqlglot: pip install 'daozhang[spark]', or leave out "
            "--engine spark"
        ) from error

    def rename(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.upper() in _RENAMED:
            node.set("this", _RENAMED[node.name.upper()])
        return node

    tree = sqlglot.parse_one(sql, read="duckdb").transform(rename)
    return str(
        tree.sql(dialect="spark", comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)
    )
