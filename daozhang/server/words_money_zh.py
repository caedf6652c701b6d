"""What the pages on calendars, upgrades, providers and terms say in Chinese."""

from __future__ import annotations

from typing import Final

__all__ = ["ZH"]

ZH: Final[dict[str, str]] = {}
