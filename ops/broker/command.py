"""How does one run a broker by hand? `python -m ops.local_kafka run | start | stop`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ops.broker import jars, owner
from ops.local_kafka import STOP_S, LocalKafka
from ops.progress import say
from ops.signals import stopping
from schemas.errors import LinewatchError, Unavailable

PORT = 9092  # Kafka's own
LOOK_S = 0.5

data = click.option("--data", default=Path("out/kafka"), show_default=True, metavar="DIR",
                    type=click.Path(file_okay=False, path_type=Path),
                    help="Its topics, log and ports; made if absent, kept at the end.")  # fmt: skip
port = click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65_535),
                    help="On 127.0.0.1; 0 takes a free one, and the same again for the same --data.")  # fmt: skip
heap = click.option("--heap-mb", default=384, show_default=True, type=click.IntRange(min=128), metavar="N",
                    help="Java's heap; the process may take 150 MB more.")  # fmt: skip


class Told(click.Group):
    """A group that ends with one line and 1 for what a user can cause."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except LinewatchError as problem:
            say(" ".join(str(problem).split()))
            ctx.exit(1)


def main() -> None:
    """The entry point of `python -m ops.local_kafka`."""
    kafka()


@click.group(cls=Told, context_settings={"help_option_names": ["-h", "--help"]})
def kafka() -> None:
    """A real Apache Kafka broker for development: one node on 127.0.0.1, without an installation and without Docker.

    \b
    Needed: Java 17 or newer, and Maven for the first start, which fetches 45 MB of pinned jars into ~/.cache.
    No authentication, no replication: not for production.

    \b
    Examples:
      python -m ops.local_kafka run                       on port 9092, until Ctrl-C
      python -m ops.local_kafka start --data out/kafka    in the background
      python -m ops.local_kafka stop --data out/kafka
    """


@kafka.command("run")
@port
@data
@heap
def run(port: int, data: Path, heap_mb: int) -> None:
    """Run it in the foreground until Ctrl-C."""
    broker = _broker(port, data, heap_mb)
    with stopping() as stop, broker:
        _tell(broker, "Ctrl-C stops it")
        while not stop.wait(LOOK_S):
            if not broker.running:
                raise Unavailable(f"the broker at {broker.bootstrap} has ended; its log says why: {broker.log}")
    say(f"stopped; the same command goes on with what is in {data}")


@kafka.command("start")
@port
@data
@heap
def start(port: int, data: Path, heap_mb: int) -> None:
    """Start it in the background; it stays when the terminal closes."""
    broker = _broker(port, data, heap_mb).start(detached=True)
    _tell(broker, f"python -m ops.local_kafka stop --data {data} stops it")


@kafka.command("stop")
@data
def stop(data: Path) -> None:
    """Stop the one that runs with this --data, whoever started it."""
    pid = owner.stop(data, STOP_S)
    say(f"no broker runs with {data}" if pid is None else f"stopped the broker of {data} (process {pid})")


def _broker(port: int, data: Path, heap_mb: int) -> LocalKafka:
    if not jars.folder().is_dir():
        say(f"the first start fetches Kafka's jars, 45 MB, into {jars.folder()}")
    return LocalKafka(data, port, heap_mb=heap_mb)


def _tell(broker: LocalKafka, how_to_stop: str) -> None:
    say(f"Kafka {jars.version()} answers at {broker.bootstrap}; {how_to_stop} (log: {broker.log})")
