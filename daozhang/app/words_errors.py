"""Why nothing could be answered, in Chinese and English (a test compares the keys)."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "source_is_file": "{source} is a file: give the folder it lies in, or a store.",
        "source_missing": "{source} does not exist: give a folder of files, or a store.",
        "no_terms": "{source} has no terms.toml, so it is not known when money is due: run 'daozhang init {source}' to write one.",
        "bad_terms": "terms.toml cannot be used, so nothing can be promised. First: {problem}",
        "no_times": "{source}: no fact carries a time, so there is no moment to answer for: add sales, settlements or bank statements.",
        "empty_folder": "{source} is empty: put files such as sales.csv, the provider's settlement file or a bank statement into it.",
        "nothing_to_read": "{source} holds no facts, only {names}: put files such as sales.csv, the provider's settlement file or a bank statement into it.",
        "all_refused": "{source}: none of {count} files could be read. First: {problem}",
        "no_rows": "{source}: the files have headers and no rows: export them again with the days you want to see.",
        "bad_moment": "--as-of {text} is no moment: write one with an offset, such as 2026-05-01T12:00:00+08:00, or a date such as 2026-05-01.",
        "too_early": "At {moment} no sale was known yet: the first became known at {first}. Give a later --as-of.",
        "broken_identity": "An identity does not hold, so nothing is answered. This is a fault of daozhang, not of your files; please report it: {detail}",
        "world.done": "{sales} sales in {facts}, the truth beside it in {truth}.",
        "world.late": "Late by injected faults: {sales} sales, {money}.",
        "world.fault": "  {fault} {mechanism}: {sales} sales",
        "world.next": "Next: daozhang check {facts}",
        "read.not_recognised": "not recognised",
        "read.error": "error",
        "read.warning": "warning",
        "read.line": "line {line}: ",
        "ingest.added": "added",
        "ingest.already_there": "already there",
        "ingest.copied": "settings taken over",
        "ingest.refused": "refused",
    },
    "zh": {
        "source_is_file": "{source} 是一个文件：请给出它所在的文件夹，或一个数据仓。",
        "source_missing": "找不到 {source}：请给出放文件的文件夹，或一个数据仓。",
        "no_terms": "{source} 里没有 terms.toml，不知道钱该什么时候到：先运行 daozhang init {source} 生成一份。",
        "bad_terms": "terms.toml 有误，无法推算到账时间。第一处：{problem}",
        "no_times": "{source}：文件里没有任何带时间的记录，无从判断截至何时：请加入交易、结算文件或银行对账单。",
        "empty_folder": "{source} 是空的：请放入 sales.csv、收单机构的结算文件或银行对账单。",
        "nothing_to_read": "{source} 里没有可用的数据，只有 {names}：请放入 sales.csv、收单机构的结算文件或银行对账单。",
        "all_refused": "{source}：{count} 个文件都读不了。第一处：{problem}",
        "no_rows": "{source}：文件只有表头没有数据：请重新导出要查的日期。",
        "bad_moment": "--as-of {text} 不是时间：请写带时区偏移的时间，如 2026-05-01T12:00:00+08:00，或日期，如 2026-05-01。",
        "too_early": "截至 {moment} 还没有任何已知交易：最早一笔在 {first} 才获知。请给更晚的 --as-of。",
        "broken_identity": "恒等式不成立，因此不给出结果。这是 daozhang 的错，不是您文件的问题，请反馈：{detail}",
        "world.done": "已生成 {sales} 笔交易，数据在 {facts}，真相在 {truth}。",
        "world.late": "注入故障造成的延迟：{sales} 笔，{money}。",
        "world.fault": "  {fault} {mechanism}：{sales} 笔",
        "world.next": "下一步：daozhang check {facts}",
        "read.not_recognised": "无法识别",
        "read.error": "错误",
        "read.warning": "提醒",
        "read.line": "第 {line} 行：",
        "ingest.added": "已加入",
        "ingest.already_there": "已有，未重复加入",
        "ingest.copied": "设置已更新",
        "ingest.refused": "已拒绝",
    },
}
