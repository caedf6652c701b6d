"""Golden files: every file of ``data`` has what it means beside it, as ``<name>.expected.json``.

To write the expected files anew, after looking at why they differ::

    .venv/bin/python tests/formats/golden.py --write
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from daozhang.formats import Facts, Options, read_file, recognise

DATA = Path(__file__).parent / "data"
OPTIONS = Options(timezone="Europe/Berlin")


def inputs() -> list[Path]:
    return sorted(p for p in DATA.iterdir() if not p.name.endswith(".expected.json"))


def meaning(path: Path) -> dict[str, object]:
    found = recognise(path)
    facts, problems = [], []
    for item in read_file(path, OPTIONS):
        if isinstance(item, Facts):
            for row, line in zip(item.rows, item.lines, strict=True):
                plain = {
                    k: v if isinstance(v, (int, str)) else v.isoformat()
                    for k, v in row.items()
                    if v is not None
                }
                facts.append({"fact": item.table, "line": line, **plain})
        else:
            problems.append({"severity": item.severity, **item.to_json()})
    return {"format": getattr(found, "name", None), "facts": facts, "problems": problems}


def expected_path(path: Path) -> Path:
    return path.with_name(path.name + ".expected.json")


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    for file in inputs():
        text = json.dumps(meaning(file), ensure_ascii=False, indent=1)
        expected_path(file).write_text(text + "\n", encoding="utf-8")
        print(expected_path(file).name)
