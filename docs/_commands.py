"""The command line, from the program itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from daozhang.cli.main import app
from docs._markdown import code, table

__all__ = ["command_line"]


def command_line() -> str:
    """Return usage, arguments and options of every command."""
    root: Any = typer.main.get_command(app)
    parts = ["### For all commands\n\n" + _parameters(root)]
    for name, command in _flat(root):
        words = [f"daozhang {name}"]
        words += [_shown(p) for p in command.params if p.param_type_name == "argument"]
        optional = any(p.param_type_name == "option" for p in command.params)
        usage = " ".join(words) + (" [OPTIONS]" if optional else "")
        told = " ".join((command.help or "").split())
        parts.append(f"### {name}\n\n{told}\n\n```text\n{usage}\n```\n\n{_parameters(command)}")
    return "\n".join(parts)


def _flat(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command by its words; those of a group one by one."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _flat(command, f"{before}{name} ")
        else:
            yield before + name, command


def _shown(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _parameters(command: Any) -> str:
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = _shown(parameter)
        else:
            opts = ", ".join((*parameter.opts, *parameter.secondary_opts))
            name = " ".join((opts, _takes(parameter))).strip()
        default = parameter.default
        plain = default is None or default is False or default == "" or callable(default)
        rows.append(
            (
                code(name),
                " ".join((getattr(parameter, "help", "") or "").split()),
                ""
                if plain or parameter.required
                else code(str(getattr(default, "value", default))),
            )
        )
    return table(("what to give", "meaning", "default"), rows)


def _takes(parameter: Any) -> str:
    """Return what an option takes, as a placeholder; nothing for a flag."""
    if parameter.is_flag:
        return ""
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(choice.value) for choice in kind)
    return str(parameter.metavar or {int: "N"}.get(kind, "TEXT"))
