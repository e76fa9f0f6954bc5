"""What does `linewatch tokens` do? It makes, lists and ends the tokens of programs that use the console's JSON API."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from ops.people import changing, data_option, me


@click.group("tokens")
def tokens() -> None:
    """Make, list and end the tokens of programs that use the JSON API (docs/api.md). What is done here is in the audit.

    \b
    Examples:
      linewatch tokens add ana --scope alerts:read --scope alerts:decide --label "control room wall"
      linewatch tokens list
      linewatch tokens end t-0c1f…                 the id that `list` shows

    Scopes: alerts:read, alerts:decide, alerts:assign, snoozes:read, snoozes:write, vehicles:read, notices:read,
    audit:read. A token never may more than its user's role.
    """


@tokens.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, metavar="SCOPE", help="What it may; may be repeated.")
@click.option("--label", required=True, metavar="TEXT", help="What it is for.")
@click.option(
    "--days", type=int, default=90, show_default=True, metavar="N", help="It ends after so many; 365 at most."
)
@data_option
def add(name: str, scopes: tuple[str, ...], label: str, days: int, data: Path | None) -> int:
    """Make a token of the user NAME, and print it: once, only its hash is kept."""
    from console.tokens import Tokens

    with changing(data, Tokens) as some:
        token_id, secret = some.add(name, scopes, label=label, days=days, by=me())
    click.echo(f"{token_id}, for {days} days; it is shown this once:", err=True)
    click.echo(secret)
    return 0


@tokens.command("end")
@click.argument("token_id", metavar="ID")
@data_option
def end(token_id: str, data: Path | None) -> int:
    """End a token at once. What was done with it stays in the audit."""
    from console.tokens import Tokens

    with changing(data, Tokens) as some:
        some.end(token_id, by=me())
    return 0


@tokens.command("list")
@data_option
def show(data: Path | None) -> int:
    """List every token: whose it is, what it may, until when, when it was used last."""
    from console.tokens import Tokens
    from ops.console import now_ms

    with changing(data, Tokens) as some:
        for one in some.all():
            if one.ended_ms is not None:
                stands = f"ended {_day(one.ended_ms)}"
            else:
                stands = f"{'until' if one.until_ms > now_ms() else 'ran out'} {_day(one.until_ms)}"
            used = "never used" if one.used_ms is None else f"used {_day(one.used_ms)}"
            click.echo(f"{one.token_id}  {one.name:16} {stands:18} {used:15} {one.scopes}  {one.label}")
    return 0


def _day(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).date().isoformat()
