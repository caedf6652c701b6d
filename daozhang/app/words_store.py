"""What ``store`` says, in Chinese and English (a test compares the keys)."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "store.files": "Files: {files}, the last added {last}",
        "store.none": "No files yet: add some with 'daozhang ingest {store} FILE…'.",
        "store.table": "{table}: rows {rows}, parts {parts}, {size}{days}",
        "store.days": ", {first} to {last} (UTC)",
        "store.total": "In all: rows {rows}, parts {parts}, {size}.",
        "store.compacted": "All of it is compacted.",
        "store.not_compacted": "Parts not compacted: {count}; 'daozhang store compact {store}' makes reading faster.",
        "store.clean": "Clean: everything is as it was written (files {files}, parts hashed again {parts}, rows counted {rows}).",
        "store.damaged": "Damaged (findings: {errors}; files {files}, parts {parts}). What is named below is not as it was written; the rest is.",
        "store.error": "error",
        "store.warning": "warning",
        "store.more": "{count} more like these; --json names all.",
        "store.merged": "{table}: parts before {before}, now {after}; rows rewritten {rows}",
        "store.nothing_to_do": "Nothing to do: no small parts are left to merge.",
        "store.usage": "Say 'daozhang store STORE', 'daozhang store verify STORE' or 'daozhang store compact STORE'.",
        "store.disk_full": "The disk is full or a limit is reached ({place}): free some space and give the same files again; what was taken before stays, nothing is half there.",
        "store.not_allowed": "The store may not be written or read here ({place}: {reason}): check who owns the folder and whether the disk is read-only.",
        "store.not_a_folder": "{place} is not a folder: give a new folder, or one that is a store.",
        "store.disk_failed": "The disk failed ({place}: {reason}): nothing is half there; see to the disk, then 'daozhang store verify' tells whether the store is whole.",
    },
    "zh": {
        "store.files": "共 {files} 个文件，最近一次加入：{last}",
        "store.none": "还没有文件：用 daozhang ingest {store} FILE… 加入。",
        "store.table": "{table}：{rows} 行，{parts} 个数据块，{size}{days}",
        "store.days": "，{first} 至 {last}（UTC）",
        "store.total": "合计 {rows} 行，{parts} 个数据块，{size}。",
        "store.compacted": "已全部合并。",
        "store.not_compacted": "还有 {count} 个数据块没有合并：运行 daozhang store compact {store}，读取会更快。",
        "store.clean": "完好：{files} 个文件，重新校验 {parts} 个数据块，清点 {rows} 行，都与写入时一致。",
        "store.damaged": "有损坏：{files} 个文件、{parts} 个数据块中发现 {errors} 处。下面列出的与写入时不一致，其余完好。",
        "store.error": "错误",
        "store.warning": "提醒",
        "store.more": "另有 {count} 处同类问题；加 --json 可全部列出。",
        "store.merged": "{table}：{before} 个数据块合并为 {after} 个，重写 {rows} 行",
        "store.nothing_to_do": "不用合并：没有零散的小数据块。",
        "store.usage": "用法：daozhang store STORE、daozhang store verify STORE 或 daozhang store compact STORE。",
        "store.disk_full": "磁盘已满或达到上限（{place}）：请腾出空间，再把同样的文件加入一次；之前加入的都在，不会只写一半。",
        "store.not_allowed": "没有权限读写这个数据仓（{place}：{reason}）：请检查文件夹的属主，以及磁盘是否只读。",
        "store.not_a_folder": "{place} 不是文件夹：请给一个新文件夹，或已有的数据仓。",
        "store.disk_failed": "磁盘出错（{place}：{reason}）：不会只写一半；检查磁盘后，用 daozhang store verify 核对数据仓是否完好。",
    },
}
