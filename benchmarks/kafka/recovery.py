"""How long until a worker that was started has its state again: a million vehicles, five million?

The state is in the topic in the form in which workers write it (benchmarks/kafka/state.py), the page cache of the
broker as the writing left it. Measured is the time from the start of the process to its word "ready", which it says
when every partition is restored and it reads on: Python, imports, joining the group, the topic, the index of the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, Result, Table, text
from benchmarks.kafka.ground import Border, Ground
from benchmarks.kafka.scale import PARTITIONS, PORT_PARTITIONS, Scale
from benchmarks.kafka.usage import Usage, memory_gb

GOAL_S = 30.0
GOAL_FOR = 1_000_000
TIMES = 3  # starts on the same state


class Recovered(NamedTuple):
    """One state, restored several times."""

    vehicles: int
    row: int  # bytes
    topic: int  # bytes
    start_s: list[float]  # to "ready"
    joined_s: list[float]  # of that, until it joins the group
    memory_gb: float
    highest_gb: float
    cores: dict[str, float]


def run(scale: Scale, cache: Path) -> Result:
    """The figures; each state has a broker of its own."""
    return result([_recovered(cache, vehicles, scale) for vehicles in scale.states], scale)


def _recovered(cache: Path, vehicles: int, scale: Scale) -> Recovered:
    with Ground(cache) as ground:
        border = Border(ground, "state")
        row = border.write_state(vehicles, scale.visits, scale.ports)
        starts, joins = list[float](), list[float]()
        for _ in range(TIMES):
            worker = border.worker()
            joined = worker.wait_for(lambda said: "joining the group" in said.text, 120).at
            usage = Usage({"worker": worker.pid, "broker": ground.broker.pid})
            usage.start()
            ready = worker.ready(PARTITIONS, PORT_PARTITIONS, timeout_s=600)
            cores = usage.stop()
            starts.append(ready - worker.started)
            joins.append(joined - worker.started)
            now, highest = memory_gb(worker.pid), memory_gb(worker.pid, highest=True)
            worker.stop()
        size = ground.bytes_of(border.topics.state_vehicle)
    return Recovered(vehicles, row, size, starts, joins, now, highest, cores)


def result(found: list[Recovered], scale: Scale) -> Result:
    """Figures and a table."""
    figures = []
    for one in found:
        what, rest = millions(one.vehicles), zip(one.start_s, one.joined_s, strict=True)
        goal = GOAL_S if one.vehicles == GOAL_FOR else None
        figures += [
            Figure(f"{what} vehicles: from start to ready", one.start_s, "s", at_most=goal),
            Figure(f"{what} vehicles: restored", [one.vehicles / (a - b) for a, b in rest], "vehicles/s"),
        ]
    rows = [
        [
            f"{one.vehicles:,}", text(one.topic / 1e6), text(one.topic / one.vehicles), text(one.row),
            text(one.memory_gb), text(one.highest_gb), *(f"{cores:.2f}" for cores in one.cores.values()),
        ]
        for one in found
    ]  # fmt: skip
    names = [f"{name}, cores" for name in found[0].cores]
    head = ["vehicles", "MB in the topic", "bytes each", "row, bytes", "worker, GB", "at most, GB", *names]
    notes = [
        f"{scale.visits} crossings of each vehicle with a passenger car's fields; {PARTITIONS} partitions, one worker."
    ]
    return Result(figures, [Table("The topic and the worker", head, rows)], notes)


def millions(count: int) -> str:
    """A number of vehicles in words.

    >>> millions(5_000_000), millions(50_000)
    ('5 M', '50,000')
    """
    return f"{count // 1_000_000} M" if count % 1_000_000 == 0 else f"{count:,}"
