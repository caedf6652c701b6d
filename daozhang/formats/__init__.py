"""Format readers: a bank's or provider's file in, facts and located problems out."""

from daozhang.formats.base import Facts, Fit, Options, Reader, Row, Source
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.profiles import Profile, bundled_profiles, load_profile
from daozhang.formats.propose import ProposedProfile, propose_profile
from daozhang.formats.registry import READERS, format_names, read_file, recognise

__all__ = [
    "READERS",
    "Facts",
    "Fit",
    "Options",
    "Profile",
    "ProposedProfile",
    "Reader",
    "Row",
    "Source",
    "bundled_profiles",
    "format_names",
    "load_profile",
    "propose_profile",
    "read_file",
    "recognise",
    "truncate_cards",
]
