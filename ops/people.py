"""What do the commands about users and tokens share? The database in one transaction, and who is at the terminal."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.options import PATH, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

data_option = click.option(
    "--data", type=PATH, metavar="DIR", help="Folder of the database; as `linewatch console` has it."
)


@contextmanager
def changing(data: Path | None) -> Iterator[tuple[Connection, Callable[[], int]]]:
    """A connection to the console's database in one transaction, and the clock."""
    from ops.console import now_ms, opened

    settings = load_settings(None, (), data_folder=data).settings
    with closing(opened(settings)) as database, database.begin() as connection:
        yield connection, now_ms


def me() -> str:
    """Who is at the terminal, for the audit."""
    return f"shell:{getpass.getuser()}"
