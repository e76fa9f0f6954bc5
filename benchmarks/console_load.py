"""What do fifty open consoles cost, and does each hear of everything? `make bench-console`, a few minutes.

Three runs, one after the other: a bare Starlette feed that keeps nothing, the console with clients that only listen,
the console with clients that load their list again as the browser does. A real `linewatch console`, real sockets, the
alerts written by another process. Linux. `--write docs/benchmarks-console.md` puts the figures into that page.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.console_clients import Client, of_script, opened
from benchmarks.figures import Figure, Result, Table, text
from benchmarks.kafka.percentiles import percentile
from benchmarks.kafka.process import Process
from benchmarks.kafka.usage import OTHERS, Usage, memory_gb
from benchmarks.machine import ROOT, describe
from benchmarks.report import Results, print_result, write_page
from console.accounts import Accounts
from console.database import Database
from console.guard import COOKIE
from console.store import put
from tests.console.stored import alert

CACHE = ROOT / ".cache" / "bench"
WAITING = 300  # alerts in the queue before it begins: pages are full
WITHIN_S = 60.0


class Scale(NamedTuple):
    """How much."""

    consoles: int
    rate: float  # alerts a second
    seconds: float


FULL = Scale(50, 20, 60)
QUICK = Scale(10, 20, 2)


class Heard(NamedTuple):
    """What one run found."""

    name: str
    alerts: int
    lost: int  # alerts that a console did not hear, over all consoles
    doubled: int
    afresh: int  # consoles that were told to start afresh
    heard_ms: list[float]  # from the write to each console
    shown_ms: list[float]  # to its list
    load_ms: list[float]
    memory_mb: list[float]  # of the server, twice a second
    cores: dict[str, float]

    @property
    def slope(self) -> float:
        """Growth of the memory in its second half, MB a minute, by least squares."""
        some = self.memory_mb[len(self.memory_mb) // 2 :]
        middle = (len(some) - 1) / 2
        squares = sum((k - middle) ** 2 for k in range(len(some)))
        return 120 * sum((k - middle) * mb for k, mb in enumerate(some)) / squares if squares else 0.0


def run(scale: Scale, reload_every_s: float) -> Result:
    """All three."""
    bare = measured("bare feed", ["-m", "benchmarks.bare_feed"], None, [{}] * scale.consoles, None, scale)
    quiet = of_console("console, listening", None, scale)
    full = of_console("console, with pages", reload_every_s, scale)
    return result(bare, quiet, full, scale)


def of_console(name: str, every_s: float | None, scale: Scale) -> Heard:
    """One run of the console, over a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "console.sqlite"
        cookies = [{COOKIE: token} for token in prepared(path, scale.consoles)]
        words = ["-m", "ops.cli", "console", "--data", folder, "--set", "console_port=0"]
        return measured(name, words, path, cookies, every_s, scale)


def prepared(path: Path, consoles: int) -> list[str]:
    """A database with alerts that wait; the token of a session for each console."""
    with closing(Database.open(path)) as database, database.begin() as connection:
        put(connection, [alert(1_000_000 + k, score=3 + k % 97 / 40) for k in range(WAITING)], now_ms())
        accounts = Accounts(connection, now_ms)
        for number in range(consoles):
            accounts.add(f"operator{number}", "operator", by="bench")
        people = [user for user, _ in accounts.all()]
        return [accounts.log_in(user, "127.0.0.1") for user in people]


def now_ms() -> int:
    """The time of day."""
    return time.time_ns() // 1_000_000


def measured(
    name: str, words: list[str], path: Path | None, cookies: Sequence[dict[str, str]], every_s: float | None,
    scale: Scale,
) -> Heard:  # fmt: skip
    """One run; alerts go into the database at `path`, or to the server itself."""
    server = Process(name, words)
    try:
        said = server.wait_for(lambda one: "ready: http" in one.text, WITHIN_S)
        found = re.search(r"http://[\d.:]+", said.text)
        assert found is not None
        clients = [Client(found[0], cookie, every_s) for cookie in cookies]
        return asyncio.run(_measured(name, server, clients, str(path or found[0]), scale))
    finally:
        server.kill()


async def _measured(name: str, server: Process, clients: list[Client], where: str, scale: Scale) -> Heard:
    running = await opened(clients, WITHIN_S)
    count = round(scale.rate * scale.seconds)
    memory, usage = [1_000 * memory_gb(server.pid)], Usage({"server": server.pid})
    usage.start()
    writer = Process("writer", ["-m", "benchmarks.console_writer", where, str(scale.rate), str(count)])
    last, reads = f"a-{count - 1}", clients[0].reads
    until = time.monotonic() + scale.seconds + WITHIN_S
    while not all(last in (client.shown if reads else client.heard) for client in clients):
        await asyncio.wait((running,), timeout=0.5)
        if running.done() or time.monotonic() > until:
            break
        memory.append(1_000 * memory_gb(server.pid))
    cores = usage.stop()
    await asyncio.to_thread(writer.end, WITHIN_S)
    if running.done():
        running.result()  # an error
    running.cancel()
    await asyncio.wait((running,))
    wrote = {alert: float(at) for alert, at in (said.text.split() for said in writer.said)}
    return Heard(
        name, count,
        lost=sum(len(wrote.keys() - client.heard.keys()) for client in clients),
        doubled=sum(times - 1 for client in clients for what, times in client.events.items() if what in wrote),
        afresh=sum(client.events["reload"] for client in clients),
        heard_ms=[1_000 * (at - wrote[what]) for client in clients for what, at in client.heard.items()],
        shown_ms=[1_000 * (at - wrote[what]) for client in clients for what, at in client.shown.items()],
        load_ms=[1_000 * took for client in clients for took in client.loads],
        memory_mb=memory, cores=cores,
    )  # fmt: skip


def result(bare: Heard, quiet: Heard, full: Heard, scale: Scale) -> Result:
    """The figures and their tables."""
    p99 = percentile(full.heard_ms, 0.99)
    figures = [
        Figure("alerts that a console did not hear, or twice", [float(full.lost + full.doubled)], "", at_most=0),
        Figure("from the write to the console, p50", [percentile(full.heard_ms, 0.5)], "ms"),
        Figure("from the write to the console, p99", [p99], "ms", at_most=1_000),
        Figure("from the write to the list on the screen, p50", [percentile(full.shown_ms, 0.5)], "ms"),
        Figure("from the write to the list on the screen, p99", [percentile(full.shown_ms, 0.99)], "ms", at_most=2_000),
        Figure("growth of the server's memory, second half", [full.slope], "MB/min"),
        Figure("memory, console / bare feed", [full.memory_mb[-1] / bare.memory_mb[-1]], "ratio"),
        Figure("p99 of listening, console / bare feed", [
            percentile(quiet.heard_ms, 0.99) / percentile(bare.heard_ms, 0.99)], "ratio"),
    ]  # fmt: skip
    runs = (bare, quiet, full)
    times = Table(
        "From the write, ms",
        ["run", "lost", "twice", "heard p50", "p99", "most", "on the screen p50", "p99", "lists loaded", "each p50"],
        [
            [one.name, str(one.lost), str(one.doubled), *_times(one.heard_ms, 0.5, 0.99, 1.0),
             *_times(one.shown_ms, 0.5, 0.99), f"{len(one.load_ms):,}", *_times(one.load_ms, 0.5)]
            for one in runs
        ],
    )  # fmt: skip
    server = Table(
        "The server",
        ["run", "MB at the start", "in the middle", "at the end", "MB/min, second half", "cores", "others' cores"],
        [
            [one.name, *(f"{one.memory_mb[k]:.1f}" for k in (0, len(one.memory_mb) // 2, -1)), f"{one.slope:.2f}",
             f"{one.cores['server']:.2f}", f"{one.cores[OTHERS]:.2f}"]
            for one in runs
        ],
    )  # fmt: skip
    note = f"{scale.consoles} consoles, {text(scale.rate)} alerts a second for {text(scale.seconds)} s in each run; "
    return Result(figures, [times, server], [note + "others' cores are the clients, the writer, and whatever else ran"])


def _times(some: Sequence[float], *shares: float) -> list[str]:
    return [text(percentile(some, share)) if some else "" for share in shares]


@click.command()
@click.option("--quick", is_flag=True, help="Seconds instead of minutes: does it run at all? The figures mean little.")
@click.option("--reload-every", type=click.FloatRange(min=0), help="Seconds, instead of what console.js has.")
@click.option("--consoles", type=click.IntRange(min=1), help="How many.  [default: 50]")
@click.option("--seconds", type=click.FloatRange(min=1), help="Of each run.  [default: 60]")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Put the figures into this page.")
def main(
    quick: bool, reload_every: float | None, consoles: int | None, seconds: float | None, write: Path | None
) -> None:  # fmt: skip
    """Measure the console under load."""
    scale = QUICK if quick else FULL
    scale = scale._replace(consoles=consoles or scale.consoles, seconds=seconds or scale.seconds)
    CACHE.mkdir(parents=True, exist_ok=True)
    machine = describe()
    found = run(scale, of_script("RELOAD_MS") / 1_000 if reload_every is None else reload_every)
    results = Results(CACHE / ("console-quick.json" if quick else "console.json"))
    results.keep("console", machine, found)
    print_result("console", machine, found)
    if write is not None:
        write_page(write, results)


if __name__ == "__main__":
    main()
