"""What files, sources and alarms say in Chinese."""

from __future__ import annotations

from typing import Final

__all__ = ["ZH"]

ZH: Final[dict[str, str]] = {}
