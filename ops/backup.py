"""What does `linewatch backup` do? It copies what a border has learnt and decided, while everything goes on.

What is copied is what a crash would have left at some moment: the database may be a little ahead of the checkpoint,
never behind it, and whoever goes on from the copy writes the same alerts again, which replace themselves.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import click

from ops.options import PATH, load_settings

STATE, SPOOL, CURRENT = "state", "spool", "CURRENT"
LISTS = ("dispositions.jsonl",)
TRIES = 5  # a checkpoint is written every half minute; a copy takes seconds


@click.command("backup")
@click.argument("to", type=PATH, metavar="FOLDER")
@click.option("--data", type=PATH, metavar="DIR", help="Folder to back up; as `linewatch run` and `console` have it.")
@click.option("--config", type=PATH, metavar="C", help="Settings in a TOML file.")
def backup(to: Path, data: Path | None, config: Path | None) -> int:
    """Copy the console's database, the checkpoint and what is still to be read into a new FOLDER.

    \b
    Examples:
      linewatch backup /backups/monday                 everything may go on running
      linewatch audit verify --data /backups/monday    is the copy whole?
      cp -a /backups/monday linewatch-data             put it back, then start the same commands

    With a database on PostgreSQL its part is console.dump, by pg_dump. The plate key is not copied: keep it apart,
    since with both in one hand pseudonyms are plates. Prints the audit's last hash: note it where nobody here writes.
    """
    from console import audit
    from console.backup import copy
    from ops.console import opened
    from schemas.errors import ConfigError
    from stream.files import sync_tree, writing

    settings = load_settings(config, (), data_folder=data).settings
    if not settings.data_folder.is_dir():
        raise ConfigError(f"there is no folder {settings.data_folder}: name it with --data")
    with writing(to):
        try:
            to.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            raise ConfigError(f"{to} is there already: name a new folder, nothing is overwritten") from None
        copy_state(settings.data_folder, to)
    with closing(opened(settings)) as database:
        with database.read() as connection:  # before the copy: what is found whole now is in it
            found = audit.verify(connection)
        copy(database, to)
    with writing(to):
        for name in LISTS:  # after the database, which says which decisions are in this file already
            if (settings.data_folder / name).exists():
                shutil.copy2(settings.data_folder / name, to / name)
        sync_tree(to)
    click.echo(f"copied to {to}: {', '.join(sorted(path.name for path in to.iterdir()))}")
    if found.broken_at is not None:
        click.echo(f"the audit is broken: entry {found.broken_at} does not follow from those before it")
        return 1
    click.echo(f"audit whole: {found.entries:,} entries, last hash {found.last}")
    return 0


def copy_state(data: Path, to: Path) -> None:
    """The checkpoint and the spool that belongs to it; again, when a new checkpoint came meanwhile."""
    from schemas.errors import Unavailable

    for _ in range(TRIES):
        before = _current(data)
        for name in (STATE, SPOOL):
            shutil.rmtree(to / name, ignore_errors=True)
        try:
            if before:
                shutil.copytree(data / STATE / before, to / STATE / before)
                (to / STATE / CURRENT).write_text(before)
            if (data / SPOOL).is_dir():
                shutil.copytree(data / SPOOL, to / SPOOL)
        except (FileNotFoundError, shutil.Error):
            continue  # removed under our hands: a newer one is there
        if _current(data) == before:
            return
    raise Unavailable(f"{data / STATE}: checkpoints come faster than they can be copied; raise checkpoint_every_s")


def _current(data: Path) -> str:
    """The name of the valid checkpoint; empty where there is none."""
    try:
        return (data / STATE / CURRENT).read_text().strip()
    except FileNotFoundError:
        return ""
