"""Format readers: a bank's or provider's file in, facts and located problems out.

A folder of canonical files needs none of the readers, so they are loaded when one is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "Facts": "base",
    "Fit": "base",
    "Options": "base",
    "Profile": "profiles",
    "ProposedProfile": "propose",
    "READERS": "registry",
    "Reader": "base",
    "Row": "base",
    "Source": "base",
    "bundled_profiles": "profiles",
    "format_names": "registry",
    "load_profile": "profiles",
    "propose_profile": "propose",
    "read_file": "registry",
    "recognise": "registry",
    "truncate_cards": "privacy",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
