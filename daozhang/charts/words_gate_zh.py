"""Chinese words of the gate's pictures."""

from __future__ import annotations

from typing import Final

__all__ = ["CHINESE_GATE"]

CHINESE_GATE: Final[dict[str, str]] = {
    "picture.gate_days.title": "已升级终端与对照",
    "picture.gate_days.note": (
        "按营业日看受害终端的占比。横线是当日占比，色条是 95% 区间；同一门店的终端在区间里"
        "只算一家。对照按已升级终端所在的服务商和银行加权，银行慢的日子两边都会显出来。"
    ),
    "picture.gate_days.part": "{day}：已升级 {upgraded}，对照 {others}",
    "picture.gate_days.alt": "按营业日的受害终端占比。{parts}。",
    "gate.begins": "开始升级",
    "gate.halted": "叫停",
    "gate.key.upgraded": "已升级",
    "gate.key.others": "未升级（同服务商、同银行）",
    "gate.key.open": "当日款项尚未全部到期",
    "gate.nobody": "无",
    "gate.share": "{share}（{low}～{high}）",
    "picture.gate_time.title": "逐时判断",
    "picture.gate_time.note": (
        "色带为结论。证据是押“版本有害”的赌注翻了多少倍：版本无害时，不论查看多少次，"
        "碰到红线的机会最多是这么多次升级里有一次。"
    ),
    "picture.gate_time.alt": (
        "共查看 {looks} 次。最后一次已升级 {exposed} 台（共 {fleet} 台），结论为“{verdict}”，"
        "证据 {e} 比 1（{stop} 比 1 叫停）。迟到款项最多时为 {money}。"
    ),
    "gate.time.verdict": "结论",
    "gate.time.exposed": "已升级终端占比",
    "gate.time.evidence": "证据（比 1，{stop} 叫停）",
    "gate.time.money": "迟到款项（最多 {most}）",
    "gate.verdict.pass": "PASS 放行",
    "gate.verdict.fail": "FAIL 叫停",
    "gate.verdict.wait": "WAIT 等待",
}
"""Key → Chinese text."""
