"""How many crossings a second does one worker sustain, when there are always more? And a Faust agent that does nothing?

A log is in the topic before anybody reads. Then, one after the other on the same records and broker, a worker assesses
all of it, and a plain Faust agent takes all of it and does nothing; who comes first alternates. The worker's time is
from the first crossing that it is given to the last that is decided, both stages and the topic between them included,
alerts and checkpoints written; the agent's is from its first event to its last. A worker loads what is compiled before
it joins its group.

Faust costs 60 µs an event, so the agent is what one would have without batches; the worker may be faster than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.figures import Figure, Result, Table
from benchmarks.kafka import watched
from benchmarks.kafka.ground import Border, Ground
from benchmarks.kafka.process import Process
from benchmarks.kafka.scale import Scale
from benchmarks.kafka.traffic import backlog, sparse
from benchmarks.kafka.usage import Usage

GOAL = 0.8
PATIENCE_S = 600.0


class Drained(NamedTuple):
    """One backlog, once: crossings a second, and the cores in use meanwhile."""

    worker: float
    noop: float
    cores: dict[str, float]


def run(scale: Scale, cache: Path) -> Result:
    """The figures."""
    dense_log = backlog(cache, scale.backlog, scale.ports)
    with Ground(cache) as ground:
        dense = [_drained(ground, f"dense-{k}", dense_log, noop_first=bool(k % 2)) for k in range(scale.repeats)]
        thin = []
        if scale.sparse:
            thin_log = sparse(cache, scale.sparse, scale.ports)
            thin = [_drained(ground, f"sparse-{k}", thin_log, noop_first=bool(k % 2)) for k in range(scale.repeats)]
    return result(dense, thin, [_about(dense_log, "one day"), *([_about(thin_log, "90 days")] if thin else [])])


def _drained(ground: Ground, name: str, log: Path, *, noop_first: bool) -> Drained:
    """Fill topics of its own, and have both empty them."""
    border = Border(ground, name)
    records = border.fill(log)
    noop = _noop(border, records) if noop_first else 0.0
    worker, cores = _worker(border, records)
    return Drained(worker, noop or _noop(border, records), cores)


def _worker(border: Border, records: int) -> tuple[float, dict[str, float]]:
    notes = border.ground.folder / f"{border.name}.notes"
    worker = border.worker(notes=notes)
    worker.wait_for(lambda said: "joining the group" in said.text, PATIENCE_S)
    usage = Usage({"worker": worker.pid, "broker": border.ground.broker.pid})
    worker.wait_for(lambda said: "ready:" in said.text, PATIENCE_S)
    usage.start()
    worker.settled(records, PATIENCE_S)
    cores = usage.stop()
    worker.stop()
    return sustained(watched.read(notes)), cores


def sustained(notes: Sequence[dict[str, Any]]) -> float:
    """Crossings a second, from the first one taken to the last one decided."""
    start = next(note["at"] for note in notes if note["what"] == "taken")
    most = max(note["assessed"] for note in notes if note["what"] == "turn")
    end = next(note["at"] for note in notes if note["what"] == "turn" and note["assessed"] == most)
    return float(most / (end - start))


def _noop(border: Border, records: int) -> float:
    words = ["-m", "benchmarks.kafka.noop", border.ground.broker.bootstrap, border.topics.crossings, str(records)]
    process = Process("the agent that does nothing", words)
    border.ground.started(process)
    process.end(PATIENCE_S)
    return records / float(process.said[-1].text)


def _about(log: Path, span: str) -> str:
    with log.open("rb") as file:
        lines = sum(1 for _ in file)
    return f"{lines:,} crossings of {span}, {log.stat().st_size / lines:.0f} bytes each."


def result(dense: Sequence[Drained], thin: Sequence[Drained], about: Sequence[str]) -> Result:
    """Figures, cores and notes."""
    figures = []
    for name, some, goal in (("one day", dense, GOAL), ("90 days", thin, None)):
        if some:
            ratios = [one.worker / one.noop for one in some]
            figures += [
                Figure(f"a backlog of {name}, one worker", [one.worker for one in some], "crossings/s"),
                Figure(f"a Faust agent that does nothing ({name})", [one.noop for one in some], "records/s"),
                Figure(f"worker / agent that does nothing ({name})", ratios, "", at_least=goal),
            ]  # fmt: skip
    rows = [
        [name, *(f"{sum(one.cores[who] for one in some) / len(some):.2f}" for who in some[0].cores)]
        for name, some in (("one day", dense), ("90 days", thin))
        if some
    ]
    head = ["backlog", *dense[0].cores]
    notes = [
        *about,
        "What 90 days cost more is paid for each hour of event time: 12 partitions tell each other its sums.",
    ]
    return Result(figures, [Table("Cores in use while the worker works", head, rows)], notes)
