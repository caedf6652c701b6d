"""What happened: the fact tables' schemas, and located findings about user data."""

from daozhang.facts.problems import Problem
from daozhang.facts.schema import TABLES, Column, Kind, Table

__all__ = ["TABLES", "Column", "Kind", "Problem", "Table"]
