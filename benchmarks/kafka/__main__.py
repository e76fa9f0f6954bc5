"""How are the Kafka benchmarks run? `make bench-kafka`, or `python -m benchmarks.kafka [latency|rate ...] [--quick]`.

The newest figures of each are kept in .cache/bench/kafka.json, and those of this run are written to out/bench-kafka.md;
`--write docs/benchmarks-kafka.md` puts the newest into that page between its two markers. Needs Java and Maven like
`make kafka`, and Linux. Leave the machine alone while it runs.
"""

from __future__ import annotations

import importlib
import signal
import sys
from importlib import metadata
from pathlib import Path

import click

from benchmarks.figures import Result
from benchmarks.kafka.ground import HEAP_MB
from benchmarks.kafka.scale import FULL, QUICK
from benchmarks.machine import ROOT, describe
from benchmarks.report import Results, print_result, section, write_page
from ops.broker import jars

NAMES = ("latency", "rate", "recovery", "takeover")
CACHE = ROOT / ".cache" / "bench"
OUT = ROOT / "out" / "bench-kafka.md"
LIBRARIES = ("faust-streaming", "aiokafka", "kafka-python")
PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--quick", is_flag=True, help="Two minutes: does it run at all? The figures mean little.")
@click.option("--seconds", type=click.FloatRange(min=1), help="At each rate.  [default: 60]")
@click.option("--out", type=PATH, default=OUT, help="Where this run's figures go.")
@click.option("--write", type=PATH, help="Put the newest figures into this page, between its markers.")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), default=CACHE, help="Generated logs, results."
)
def main(
    names: tuple[str, ...], quick: bool, seconds: float | None, out: Path, write: Path | None, cache: Path
) -> None:  # fmt: skip
    """Measure latency, rate, recovery and takeover of workers on Kafka; all of them unless some are named."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # and take broker and workers along
    for folder in (cache, out.parent):
        folder.mkdir(parents=True, exist_ok=True)
    scale = QUICK if quick else FULL
    if seconds is not None:
        scale = scale._replace(seconds=seconds)
    results, sections = Results(cache / ("kafka-quick.json" if quick else "kafka.json")), []
    for name in names or NAMES:
        before = machine()  # before it is busy with us
        result: Result = importlib.import_module(f"benchmarks.kafka.{name}").run(scale, cache)
        results.keep(name, before, result)
        print_result(name, before, result)
        sections.append(section(name, before, result))
        out.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    if write is not None:
        write_page(write, results)


def machine() -> dict[str, str]:
    """What the other benchmarks say of the machine, and what is in play here."""
    clients = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return {**describe(), "broker": f"Kafka {jars.version()}, {HEAP_MB} MB heap", "clients": clients}


if __name__ == "__main__":
    main()
