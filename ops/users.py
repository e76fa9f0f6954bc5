"""What does `linewatch users` do? It makes, lists and disables the users of the console."""

from __future__ import annotations

from pathlib import Path

import click

from ops.people import changing, data_option, me


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
@data_option
def add(name: str, role: str, data: Path | None) -> int:
    """Make a user, and print the path of a link with which they choose a password."""
    from console.accounts import Accounts

    with changing(data, Accounts) as accounts:
        token = accounts.add(name, role, by=me())
    click.echo(f"/welcome/{token}")
    return 0


@users.command("link")
@click.argument("name")
@data_option
def link(name: str, data: Path | None) -> int:
    """Print a new link for a user whose password is lost; their sessions end."""
    from console.accounts import Accounts

    with changing(data, Accounts) as accounts:
        token = accounts.invite(name, by=me())
    click.echo(f"/welcome/{token}")
    return 0


@users.command("disable")
@click.argument("name")
@data_option
def disable(name: str, data: Path | None) -> int:
    """End a user's access. What they did stays in the audit."""
    from console.accounts import Accounts

    with changing(data, Accounts) as accounts:
        accounts.disable(name, by=me())
    return 0


@users.command("list")
@data_option
def show(data: Path | None) -> int:
    """List every user with their role."""
    from console.accounts import Accounts

    with changing(data, Accounts) as accounts:
        for user, may_log_in in accounts.all():
            click.echo(f"{user.name:24} {user.role:12} {'' if may_log_in else 'cannot log in'}".rstrip())
    return 0
