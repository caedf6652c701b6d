"""The commands of the server, with their options; :mod:`daozhang.cli.serve` does what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_server_commands"]

Data = Annotated[
    Path,
    typer.Option(
        "--data", metavar="DIR", envvar="DAOZHANG_DATA",
        help="The server's data folder (or DAOZHANG_DATA); made if not there.",
    ),
]  # fmt: skip
_DATA = Path("daozhang-data")
Host = Annotated[str, typer.Option("--host", help="Address to listen at.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen at.")]


def serve(
    data: Data = _DATA,
    host: Host = "127.0.0.1",
    port: Port = 8321,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Work in the background too.")
    ] = True,
) -> None:
    """The server: pages, HTTP API and background work on one data folder."""
    from daozhang.cli.serve import serve as run

    raise typer.Exit(run(data, host, port, worker=worker))


def reconcile(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The server's data folder.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do, and stop.")] = False,
) -> None:
    """The server's background work alone: for several processes on one database."""
    from daozhang.cli.serve import reconcile as run

    raise typer.Exit(run(data, once=once))


def migrate(data: Data = _DATA) -> None:
    """Bring the server's database to this version's shape, as serve does when it begins."""
    from daozhang.cli.serve import migrate as run

    raise typer.Exit(run(data))


def demo(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="The folder of the demo; made if not there."),
    ] = Path("demo/server"),
    host: Host = "127.0.0.1",
    port: Port = 8321,
    sales: Annotated[int, typer.Option("--sales", min=100, help="About how many sales.")] = 40_000,
    stay: Annotated[
        bool, typer.Option("--stay/--no-stay", help="Serve, or only make ready.")
    ] = True,
) -> None:
    """A simulated chain in the middle of a bad upgrade, with a login for every role."""
    from daozhang.cli.serve import demo as run

    raise typer.Exit(run(data, host, port, sales=sales, stay=stay))


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup goes; new.")],
    data: Data = _DATA,
) -> None:
    """Write a backup of a server, which may go on meanwhile."""
    from daozhang.cli.serve import back_up as run

    raise typer.Exit(run(data, file))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    data: Data = _DATA,
) -> None:
    """Put a backup back into a new data folder and an empty database, and prove it."""
    from daozhang.cli.serve import restore as run

    raise typer.Exit(run(file, data))


def user_add(
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Their mail address.")],
    role: Annotated[str, typer.Option("--role", help="What they do.")] = "administrator",
    data: Data = _DATA,
) -> None:
    """Make somebody and print their password: for the first administrator."""
    from daozhang.cli.serve import user_add as run

    raise typer.Exit(run(data, email, role))


def user_reset(
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Their mail address.")],
    data: Data = _DATA,
) -> None:
    """Take somebody's second factor away, where no other administrator can."""
    from daozhang.cli.serve import user_reset as run

    raise typer.Exit(run(data, email))


def audit_verify(data: Data = _DATA) -> None:
    """Check that no entry of the audit trail was changed or removed."""
    from daozhang.cli.serve import verify_audit as run

    raise typer.Exit(run(data))


def add_server_commands(app: typer.Typer) -> None:
    """Give the command line the server's commands."""
    for command in (serve, reconcile, migrate, demo, backup, restore):
        app.command()(command)
    user = typer.Typer(help="People who sign in to the server.", no_args_is_help=True)
    app.add_typer(user, name="user")
    user.command("add")(user_add)
    user.command("reset-second-factor")(user_reset)
    audit = typer.Typer(help="The server's audit trail.", no_args_is_help=True)
    app.add_typer(audit, name="audit")
    audit.command("verify")(audit_verify)
