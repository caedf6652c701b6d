"""How charts' words are said on pages, where what a report names by its file is one click away."""

from __future__ import annotations

from daozhang.charts import Speech
from daozhang.server.words import WORDS, say

__all__ = ["PageSpeech"]


class PageSpeech(Speech):
    """Speech whose sentences name no files and no commands: those are of the command line."""

    __slots__ = ()

    def __call__(self, key: str, **values: object) -> str:
        """Return a page's own text, else that of the catalogue."""
        own = f"said.{key}"
        if own in WORDS[self.lang]:
            return say(self.lang, own, **values)
        return Speech.__call__(self, key, **values)
