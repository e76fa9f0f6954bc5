"""What does `linewatch console` do? It serves the operator console over the database that `linewatch run` fills."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.options import PATH, load_settings, setting_options
from ops.progress import say

if TYPE_CHECKING:
    from console.database import Database
    from console.site import Border
    from ops.metrics_console import ConsoleFigures
    from ops.settings import Settings

DATABASE = "console.sqlite"  # in the data folder
DISPOSITIONS = "dispositions.jsonl"
FIRST = "admin"

watermark_option = click.option(
    "--watermark", type=click.Choice(("DEMO", "REPLAY")), help="Shown on every page of what is not live."
)


@click.command("console")
@click.option("--data", type=PATH, metavar="DIR", help="Folder of the database; short for --set data_folder=...")
@watermark_option
@setting_options
def console(
    data: Path | None, watermark: str | None, config: Path | None, flags: tuple[str, ...], ports: str | None
) -> int:  # fmt: skip
    """Serve the operator console: the queue of alerts, live; decisions; the audit.

    \b
    Examples:
      linewatch console                                    on http://127.0.0.1:8480, beside a `linewatch run`
      linewatch console --set console_port=0               on any free port
      linewatch run --console                              both in one process

    On the first start it prints a link with which the administrator chooses a password; `linewatch users add` makes
    the others. It listens on this machine only; for others put a proxy with TLS before it and name it in
    console_names. `linewatch run` over the same folder learns from what is decided here. Ctrl-C ends it.
    """
    from ops.metrics_console import ConsoleFigures
    from ops.signals import stopping

    settings = load_settings(config, flags, ports=ports, data_folder=data).settings
    with ExitStack() as held:
        database = held.enter_context(closing(opened(settings)))
        stop = held.enter_context(stopping())
        figures = ConsoleFigures(database, now_ms)
        serve(settings, database, watermark, settings.data_folder / DISPOSITIONS, held, word="ready", figures=figures)
        stop.wait()
    return stop.exit_code(terminated=0)


def serve(
    settings: Settings, database: Database, watermark: str | None, decisions: Path, held: ExitStack, *, word: str,
    figures: ConsoleFigures | None = None,
) -> None:  # fmt: skip
    """Serve the pages in a thread until `held` ends; what is decided is appended to the file `decisions`.

    Says where, after `word`, and on the first start the link with which somebody gets in. `figures` get metrics of
    their own.
    """
    from console.app import make_app
    from console.outbox import Outbox
    from console.server import CONSOLE, ServerThread
    from ops import metrics, wiring

    names = [name.strip() for name in settings.console_names.split(",") if name.strip()]
    app = make_app(
        database, now_ms, border=border_of(settings), hosts=names, watermark=watermark or "",
        outbox=Outbox(database, decisions, now_ms), asked=figures.asked if figures else lambda _: None,
    )  # fmt: skip
    server = ServerThread(app, settings.console_host, settings.console_port, name="console", options=CONSOLE)
    held.callback(server.close)
    server.start()
    if figures is not None:
        figures.begin(app.state.site.live)
        say(f"metrics at {wiring.serve_metrics(settings, metrics.registry('console', figures.values), held)}")
    say(f"{word}: {server.address}, decisions go to {decisions}")
    first = _first(database)
    if first is not None:
        say(f"the first time: choose the password of {FIRST!r} at {server.address}/welcome/{first} (once, for a day)")


def opened(settings: Settings) -> Database:
    """The database that the settings name."""
    from console.database import Database

    url = settings.database_url.get_secret_value()
    if url:
        return Database.open(url)
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Database.open(settings.data_folder / DATABASE)


def border_of(settings: Settings) -> Border:
    """What the pages show of the border; plates can be searched for where there is a key (none is made here)."""
    from console.site import Border
    from ops import wiring
    from schemas.plates import KEY_VARIABLE

    has_key = KEY_VARIABLE in os.environ or settings.plate_key_file.expanduser().exists()
    return Border(
        wiring.build_ports(settings),
        settings.budget_per_hour * settings.operators,
        wiring.build_pseudonymiser(settings).pseudonym if has_key else None,
    )


def now_ms() -> int:
    """The time of day, ms since 1970."""
    return time.time_ns() // 1_000_000


def _first(database: Database) -> str | None:
    """Where there is no user yet, the token of the first."""
    from console.accounts import Accounts

    with database.begin() as connection:
        accounts = Accounts(connection, now_ms)
        return None if accounts.all() else accounts.add(FIRST, "admin", by="first start")
