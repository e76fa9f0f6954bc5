"""What do the commands about users and tokens share? The database in one transaction, and who is at the terminal."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ops.options import PATH, load_settings

T = TypeVar("T")
data_option = click.option(
    "--data", type=PATH, metavar="DIR", help="Folder of the database; as `linewatch console` has it."
)


@contextmanager
def changing(data: Path | None, kind: Callable[[Any, Callable[[], int]], T]) -> Iterator[T]:
    """Accounts, tokens or whatever takes a connection and the clock, in one transaction."""
    from ops.console import now_ms, opened

    settings = load_settings(None, (), data_folder=data).settings
    with closing(opened(settings)) as database, database.begin() as connection:
        yield kind(connection, now_ms)


def me() -> str:
    """Who is at the terminal, for the audit."""
    return f"shell:{getpass.getuser()}"
