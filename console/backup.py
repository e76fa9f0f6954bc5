"""How is the console's database copied while it is in use? SQLite by itself, PostgreSQL by its own pg_dump."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from console.database import Database
from schemas.errors import Unavailable

DUMP = "console.dump"  # of PostgreSQL: `pg_restore` reads it


def copy(database: Database, folder: Path) -> None:
    """Write the database as it stands at one moment into the folder; whoever writes goes on meanwhile.

    Unavailable when it cannot be read or written, or pg_dump is not there.
    """
    if database.engine.dialect.name == "sqlite":
        _sqlite(Path(database.name or ""), folder)
    else:
        _postgresql(database, folder / DUMP)


def _sqlite(file: Path, folder: Path) -> None:
    target = folder / file.name
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as problem:
        raise Unavailable(f"{file} cannot be copied to {target}: {problem}.") from None
    target.chmod(0o600)


def _postgresql(database: Database, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise Unavailable("pg_dump is not on the PATH; install it (Debian: postgresql-client), as new as the server.")
    url = make_url(database.engine.url).set(drivername="postgresql")
    words = [program, "--format=custom", "--no-owner", f"--file={target}", "--dbname"]
    environment = {**os.environ, "PGPASSWORD": str(url.password or "")}  # others can read a command line, not this
    plain = url.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run([*words, plain], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Unavailable(f"pg_dump ended with {done.returncode}: {done.stderr.strip()}")
    target.chmod(0o600)
