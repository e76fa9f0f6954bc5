"""How does a browser of the tests reach a console? The real application on a free port, over a real database."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import uvicorn

from console.accounts import Accounts
from console.app import make_app
from console.database import Database
from console.site import Border
from console.store import put
from schemas.models import Alert
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from tests.console.stored import PASSWORD

STAFF = {
    "ana": "operator", "ben": "operator", "sue": "supervisor", "lea": "analyst", "aud": "auditor", "ivy": "integrity",
    "adm": "admin",
}  # fmt: skip


class Console(NamedTuple):
    """One that is served."""

    address: str  # http://127.0.0.1:port
    path: Path  # of the database
    now: Callable[[], int]  # ms since 1970

    def write(self, some: Sequence[Alert]) -> int:
        """Store alerts over a connection of one's own, as the pipeline does; when that was, ms since 1970."""
        database = Database.open(self.path)
        began = now_ms()
        with database.begin() as connection:
            put(connection, some, self.now())
        database.close()
        return began


@functools.cache
def session(console: Console, name: str) -> str:
    """The token of one of the staff, without the form; one for a console and a name."""
    database = Database.open(console.path)
    with database.begin() as connection:
        accounts = Accounts(connection, console.now)
        user = next(user for user, _ in accounts.all() if user.name == name)
        token = accounts.log_in(user, "127.0.0.1")
    database.close()
    return token


def now_ms() -> int:
    """The time of day, ms since 1970."""
    return time.time_ns() // 1_000_000


def staffed(path: Path, now: Callable[[], int]) -> None:
    """A new database with `STAFF`, whose password is `PASSWORD`."""
    database = Database.open(path)
    with database.begin() as connection:
        accounts = Accounts(connection, now)
        for name, role in STAFF.items():
            accounts.accept(accounts.add(name, role, by="adm"), PASSWORD)
    database.close()


@contextmanager
def serving(path: Path, now: Callable[[], int]) -> Iterator[Console]:
    """A console over a database, in a thread of this process until the end."""
    database = Database.open(path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        border = Border(Ports.builtin(), 6.0, Pseudonymiser(bytes(32)).pseudonym)
        app = make_app(database, now, border=border, watermark="DEMO")
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield Console(f"http://127.0.0.1:{listening.getsockname()[1]}", path, now)
        finally:
            server.should_exit = True
            thread.join()
            database.close()
