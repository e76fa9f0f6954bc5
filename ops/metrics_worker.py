"""What does `linewatch worker` tell Prometheus? What its partitions did while they were here, and how they stand.

A partition comes with what was counted under earlier owners; only what it counts here is told. What others tell of
theirs adds up with this.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ops import log, metrics_people
from ops.metrics import Values
from ops.metrics_catalogue import LATENCY, MS
from ops.metrics_decided import DecidedFigures
from ops.metrics_histogram import Histogram
from schemas.errors import REJECT_REASONS, Reject
from stream.exchange import FIRST
from stream.observer import Observer

if TYPE_CHECKING:
    from detectors.base import Detector
    from ops.settings import Settings
    from stream.homes import Home
    from stream.pipeline import Decided
    from stream.worker import Worker
    from stream.worker_run import WorkerRun

TICK_S = 0.5  # so often partitions are asked
STAGES = ("vehicle", "port")


class WorkerFigures(Observer):
    """Told by the worker's thread; asked by the one that serves."""

    def __init__(self, settings: Settings) -> None:
        self._budget = settings.budget_per_hour * settings.operators
        self._stages = {stage: Histogram(MS) for stage in STAGES}
        self._latency = Histogram(LATENCY)
        self._errors: Counter[str] = Counter()
        self._refusals = log.Refusals()
        self._counts: Counter[str] = Counter()
        self._homes: dict[tuple[str, int], tuple[Home[Any], Counter[str]]] = {}  # with what was counted so far
        self._standing: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._ticked = 0.0
        self._detectors: Sequence[str] = ()
        self._run: WorkerRun | None = None
        self._decided: DecidedFigures

    def begin(self, run: WorkerRun, detectors: Sequence[str]) -> None:
        """The worker that runs, and the names of its detectors."""
        self._decided = DecidedFigures(detectors, run.worker.ports, self._budget)
        self._detectors, self._run = detectors, run

    def failed(self, detector: Detector, _: Exception) -> None:
        """A detector failed: its column is not evaluated for that batch."""
        self._errors[detector.name] += 1
        log.detector_failed(detector.name, self._errors[detector.name])

    def took(self, stage: str, seconds: float) -> None:
        """A partition has worked."""
        self._stages[stage].take(seconds)

    def refused(self, rejects: Sequence[Reject]) -> None:
        """Records for the dead letter: crossings, or dispositions."""
        self._refusals.tell(rejects)
        if rejects:
            with self._lock:
                self._counts.update("said rejected" if r.source else f"reject {r.reason}" for r in rejects)

    def decided(self, decided: Decided, taken_ms: Mapping[str, int]) -> None:
        """Crossings of a port partition."""
        self._decided.take(decided)
        now_ms = time.time_ns() // 1_000_000
        for alert in decided.alerts:
            taken = taken_ms.get(alert.crossing_id)
            if taken is not None:
                self._latency.take((now_ms - taken) / 1000)

    def settled(self) -> None:
        """Other partitions are here: take the last counts of those that went, and begin with those that came."""
        assert self._run is not None
        with self._lock:
            self._count()
            tenants = self._run.worker.tenants
            here: dict[tuple[str, int], Home[Any]] = {("vehicle", n): home for n, home in tenants.vehicles.items()}
            here |= {("port", n): home for n, home in tenants.at_ports.items()}
            kept = {key for key, (home, _) in self._homes.items() if here.get(key) is home}
            self._homes = {
                key: self._homes[key] if key in kept else (home, _counts_of(home)) for key, home in here.items()
            }
        self._decided.forget()
        self._ticked = 0.0

    def tick(self) -> None:
        """Called at every turn of the worker, in its thread: now and then its partitions are asked."""
        now = time.monotonic()
        if now - self._ticked >= TICK_S:
            self._ticked = now
            with self._lock:
                self._count()
                self._standing = self._look(now)

    def _count(self) -> None:
        for key, (home, before) in self._homes.items():
            now = _counts_of(home)
            self._counts.update(now - before)
            self._homes[key] = home, now

    def _look(self, now: float) -> dict[str, Any]:
        """How the partitions stand."""
        assert self._run is not None
        worker, tenants = self._run.worker, self._run.worker.tenants
        topics = {"vehicle": worker.topics.crossings, "port": worker.topics.assessed}
        here: dict[str, list[Home[Any]]] = {stage: [] for stage in STAGES}
        for (stage, _), (home, _) in self._homes.items():
            here[stage].append(home)
        behind = {stage: [_behind(worker, topics[stage], home) for home in homes] for stage, homes in here.items()}
        tables = {stage: [home.partition.stage.table for home in homes] for stage, homes in here.items()}
        unsaved = [now - home.saved_at for home in tenants.all() if home.changed]
        first = tenants.at_ports.get(FIRST)
        return {
            "consumer_lag": {(stage,): sum(records) for stage, records in behind.items()},
            "partitions": {(stage,): len(homes) for stage, homes in here.items()},
            "state_entities": {(stage,): sum(map(len, some)) for stage, some in tables.items()},
            "state_bytes": {(stage,): sum(table.nbytes for table in some) for stage, some in tables.items()},
            "checkpoint_age_seconds": {(): max(unsaved, default=0.0)},
            "unwritten_messages": {(): worker.publisher.unwritten},
            **({} if first is None else metrics_people.quality(first.partition.stage.feedback.looked)),
        }

    def values(self) -> Values:
        """For the catalogue."""
        if self._run is None:
            return {"up": {(): 0}}
        with self._lock:
            counts, standing = Counter(self._counts), dict(self._standing)
        people = {key.removeprefix("said "): n for key, n in counts.items() if key.startswith("said ")}
        return {
            "up": {(): int(self._run.working)},
            "crossings_total": {(): counts["accepted"]},
            "rejects_total": {(reason,): counts[f"reject {reason}"] for reason in REJECT_REASONS},
            "duplicates_total": {(): counts["duplicates"]},
            "late_total": {(): counts["late"]},
            "missed_total": {(): counts["missed"]},
            "crossing_to_alert_seconds": {(): self._latency.spread()},
            "batch_seconds": {(stage,): histogram.spread() for stage, histogram in self._stages.items()},
            "detector_errors_total": {(name,): self._errors[name] for name in self._detectors},
            **standing,
            **self._decided.values(),
            **metrics_people.dispositions(people),
        }


def _behind(worker: Worker, topic: str, home: Home[Any]) -> int:
    """Records of a partition that it has yet to work off, as far as its end is known."""
    position: int = home.partition.position
    return max(0, (worker.end_of(topic, home.number) or 0) - position)


def _counts_of(home: Home[Any]) -> Counter[str]:
    """What a partition has counted, under earlier owners too."""
    counts = Counter({name: home.partition.counts[name] for name in ("accepted", "late", "missed")})
    if hasattr(home.partition.stage, "feedback"):
        if home.number == FIRST:
            counts.update({f"said {key}": n for key, n in home.partition.stage.feedback.counts.items()})
    else:
        counts["duplicates"] = home.partition.stage.duplicates
    return counts
