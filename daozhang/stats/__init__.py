"""Statistics: matched comparison of rates. Pure: numbers in, numbers out."""

from daozhang.stats.matched import Excess, Stratum, excess, poisson_tail

__all__ = ["Excess", "Stratum", "excess", "poisson_tail"]
