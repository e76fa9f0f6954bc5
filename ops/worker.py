"""What does `linewatch worker` do? With other workers it assesses crossings from Kafka, and writes alerts there."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.options import load_settings, setting_options
from ops.progress import say

if TYPE_CHECKING:
    from ops.settings import Settings
    from stream.worker_run import WorkerRun


SWITCH_S = 0.0005  # the threads that read and write Kafka hand over many times a record; at 5 ms each they starve


@click.command("worker")
@click.option("--bootstrap", metavar="HOST:PORT", help="The broker; short for --set kafka_bootstrap=...")
@click.option("--progress", type=click.Choice(("lines", "none")), default="none", help="A line a second, or none.")
@setting_options
def worker(
    bootstrap: str | None, progress: str, config: Path | None, flags: tuple[str, ...], ports: str | None
) -> int:  # fmt: skip
    """Take part in assessing the crossings in Kafka, until it is told to stop.

    \b
    Examples:
      linewatch worker                                    topics linewatch.* on 127.0.0.1:9092
      linewatch worker --ports us --set kafka_bootstrap=k1:9092,k2:9092
      linewatch worker --progress lines & linewatch worker & linewatch produce log.jsonl

    Start it as often as there are cores: workers share the partitions among themselves, and take over those of one
    that dies. All must have the same settings, ports and plate key. Alerts are in the topic linewatch.alerts, refused
    records in linewatch.rejects; read both with isolation level read_committed. SIGTERM and Ctrl-C end it after a
    checkpoint.
    """
    from ops import log

    settings = load_settings(config, flags, ports=ports, kafka_bootstrap=bootstrap).settings
    log.configure(settings)
    return _worker(settings, progress)


def _worker(settings: Settings, progress: str) -> int:
    from ops import metrics, wiring, wiring_kafka
    from ops.metrics_worker import WorkerFigures
    from ops.signals import stopping
    from ops.warm_up import warm_up
    from stream.worker_run import EngineView

    sys.setswitchinterval(SWITCH_S)
    with ExitStack() as held:
        stop = held.enter_context(stopping())
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="linewatch-"))
        say("loading the detectors (on the first run of a machine they are compiled, which takes a minute)", "loading")
        warm_up(settings)
        figures = WorkerFigures(settings)
        run = wiring_kafka.build_worker(settings, say, figures)
        try:
            engine = wiring_kafka.build_engine(settings, run, Path(folder))
            run.drive(EngineView(engine.end_of, engine.pause))
            run.report = _reporter(run, progress, figures.tick)
            exposed = metrics.registry(["worker"], figures.values)
            address = wiring.serve_metrics(settings, exposed, held)
            say(f"metrics at {address}", "metrics", address=address)
            say(f"joining the group {settings.kafka_group} at {settings.kafka_bootstrap}", "joining",
                group=settings.kafka_group, bootstrap=settings.kafka_bootstrap)  # fmt: skip
            asyncio.run(engine.run(run.pump, stop.is_set))
        finally:
            run.close()
        say(f"stopped: {_line(run)}", "stopped")
        return stop.exit_code(terminated=0)


def _reporter(run: WorkerRun, progress: str, tick: Callable[[], None]) -> Callable[[], None]:
    """Called at every turn, and calls `tick`: a line when the partitions change, and every second if wanted."""
    shown: tuple[int, ...] = ()
    at, missed = 0.0, 0

    def report() -> None:
        nonlocal shown, at, missed
        tick()
        tenants = run.worker.tenants
        here = (*sorted(tenants.vehicles), -1, *sorted(tenants.at_ports))
        if here != shown:
            say(f"ready: {len(tenants.vehicles)} partitions of crossings, {len(tenants.at_ports)} of ports", "ready",
                vehicle_partitions=sorted(tenants.vehicles), port_partitions=sorted(tenants.at_ports))  # fmt: skip
            shown = here
        if tenants.missed > missed:
            missed = tenants.missed
            say(f"{missed:,} records were deleted before they were read: keep them for longer (kafka_retention_hours)",
                "missed", level="warning", count=missed)  # fmt: skip
        if progress == "lines" and time.monotonic() - at >= 1:
            at = time.monotonic()
            say(f"progress {_line(run)}", "progress")

    return report


def _line(run: WorkerRun) -> str:
    counts = run.worker.tenants.counts()
    counts["unwritten"] = run.worker.publisher.unwritten
    names = ["accepted", "duplicates", "rejected", "resent", "assessed", "late", "alerts", "unwritten"]
    return " ".join(f"{name}={counts[name]}" for name in names + ["missed"] * bool(counts["missed"]))
