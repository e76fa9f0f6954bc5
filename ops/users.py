"""What does `linewatch users` do? It makes, lists and disables the users of the console."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.options import PATH, load_settings

if TYPE_CHECKING:
    from console.accounts import Accounts

_data = click.option("--data", type=PATH, metavar="DIR", help="Folder of the database; as `linewatch console` has it.")


@click.group("users")
def users() -> None:
    """Make, list and disable the console's users. What is done here is in the audit, with your login on this machine.

    \b
    Examples:
      linewatch users add ana --role operator      prints a path with which ana chooses a password
      linewatch users link ana                     a new one; ana's sessions end
      linewatch users list

    Roles: operator, supervisor, analyst, auditor, integrity, admin (docs/console.md says what each may do).
    """


@users.command("add")
@click.argument("name")
@click.option("--role", default="operator", show_default=True, help="What the user may do.")
@_data
def add(name: str, role: str, data: Path | None) -> int:
    """Make a user, and print the path of a link with which they choose a password."""
    with _accounts(data) as accounts:
        token = accounts.add(name, role, by=_me())
    click.echo(f"/welcome/{token}")
    return 0


@users.command("link")
@click.argument("name")
@_data
def link(name: str, data: Path | None) -> int:
    """Print a new link for a user whose password is lost; their sessions end."""
    with _accounts(data) as accounts:
        token = accounts.invite(name, by=_me())
    click.echo(f"/welcome/{token}")
    return 0


@users.command("disable")
@click.argument("name")
@_data
def disable(name: str, data: Path | None) -> int:
    """End a user's access. What they did stays in the audit."""
    with _accounts(data) as accounts:
        accounts.disable(name, by=_me())
    return 0


@users.command("list")
@_data
def show(data: Path | None) -> int:
    """List every user with their role."""
    with _accounts(data) as accounts:
        for user, may_log_in in accounts.all():
            click.echo(f"{user.name:24} {user.role:12} {'' if may_log_in else 'cannot log in'}".rstrip())
    return 0


@contextmanager
def _accounts(data: Path | None) -> Iterator[Accounts]:
    """In one transaction."""
    from console.accounts import Accounts
    from ops.console import now_ms, opened

    settings = load_settings(None, (), data_folder=data).settings
    with closing(opened(settings)) as database, database.begin() as connection:
        yield Accounts(connection, now_ms)


def _me() -> str:
    return f"shell:{getpass.getuser()}"
