"""What the commands about the gate say where they cannot answer, and how they end."""

from __future__ import annotations

from typing import Final

from daozhang.app.check import UnusableError
from daozhang.app.words_errors import WORDS
from daozhang.cli.common import UNUSABLE, say_error
from daozhang.gate import SettingsError
from daozhang.journey.identities import BrokenIdentityError
from daozhang.store.parts import StoreError

__all__ = ["REFUSALS", "Refusal", "refused"]

Refusal = SettingsError | UnusableError | BrokenIdentityError | StoreError | OSError
REFUSALS: Final = (SettingsError, UnusableError, BrokenIdentityError, StoreError, OSError)
"""What is said in a sentence; a reader that goes away (:class:`BrokenPipeError`) is not."""

BROKEN: Final = 3
"""Exit status: an identity is broken."""


def refused(error: Refusal, lang: str, *, as_json: bool) -> int:
    """Say why there is no answer, and return the exit status.

    Args:
        error: what stands in the way.
        lang: ``zh`` or ``en``.
        as_json: say it as an object on standard output.
    """
    status = UNUSABLE
    if isinstance(error, SettingsError):
        said = WORDS[lang]["replay_bad_setting"].format(
            name=error.name, value=error.value, allowed=error.allowed
        )
    elif isinstance(error, UnusableError):
        said = error.said(lang)
    elif isinstance(error, BrokenIdentityError):
        said, status = WORDS[lang]["broken_identity"].format(detail=error), BROKEN
    else:
        said = str(error)
    say_error(said, as_json=as_json)
    return status
