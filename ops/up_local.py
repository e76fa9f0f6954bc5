"""What does `make up-local` do? What `docker compose up` starts, as processes of this machine, until Ctrl-C."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import click

from ops.progress import say
from ops.signals import stopping
from ops.stack.runner import Stack
from ops.stack.services import Wanted, missing, services
from schemas.errors import LinewatchError

WIDTH = 10  # of the longest name
_port = click.IntRange(0, 65_535)


@click.command("up-local", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--folder", default=Path("out/up-local"), show_default=True, metavar="DIR",
              type=click.Path(file_okay=False, path_type=Path), help="All data; kept at the end.")  # fmt: skip
@click.option("--kafka-port", default=9092, show_default=True, type=_port, help="0: a free one, here and below.")
@click.option("--console-port", default=8480, show_default=True, type=_port)
@click.option("--prometheus-port", default=9090, show_default=True, type=_port)
@click.option("--days", default=60, show_default=True, type=click.IntRange(1), help="Of the generated border.")
@click.option("--vehicles", default=10_000, show_default=True, type=click.IntRange(1), help="In it.")
@click.option("--speed", default="7200", show_default=True, metavar="max|N",
              help="So many times faster than it happened; 7200: two hours a second.")  # fmt: skip
def up_local(folder: Path, **wanted: Any) -> int:
    """Kafka, PostgreSQL, two workers, the console, Prometheus and a generated border, on 127.0.0.1, until Ctrl-C.

    Needs Java 17 and Maven (docs/kafka-broker.md); Prometheus and PostgreSQL where they are there. When one process
    ends, all do. `make up-local` again goes on where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for lack in missing():
        say(lack)
    lock = threading.Lock()

    def show(name: str, line: str) -> None:
        with lock:
            click.echo(f"{name:<{WIDTH}} | {line}")

    try:
        with stopping() as stop, Stack(show) as stack:
            for make in services(Wanted(folder.absolute(), **wanted)):
                if stop.is_set():
                    return stop.exit_code()
                stack.start(make(stack.said))
            for name in ("console", "prometheus"):
                if name in stack.said:
                    say(f"{name}: http://{stack.said[name].removeprefix('http://')}")
            say(f"up: Kafka at {stack.said['kafka']}; Ctrl-C ends all")
            stack.watch(stop)
            return stop.exit_code()
    except LinewatchError as problem:
        say(" ".join(str(problem).split()))
        return 1


if __name__ == "__main__":
    sys.exit(up_local(standalone_mode=False))
