"""What does `linewatch audit` do? It checks that nobody has changed what the console noted."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from ops.options import PATH, load_settings


@click.group("audit")
def audit() -> None:
    """Who looked, who decided, when and why: the console notes it in a list whose entries are chained by hashes."""


@audit.command("verify")
@click.option("--known", metavar="HASH", help="A last hash that was noted earlier: it must still be in the list.")
@click.option("--data", type=PATH, metavar="DIR", help="Folder of the database; as `linewatch console` has it.")
def verify(known: str | None, data: Path | None) -> int:
    """Follow the list from its beginning. Ends with 0 when it is whole, with 1 when somebody changed it.

    \b
    Examples:
      linewatch audit verify                   prints the last hash: note it where nobody here can write
      linewatch audit verify --known 3f1c…     is the list of that day still a part of this one?
    """
    from console import audit as trail
    from ops.console import opened

    settings = load_settings(None, (), data_folder=data).settings
    with closing(opened(settings)) as database, database.read() as connection:
        found = trail.verify(connection, known)
    if found.broken_at is not None:
        click.echo(f"broken: entry {found.broken_at} does not follow from those before it")
    elif not found.found:
        click.echo("broken: entries follow from each other, but the known hash is not among them: it is another list")
    else:
        click.echo(f"whole: {found.entries:,} entries, last hash {found.last}")
    return 0 if found.broken_at is None and found.found else 1
