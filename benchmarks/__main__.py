"""How are the benchmarks run? `make bench`, or `python -m benchmarks [speed|memory|start|metrics ...] [--write PAGE]`.

The newest figures of each benchmark are kept in .cache/bench/results.json; `--write docs/benchmarks.md` puts them into
that page between its two markers. Leave the machine alone while it runs.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from benchmarks.machine import ROOT, describe
from benchmarks.report import Results, print_result, write_page
from benchmarks.scale import FULL, TINY

NAMES = ("speed", "memory", "start", "metrics")
CACHE = ROOT / ".cache" / "bench"
PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--tiny", is_flag=True, help="Seconds instead of minutes: does it run at all? The figures mean nothing.")
@click.option("--write", type=PATH, help="Put the newest figures into this page, between its markers.")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), default=CACHE, help="Generated logs, results."
)
def main(names: tuple[str, ...], tiny: bool, write: Path | None, cache: Path) -> None:
    """Measure speed, memory and start; all of them unless some are named."""
    cache.mkdir(parents=True, exist_ok=True)
    results = Results(cache / ("tiny.json" if tiny else "results.json"))
    for name in names or NAMES:
        machine = describe()  # before it is busy with us
        result = importlib.import_module(f"benchmarks.{name}").run(TINY if tiny else FULL, cache)
        results.keep(name, machine, result)
        print_result(name, machine, result)
    if write is not None:
        write_page(write, results)


if __name__ == "__main__":
    main()
