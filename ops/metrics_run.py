"""What does `linewatch run` tell Prometheus? It is a sink and the runner's observer, and reads the runner's counts."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ops import log, metrics_people
from ops.metrics import Values
from ops.metrics_catalogue import LATENCY, MS
from ops.metrics_decided import DecidedFigures
from ops.metrics_histogram import Histogram
from schemas.errors import REJECT_REASONS, Reject
from stream.observer import Observer

if TYPE_CHECKING:
    from ops.settings import Settings
    from stream.pipeline import Decided
    from stream.runner import Runner

STAGES = ("decode", "assess", "write", "checkpoint")


class RunFigures(Observer):
    """The figures of one runner. As a sink it has nothing to make safe: counters begin anew with the process."""

    name = "metrics"

    def __init__(self, settings: Settings, is_up: Callable[[], bool]) -> None:
        self._budget, self._is_up = settings.budget_per_hour * settings.operators, is_up
        self._stages = {stage: Histogram(MS) for stage in STAGES}
        self._latency = Histogram(LATENCY)
        self._came: list[tuple[int, float]] = []  # event time reached, when
        self._runner: Runner | None = None
        self._refusals, self._failed = log.Refusals(), Counter[str]()
        self._before: Counter[str] = Counter()
        self._decided: DecidedFigures

    def begin(self, runner: Runner) -> None:
        """The runner, which has gone on from its checkpoint: what it counted before is not counted here."""
        pipeline = runner.parts.pipeline
        names = [detector.name for detector in pipeline.layout.detectors]
        self._decided = DecidedFigures(names, pipeline.ports, self._budget)
        self._before = _counts(runner)
        self._runner = runner

    def came(self, newest_ms: int) -> None:
        """Crossings up to this event time were read."""
        if not self._came or newest_ms > self._came[-1][0]:
            self._came.append((newest_ms, time.monotonic()))

    def took(self, stage: str, seconds: float) -> None:
        """A stage has done its work on one block."""
        self._stages[stage].take(seconds)

    def refused(self, rejects: Sequence[Reject]) -> None:
        """Lines for the dead letter; the runner counts them."""
        self._refusals.tell(rejects)

    def write(self, decided: Decided) -> None:
        """Count what was decided; its alerts are with the other sinks."""
        self._decided.take(decided)
        assert self._runner is not None
        for detector, times in self._runner.parts.pipeline.errors.items():
            if times > self._failed[detector]:
                self._failed[detector] = times
                log.detector_failed(detector, times)
        if decided.alerts:
            now = time.monotonic()
            for alert in decided.alerts:
                self._latency.take(now - self._arrival(int(alert.occurred_at.timestamp() * 1000), now))
        if decided.assessed:  # what comes late counts from the first block that still waits
            done = bisect_left(self._came, (self._decided.newest_ms, 0.0))
            del self._came[:done]

    def _arrival(self, event_ms: int, now: float) -> float:
        """When the block was read that brought event time so far."""
        place = bisect_left(self._came, (event_ms, 0.0))
        return self._came[place][1] if place < len(self._came) else now

    def values(self) -> Values:
        """For the catalogue."""
        if self._runner is None:
            return {"up": {(): 0}}
        counts, pipeline = _counts(self._runner), self._runner.parts.pipeline
        counts.subtract(self._before)
        tables = {"vehicle": pipeline.vehicles.table, "port": pipeline.at_ports.table}
        people = {key.removeprefix("said "): n for key, n in counts.items() if key.startswith("said ")}
        return {
            "up": {(): int(self._is_up())},
            "crossings_total": {(): counts["accepted"]},
            "rejects_total": {(reason,): counts[f"reject {reason}"] for reason in REJECT_REASONS},
            "duplicates_total": {(): counts["duplicates"]},
            "late_total": {(): counts["late"]},
            "crossing_to_alert_seconds": {(): self._latency.spread()},
            "batch_seconds": {(stage,): histogram.spread() for stage, histogram in self._stages.items()},
            "state_entities": {(stage,): len(table) for stage, table in tables.items()},
            "state_bytes": {(stage,): table.nbytes for stage, table in tables.items()},
            "checkpoint_age_seconds": {(): self._runner.unsaved_s},
            "checkpoints_total": {(): self._runner.checkpoints},
            "detector_errors_total": {(d.name,): pipeline.errors.get(d.name, 0) for d in pipeline.layout.detectors},
            **self._decided.values(),
            **metrics_people.dispositions(people),
            **metrics_people.quality(pipeline.at_ports.feedback.looked),
        }

    def position(self) -> int:
        """Nothing is written."""
        return 0

    def truncate(self, position: int) -> None:
        """Nothing to cut."""

    def finish(self) -> None:
        """Nothing to complete."""

    def close(self) -> None:
        """Nothing is open."""


def _counts(runner: Runner) -> Counter[str]:
    """What the runner counts since the stream's beginning."""
    tally = runner.tally
    counts = Counter(accepted=tally.accepted, duplicates=tally.duplicates, late=tally.late)
    counts.update({f"reject {reason}": n for reason, n in list(tally.rejected.items())})
    counts.update({f"said {key}": n for key, n in list(tally.dispositions.items())})
    counts["said rejected"] = tally.dispositions_rejected
    return counts
