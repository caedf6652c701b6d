"""What files, sources and alarms say in English."""

from __future__ import annotations

from typing import Final

__all__ = ["EN"]

EN: Final[dict[str, str]] = {}
