"""What does `linewatch produce` do? A recorded log, or what comes on standard input, into Kafka for the workers."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ops.options import PATH, load_settings, setting_options, speed
from ops.progress import MODES, Words, display, say

if TYPE_CHECKING:
    from ops.settings import Settings
    from ops.signals import Stop
    from stream.delivery import Delivery
    from stream.kafka_clients import Connection
    from stream.log_records import LogRecords
    from stream.produce import Counts, Session
    from stream.sources import Source

LINGER_MS = 20
LINGER_PACED_MS = 3


class Request(NamedTuple):
    """What the command line asked for, settings aside."""

    log: str
    speed: float | None
    dispositions: Path | None
    again: bool
    progress: str


@click.command("produce")
@click.argument("log", metavar="LOG")
@click.option("--bootstrap", metavar="B", help="host:port of the brokers; short for --set kafka_bootstrap=...")
@click.option(
    "--speed",
    metavar="max|N",
    callback=speed,
    default="max",
    help="max (default), or so many times faster than it happened.",
)
@click.option("--dispositions", type=PATH, metavar="D.jsonl", help="Send these first: what people found.")
@click.option("--again", is_flag=True, help="Send the log once more, as if it were another one.")
@click.option("--progress", type=click.Choice(MODES), default="auto", help="Bar on a terminal, or lines, or none.")
@setting_options
def produce(
    bootstrap: str | None, config: Path | None, flags: tuple[str, ...], ports: str | None, **wanted: Any
) -> int:  # fmt: skip
    """Send a recorded LOG (.jsonl, .jsonl.gz, .jsonl.zst, or - for standard input) to Kafka, for `linewatch worker`.

    \b
    Examples:
      linewatch produce log.jsonl --bootstrap 127.0.0.1:9092
      linewatch produce log.jsonl.gz --speed 60 --dispositions found.jsonl
      tail -F reads.jsonl | linewatch produce -

    Makes the topics that are missing. Interrupted or killed, the same command goes on from where it was; when all is
    sent it says so, and --again sends it once more. Plates become pseudonyms before anything is sent. Lines that cannot
    be used are sent too: the worker writes them to the dead letter. docs/kafka.md says more.
    """
    settings = load_settings(config, flags, ports=ports, kafka_bootstrap=bootstrap).settings
    return _produce(Request(**wanted), settings)


def _produce(request: Request, settings: Settings) -> int:
    from ops import wiring
    from ops.signals import stopping
    from stream import topic_admin
    from stream.delivery import Delivery
    from stream.produce import Session
    from stream.topics import Topics

    connection = wiring.build_connection(settings)
    with ExitStack() as held:
        stop = held.enter_context(stopping())
        source = _source(request, settings, stop)
        held.callback(source.close)
        shape = topic_admin.ensure(connection, settings.kafka_topics, wiring.build_shape(settings))
        topics = Topics.of(settings.kafka_topics)
        records = _records(settings, connection, topics.ports, shape.partitions)
        linger_ms = LINGER_MS if request.speed is None else LINGER_PACED_MS
        delivery = held.enter_context(closing(Delivery(connection, topics, linger_ms=linger_ms, stop=stop)))
        if request.dispositions is not None:
            _dispositions(request.dispositions, settings, delivery, connection, topics.dispositions)
        show = held.enter_context(display(request.progress, source.size(), _words))
        session = Session(source, records, delivery, topics, speed=request.speed, stop=stop, show=show)
        return _run(session, request, connection, topics.exchange, stop, held)


def _run(
    session: Session, request: Request, connection: Connection, exchange: str, stop: Stop, held: ExitStack
) -> int:  # fmt: skip
    """Send, and say how it ended."""
    from stream.produced import last_word

    if not session.begin(
        lambda origin: last_word(connection, exchange, origin), secrets.randbits(63) if request.again else None
    ):
        held.close()
        say(f"all {session.line:,} lines of {request.log} were sent before; --again sends them once more")
        return 0
    started = time.monotonic()
    session.run()
    seconds = time.monotonic() - started
    held.pop_all().close()  # the bar goes before the table comes
    if stop.is_set():
        say(f"stopped after line {session.line:,}; the same command goes on from there")
    else:
        click.echo(summary(session.counts, session.line, seconds))
    return stop.exit_code()


def _source(request: Request, settings: Settings, stop: Stop) -> Source:
    """The log, or standard input as it comes."""
    from ops import wiring

    if request.log != wiring.STDIO:
        return wiring.build_log(request.log, settings, speed=None)
    return wiring.build_pipe(settings, stop=stop)


def _records(settings: Settings, connection: Connection, topic: str, partitions: int) -> LogRecords:
    """With the ports that an open registry has in Kafka, in their order there."""
    from ops import wiring
    from stream.key_partitions import KeyPartitions
    from stream.log_records import LogRecords
    from stream.produced import registered_ports

    ports = wiring.build_ports(settings)
    if ports.is_open:
        ports.learn(registered_ports(connection, topic))
    pseudonymiser = wiring.build_pseudonymiser(settings)
    codec = wiring.build_codec(settings, ports, pseudonymiser)
    return LogRecords(codec, pseudonymiser, ports, KeyPartitions(partitions), partitions)


def _dispositions(file: Path, settings: Settings, delivery: Delivery, connection: Connection, topic: str) -> None:
    from ops import wiring
    from stream import produce_dispositions
    from stream.produced import Values

    with closing(wiring.build_log(str(file), settings, speed=None)) as source:
        sent = produce_dispositions.send(source.blocks(), delivery, topic, Values.of(connection, topic))
    say(f"{sent:,} dispositions of {file} sent; the others were there")


def _words(counts: Counts) -> Words:
    line = f"sent={counts.records} rejects={counts.rejects} skipped={counts.skipped} bytes={counts.bytes_read}"
    return Words(counts.records, counts.bytes_read, line, f"{counts.ports:,} ports")


def summary(counts: Counts, line: int, seconds: float) -> str:
    """The table at the end."""
    rows = [("lines", f"{line:,}"), ("  crossings", f"{counts.crossings:,}"), ("  rejects", f"{counts.rejects:,}")]
    if counts.skipped:
        rows.append(("  sent before", f"{counts.skipped:,}"))
    rows += [("ports announced", f"{counts.ports:,}"), ("seconds", f"{seconds:.1f}")]
    rows.append(("records/s", f"{counts.records / max(seconds, 1e-9):,.0f}"))
    return "\n".join(f"{name:<26}{value}" for name, value in rows)
