"""What does `linewatch console` do? It serves the operator console over the database that `linewatch run` fills."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ops.options import PATH, load_settings, setting_options
from ops.progress import say

if TYPE_CHECKING:
    from console.database import Database
    from console.inbox import Inbox
    from console.requests import Asked
    from console.site import Border
    from ops.metrics_console import ConsoleFigures
    from ops.settings import Settings
    from ops.signals import Stop

DATABASE = "console.sqlite"  # in the data folder
DISPOSITIONS = "dispositions.jsonl"
FIRST = "admin"

watermark_option = click.option(
    "--watermark", type=click.Choice(("DEMO", "REPLAY")), help="Shown on every page of what is not live."
)


@click.command("console")
@click.option("--data", type=PATH, metavar="DIR", help="Folder of the database; short for --set data_folder=...")
@click.option("--kafka", is_flag=True, help="Alerts come from Kafka, and decisions go there.")
@watermark_option
@setting_options
def console(
    data: Path | None, kafka: bool, watermark: str | None, config: Path | None, flags: tuple[str, ...],
    ports: str | None,
) -> int:  # fmt: skip
    """Serve the operator console: the queue of alerts, live; decisions; the audit.

    \b
    Examples:
      linewatch console                                    on http://127.0.0.1:8480, beside a `linewatch run`
      linewatch console --set console_port=0               on any free port
      linewatch run --console                              both in one process
      linewatch console --kafka                            alerts of the workers, from Kafka

    On the first start it prints a link with which the administrator chooses a password; `linewatch users add` makes
    the others. It listens on this machine only; for others put a proxy with TLS before it and name it in
    console_names. `linewatch run` over the same folder learns from what is decided here. Ctrl-C ends it.
    """
    from ops import log, metrics, wiring
    from ops.metrics_console import ConsoleFigures
    from ops.signals import stopping

    settings = load_settings(config, flags, ports=ports, data_folder=data).settings
    log.configure(settings)
    with ExitStack() as held:
        database = held.enter_context(closing(opened(settings)))
        stop = held.enter_context(stopping())
        figures = ConsoleFigures(database, now_ms)
        inbox = _inbox(settings, database, stop, held) if kafka else None
        decisions = _to_topic(settings, held) if kafka else to_file(settings.data_folder / DISPOSITIONS)

        def listening() -> None:
            address = wiring.serve_metrics(settings, metrics.registry(["console"], figures.values), held)
            say(f"metrics at {address}", "metrics", address=address)

        serve(settings, database, watermark, decisions, held, figures, word="ready", listening=listening)
        stop.wait()
    if inbox is not None and inbox.failed is not None:
        raise inbox.failed
    return stop.exit_code(terminated=0)


class Decisions(NamedTuple):
    """Where they go."""

    name: str
    append: Callable[[Sequence[bytes]], None]


def to_file(path: Path) -> Decisions:
    """A file that `linewatch run` follows."""
    from console.outbox import DecisionFile

    return Decisions(str(path), DecisionFile(path))


def _to_topic(settings: Settings, held: ExitStack) -> Decisions:
    """The topic that workers hear."""
    from ops import wiring_kafka

    topic = wiring_kafka.build_decisions(settings)
    held.callback(topic.close)
    return Decisions(f"the topic {topic.name}", topic)


def _inbox(settings: Settings, database: Database, stop: Stop, held: ExitStack) -> Inbox:
    """Have alerts come from Kafka until `held` ends; a failure ends the command."""
    from ops import wiring_kafka

    inbox = wiring_kafka.build_inbox(settings, database, now_ms, say)
    inbox.on_failure = stop.set
    held.callback(inbox.close)
    inbox.start()
    return inbox


def serve(
    settings: Settings, database: Database, watermark: str | None, decisions: Decisions, held: ExitStack,
    figures: ConsoleFigures, *, word: str, listening: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Serve the pages in a thread until `held` ends; what is decided goes to `decisions`.

    Says where, after `word`, and on the first start the link with which somebody gets in. `figures` hear of requests.
    """
    from console.app import make_app
    from console.outbox import Outbox
    from console.server import CONSOLE, ServerThread
    from ops import log

    names = [name.strip() for name in settings.console_names.split(",") if name.strip()]

    def asked(one: Asked) -> None:
        figures.asked(one)
        log.request(one)

    app = make_app(
        database, now_ms, border=border_of(settings), hosts=names, watermark=watermark or "",
        outbox=Outbox(database, decisions.append, now_ms), asked=asked, more=sign_on_of(settings),
    )  # fmt: skip
    server = ServerThread(app, settings.console_host, settings.console_port, name="console", options=CONSOLE)
    held.callback(server.close)
    server.start()
    figures.begin(app.state.site.live)
    listening()
    say(f"{word}: {server.address}, decisions go to {decisions.name}", word, address=server.address)
    _welcome(database, server.address, to_terminal=settings.log_format == "console")


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

    return Border(
        wiring.build_ports(settings),
        settings.budget_per_hour * settings.operators,
        wiring.build_pseudonymiser(settings).pseudonym if wiring.has_key(settings) else None,
    )


def sign_on_of(settings: Settings) -> list[Any]:
    """The pages of the single sign-on, where there is one. ConfigError for settings that do not fit together."""
    if not settings.oidc_issuer:
        return []
    with warnings.catch_warnings(record=True):  # authlib says that it will leave httpx; that is not for who starts this
        from console import sign_on_page
        from console.sign_on import Provider, SignOn, roles_of

    secret, roles = settings.oidc_client_secret.get_secret_value(), roles_of(settings.oidc_roles)
    provider = Provider(settings.oidc_issuer, settings.oidc_client_id, secret, roles, settings.oidc_claim)
    return sign_on_page.routes(SignOn(provider))


def now_ms() -> int:
    """The time of day, ms since 1970."""
    return time.time_ns() // 1_000_000


def _welcome(database: Database, address: str, *, to_terminal: bool) -> None:
    """Where there is no user yet, say how the first gets in: whoever reads a log must not get in by it."""
    from console.accounts import Accounts

    with database.begin() as connection:
        accounts = Accounts(connection, now_ms)
        if accounts.all():
            return
        token = accounts.add(FIRST, "admin", by="first start") if to_terminal else None
    if token is None:
        say("there is no user yet: `linewatch users add NAME --role admin` prints a link for the first", "no_user")
    else:
        say(f"the first time: choose the password of {FIRST!r} at {address}/welcome/{token} (once, for a day)", "first")
