"""Why money is late: where the lateness lies, which cause fits the facts, and what to do."""

from daozhang.cause.localise import localise

__all__ = ["localise"]
