"""An entry of the audit trail as people read it; what is kept and exported stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from daozhang.server.models import AuditEntry
from daozhang.server.words import WORDS, say

__all__ = ["action_said", "actor_said", "detail_said"]

_DIGEST_SHOWN: Final = 12


def _known(lang: str, key: str, value: str) -> str:
    return say(lang, key) if key in WORDS[lang] else value


def actor_said(entry: AuditEntry, lang: str) -> str:
    """Return who did it; parts of the program by their names."""
    return _known(lang, f"audit.by.{entry.actor.replace(' ', '_')}", entry.actor)


def action_said(entry: AuditEntry, lang: str) -> str:
    """Return what was done."""
    return _known(lang, f"audit.did.{entry.action}", entry.action)


def detail_said(entry: AuditEntry, lang: str) -> str:
    """Return what belongs to it, each value with its name."""
    return say(lang, "word.comma").join(
        say(lang, "audit.detail", name=_known(lang, f"audit.its.{name}", name), value=told)
        for name, value in entry.detail.items()
        if (told := say(lang, "word.comma").join(_values(name, value, lang)))
    )


def _values(name: str, value: Any, lang: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if name in {"role", "roles"}:
            yield _known(lang, f"role.{one}", str(one))
        elif name == "scopes":
            yield _known(lang, f"scope.{one}", str(one))
        elif name == "grants":
            kind, of = one
            yield say(lang, f"grant.{kind}", value=of)
        elif name == "sha256":
            yield f"{one[:_DIGEST_SHOWN]}…"
        elif one != "":
            yield f"{one:,}" if isinstance(one, int) else str(one)
