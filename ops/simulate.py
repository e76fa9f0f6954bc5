"""What does `linewatch simulate` do? It writes a generated border: a log, and what is true of it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.progress import say

if TYPE_CHECKING:
    from evaluation.simulator import Traffic

VEHICLES = 20_000  # where neither vehicles nor crossings are asked for
PER_VEHICLE = 10  # crossings, where only crossings are
MAX_PORTS = 1_000


def _ports(_: click.Context, __: click.Parameter, value: str) -> int | list[str]:
    """A number of ports, or their codes: those have four digits."""
    if (value.isdecimal() and len(value) < 4) or value == str(MAX_PORTS):
        if 1 <= int(value) <= MAX_PORTS:
            return int(value)
        raise click.BadParameter(f"1 to {MAX_PORTS} ports are required, got {value}")
    return [code for code in value.replace(",", " ").split() if code]


@click.command("simulate")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the files; made if absent, an earlier simulation in it is replaced.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Another seed, another border.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3_660), help="Length of the log.")
@click.option("--ports", default="30", show_default=True, callback=_ports, metavar="N|CODES",
              help="The N busiest land ports of the US, or these, by code: 2504,2304.")  # fmt: skip
@click.option("--vehicles", type=click.IntRange(min=1), metavar="N",
              help=f"How many there are.  [default: {VEHICLES}, or a tenth of --crossings]")  # fmt: skip
@click.option("--crossings", type=click.IntRange(min=1), metavar="N",
              help="About how many. More for each vehicle means more regulars.  [default: as it comes]")  # fmt: skip
@click.option("--planted-rate", default=0.0005, show_default=True, type=click.FloatRange(0, 0.2), metavar="R",
              help="Share of crossings that belong to planted stories.")  # fmt: skip
@click.option("--misreads", type=click.FloatRange(0, 0.5), metavar="R",
              help="Share of plates read as another.  [default: drawn, some per thousand]")  # fmt: skip
@click.option("--reported", type=click.FloatRange(0, 1), metavar="R",
              help="Share of ports that report an optional field; 0 writes none.  [default: drawn]")  # fmt: skip
@click.option("--start", default="2026-01-05", show_default=True, metavar="DATE", help="First day, by its date.",
              type=click.DateTime(["%Y-%m-%d"]))  # fmt: skip
def simulate(
    out: Path,
    seed: int,
    days: int,
    ports: int | list[str],
    vehicles: int | None,
    crossings: int | None,
    planted_rate: float,
    misreads: float | None,
    reported: float | None,
    start: datetime,
) -> None:
    """Write a generated border: traffic of real ports with planted stories, and the truth about it.

    \b
    crossings.jsonl     the log, for `linewatch replay`
    labels.csv          crossings that belong to a story: crossing_id, label, episode
    benign.csv          crossings that look odd and are not
    episodes.csv        the stories, with strengths from 0 (subtle) to 1 (plain)
    events.csv          ports that closed or opened
    outages.csv         readers that were down
    roster.json         when the officers' shifts change, for the setting shift_changes
    dispositions.jsonl  what people found who looked, for `linewatch replay --dispositions`

    The same options give the same bytes. Volumes are those of 2024, holidays those of the dates; all else is drawn
    anew for every seed.

    \b
    Examples:
      linewatch simulate --out border
      linewatch simulate --seed 7 --days 30 --ports 2504,2404 --vehicles 5000 --out two-ports
      linewatch simulate --crossings 1000000 --vehicles 100000 --misreads 0.05 --out large
    """
    from evaluation.simulator import generate

    if vehicles is None:
        vehicles = VEHICLES if crossings is None else max(1, crossings // PER_VEHICLE)
    given = {"misread": misreads, "reported": reported}
    fixed = {name: value for name, value in given.items() if value is not None}
    begin = time.perf_counter()
    with _progress() as told:
        told("drawing the lives of the vehicles", 0, None)
        try:
            first_day = start.date().isoformat()
            traffic = generate(seed, days, vehicles, ports, planted_rate, first_day, crossings, fixed)
        except ValueError as problem:
            raise click.UsageError(str(problem)) from problem
        total = len(traffic.arrival)
        traffic.write(out, lambda done: told("writing", done, total))
    _tell(traffic, out, time.perf_counter() - begin)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar on stderr, by crossings; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _tell(traffic: Traffic, out: Path, seconds: float) -> None:
    log = out / "crossings.jsonl"
    say(f"{log}: {len(traffic):,} crossings, {log.stat().st_size / 1e6:,.0f} MB, in {seconds:.0f} s")
    stories = Counter(episode.label for episode in traffic.episodes)
    if stories:
        say(
            f"  {len(traffic.labels):,} labelled crossings in {len(traffic.episodes):,} stories of {len(stories)} kinds"
        )
    elif len(traffic):
        say("  no story planted: a longer log, more vehicles or a higher --planted-rate make room for some")
    say(f"  {len(traffic.benign):,} crossings that look odd and are innocent")
    shifts = f" --set shift_changes={','.join(traffic.shift_changes)}"
    registry = "open" if any(code.startswith("X") for code in traffic.places.codes) else "us"  # X...: made up
    say(f"next: linewatch replay {log} --ports {registry}{shifts} --alerts {out / 'alerts.jsonl'}")
