"""Runs the SQL files: the one place that knows DuckDB from Spark."""

from daozhang.engine.base import Engine, EngineError
from daozhang.engine.duck import DuckEngine
from daozhang.engine.rows import rows_of
from daozhang.engine.sqlfiles import SqlFolder, forbidden_constructs

__all__ = ["DuckEngine", "Engine", "EngineError", "SqlFolder", "forbidden_constructs", "rows_of"]
