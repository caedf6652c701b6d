"""What each finding means and what to do about it, in Chinese, by its code."""

from __future__ import annotations

from typing import Final

__all__ = ["IN_CHINESE"]

IN_CHINESE: Final[dict[str, str]] = {
    "contradictory_rows": "同一条记录有几个不同版本，且获知时间相同，分不清哪个更正哪个；请给正确的一条更晚的 known_at，或删掉错的",
}
