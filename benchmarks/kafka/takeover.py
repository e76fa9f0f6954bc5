"""One of two workers is killed: how long until the other has all partitions, decides again, and has caught up?

Both hold half of a state of a million vehicles. Crossings come at a live rate, `linewatch produce --speed 1`. Then
kill -9, which says goodbye to nobody: the broker misses the worker when its session of 10 s ends (`worker_session_s`),
the other one restores what it had, assesses again what was not in its last checkpoint, and goes on. Until then nothing
is decided, not even at the other one: a port waits for all vehicle partitions.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.child import KEY
from benchmarks.figures import Figure, Result, Table
from benchmarks.kafka import watched
from benchmarks.kafka.arrivals import Arrival, Arrivals
from benchmarks.kafka.ground import Border, Ground
from benchmarks.kafka.process import Process, Worker
from benchmarks.kafka.recovery import millions
from benchmarks.kafka.scale import PARTITIONS, PORT_PARTITIONS, Scale
from benchmarks.kafka.state import START_MS
from benchmarks.kafka.traffic import live
from benchmarks.kafka.usage import OTHERS, Usage
from detectors.base import DAY_MS
from detectors.control import drawn
from schemas.keys import keys64
from schemas.plates import Pseudonymiser

GOAL_S = 30.0
RATE = 300  # crossings a second
PATIENCE_S = 300.0  # until two workers have shared the partitions
SOON_S = 1.0  # who decides so soon after a crossing has caught up
DRAINED_S = 3.0  # nothing came for so long: all is there
SETTINGS: dict[str, Any] = {"control_share": 0.2}


class TakenOver(NamedTuple):
    """Seconds after the kill."""

    had: tuple[int, int]  # partitions of the worker that was killed
    ready: float
    decided: float  # every port partition has decided a crossing that was due after the kill
    caught_up: float
    twice: int  # decisions that came twice
    missing: int  # and those that never came
    others: float  # cores


def run(scale: Scale, cache: Path) -> Result:
    """The figures."""
    found = [_taken_over(cache, scale) for _ in range(scale.repeats)]
    what = f"{millions(scale.taken_over)} vehicles, {RATE} crossings/s"
    figures = [
        Figure("kill -9 of one of two workers: the other has all partitions", [one.ready for one in found], "s",
               at_most=GOAL_S),
        Figure("until every port decides again", [one.decided for one in found], "s", at_most=GOAL_S),
        Figure("until decisions come within a second", [one.caught_up for one in found], "s"),
    ]  # fmt: skip
    rows = [
        [str(k + 1), f"{one.had[0]} and {one.had[1]}", str(one.twice), str(one.missing), f"{one.others:.2f}"]
        for k, one in enumerate(found)
    ]
    head = ["run", "partitions it had, of crossings and of ports", "read twice", "missing", "others, cores"]
    table = Table("The one that was killed, and what became of the sample", head, rows)
    return Result(figures, [table], [f"{what}; session 10 s, checkpoints every 10 s."])


def _taken_over(cache: Path, scale: Scale) -> TakenOver:
    with Ground(cache) as ground:
        border = Border(ground, "takeover", **SETTINGS)
        border.write_state(scale.taken_over, scale.visits, scale.ports)
        log = live(cache, RATE, scale.before_s + scale.after_s, START_MS + 60 * DAY_MS, scale.ports, ground.folder)
        stays, goes = _shared(border)
        had = goes.partitions
        with Arrivals(border.connection, {border.topics.control: PORT_PARTITIONS}) as arrivals:
            notes = ground.folder / "begun"
            producer = border.produce(log.path, speed=1, notes=notes)
            start_s = watched.start_of(notes, producer)
            due = {crossing: start_s + ms / 1000 for crossing, ms in log.event_ms.items()}
            _sleep_until(min(due.values()) + scale.before_s)
            usage = Usage({"worker": stays.pid, "broker": ground.broker.pid, "producer": producer.pid})
            usage.start()
            killed = goes.kill()
            ready = stays.ready(PARTITIONS, PORT_PARTITIONS, since=killed)
            _sleep_until(max(due.values()) - 1)
            cores = usage.stop()
            _drain(producer, arrivals)
            came = arrivals.since(0)
        stays.stop()
    decided, caught_up = resumed(came, due, killed)
    ids = Counter(arrival.key for arrival in came)
    missing = len(drawn_of(list(due)) - ids.keys())
    return TakenOver(had, ready - killed, decided, caught_up, ids.total() - len(ids), missing, cores[OTHERS])


def _shared(border: Border) -> tuple[Worker, Worker]:
    """Two workers that have shared the partitions among them: the one that stays, and one with most of the state."""
    both = [border.worker("one worker"), border.worker("the other worker")]
    deadline = time.monotonic() + PATIENCE_S
    while not all_dealt([worker.partitions for worker in both]):
        if time.monotonic() > deadline or not all(worker.running for worker in both):
            raise RuntimeError(
                "; ".join(f"{worker.name} did not come so far: {worker.last_words()}" for worker in both)
            )
        time.sleep(0.05)
    stays, goes = sorted(both, key=lambda worker: worker.partitions)
    return stays, goes


def all_dealt(partitions: Sequence[tuple[int, int]]) -> bool:
    """Whether each worker has some of the crossings, and together they have all of everything."""
    crossings, at_ports = zip(*partitions, strict=True)
    return min(crossings) > 0 and (sum(crossings), sum(at_ports)) == (PARTITIONS, PORT_PARTITIONS)


def _sleep_until(at: float) -> None:
    time.sleep(max(0.0, at - time.time()))


def _drain(producer: Process, arrivals: Arrivals) -> None:
    """Wait until nothing more comes."""
    producer.end(60)
    before = -1
    while before != len(arrivals.since(0)):
        before = len(arrivals.came)
        time.sleep(DRAINED_S)


def drawn_of(crossings: list[str]) -> set[str]:
    """Which of them belong to the sample."""
    key = Pseudonymiser(bytes.fromhex(KEY["LINEWATCH_PLATE_KEY"])).derived("control sample")
    index = drawn(keys64(crossings), key, SETTINGS["control_share"]).nonzero()[0]
    return {crossings[k] for k in index.tolist()}


def resumed(came: Sequence[Arrival], due: Mapping[str, float], killed: float) -> tuple[float, float]:
    """Seconds after the kill until each partition has decided what was due after it; until all come soon again."""
    first: dict[int, float] = {}
    late = killed
    for arrival in came:
        if due[arrival.key] < killed:
            continue
        first[arrival.partition] = min(arrival.at, first.get(arrival.partition, arrival.at))
        if arrival.at - due[arrival.key] > SOON_S:
            late = max(late, arrival.at)
    return max(first.values(), default=math.inf) - killed, late - killed
