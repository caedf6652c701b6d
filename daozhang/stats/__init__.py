"""Statistics: matched comparison of rates, bets that hold at every look. Pure."""

from daozhang.stats.betting import below, mixed, race, rate, rate_bound
from daozhang.stats.effect import share_between
from daozhang.stats.matched import Excess, Stratum, excess, poisson_tail

__all__ = [
    "Excess", "Stratum", "below", "excess", "mixed", "poisson_tail", "race", "rate", "rate_bound",
    "share_between",
]  # fmt: skip
