"""What does one stage do? Runs the detectors of one key over a batch, period by period, each scoring before it learns.

`Bank` is the common part: the state table, the shared sums and the columns that its detectors fill.
`VehicleStage` admits crossings first (duplicates, forgotten keys). The port stage is in `stream/port_stage.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import diary
from detectors.admission import admit
from detectors.base import DAY_MS, Columns, Detector, Out
from schemas.batch import Array, CrossingBatch, carried
from stream.assessment import Assessment
from stream.clock import EventClock, places
from stream.shared import LAG, SharedCounts, period_of
from stream.state import StateTable

Collected = list[Any]  # sums of each table, None where there are none; then what else a stage exchanges
OnError = Callable[[Detector, Exception], None]


class Layout:
    """Which column of p and which columns of evidence belong to which detector, over all stages."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(detectors)
        self.names = [f"{d.name}@{d.version}" for d in detectors]
        ends = np.cumsum([0, *(len(d.evidence) for d in detectors)]).tolist()
        self.slices = {d.name: slice(a, b) for d, a, b in zip(detectors, ends[:-1], ends[1:], strict=True)}
        self.column = {d.name: k for k, d in enumerate(detectors)}
        self.evidence_names = [f"{d.name}.{field}" for d in detectors for field in d.evidence]

    def blank(self, n: int) -> tuple[Array, Array, Array]:
        """p, llr and evidence of `n` crossings, nothing evaluated yet."""
        shape = (n, len(self.detectors))
        evidence = np.full((n, len(self.evidence_names)), np.nan, np.float32)  # numbers for sentences: 7 digits will do
        return np.full(shape, np.nan), np.full(shape, np.nan), evidence


class Bank:
    """Detectors of one key over one state table, and what their keys share."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        layout: Layout,
        half_life_days: float,
        on_error: OnError,
        *,
        alone: bool = True,
    ) -> None:
        self.detectors = tuple(detectors)
        self.layout = layout
        self.on_error = on_error
        self.alone = alone
        self.period = -1
        self.shared = {d.name: [SharedCounts(spec, half_life_days) for spec in d.shared] for d in detectors}
        self._places = {d.name: (layout.column[d.name], layout.slices[d.name], self.shared[d.name]) for d in detectors}
        self._ports = 0

    def tables(self) -> Iterator[SharedCounts]:
        """Every shared table of the bank, in the order of the detectors."""
        for tables in self.shared.values():
            yield from tables

    def row_fields(self) -> list[tuple[Any, ...]]:
        """The state row: one field a detector."""
        return [(d.name, d.row) for d in self.detectors]

    def enter(self, period: int, ports: int) -> None:
        """Make sure that shared tables have room, and that what periods up to `period - LAG` collected is published.

        One process is its own only partition (`alone`); with several, the runner collects from and publishes to all
        of them before any enters the period.
        """
        if ports > self._ports:
            self._ports = ports
            for table in self.tables():
                table.grow(ports)
        if period > self.period:
            self.period = period
            if not self.alone:
                return
            for k in sorted({k for table in self.tables() for k in table.open if k <= period - LAG}):
                for table in self.tables():
                    table.roll(k)

    def collect(self, period: int) -> Collected:
        """What this partition collected in a period, table by table."""
        return [table.collect(period) for table in self.tables()]

    def publish(self, period: int, partitions: Sequence[Collected]) -> None:
        """Fold the collections of all partitions of one period."""
        for number, table in enumerate(self.tables()):
            table.publish(period, [c for part in partitions if (c := part[number]) is not None])

    def assess(
        self,
        rows: Mapping[str, Array] | Array,
        slots: Array,
        batch: Mapping[str, Array],
        known: Columns,
        out: Out,
        period: int,
    ) -> None:
        """Run every detector over crossings of one period; `rows` holds the state of each under its name."""
        straggling: list[SharedCounts] = []
        if period < self.period:
            straggling = [table for table in self.tables() if table.published == self.period - LAG]
        for table in straggling:
            table.swap()
        for detector in self.detectors:
            if detector.needs and not any(carried(name, batch[name]) for name in detector.needs):
                continue
            column, evidence, tables = self._places[detector.name]
            mine = Out(out.p[:, column], out.llr[:, column], out.evidence[:, evidence])
            views = tuple([table.view(period) for table in tables])
            try:
                detector.assess(rows[detector.name], slots, batch, known, views, mine)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other detectors go on without this column
                mine.p[:], mine.llr[:], mine.evidence[:] = np.nan, np.nan, np.nan
                self.on_error(detector, error)
        for table in straggling:
            table.swap()


class When(NamedTuple):
    """When crossings came: the place each takes, and how far the source had come with it (`stream/clock.py`)."""

    place_ms: NDArray[np.int64]
    reached_ms: NDArray[np.int64]

    def take(self, index: Array | slice) -> When:
        """The crossings at `index`."""
        return When(self.place_ms[index], self.reached_ms[index])


def runs(periods: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of equal periods; none for no periods."""
    if not len(periods):
        return iter(())
    edges = np.flatnonzero(np.diff(periods)) + 1
    return zip([0, *edges.tolist()], [*edges.tolist(), len(periods)], strict=True)


class VehicleStage:
    """The first stage: each vehicle against its own habits, in the order of its partition."""

    def __init__(self, bank: Bank, *, capacity: int, forget_after_days: int, lateness_ms: int) -> None:
        self.bank = bank
        self.lateness_ms = lateness_ms
        self._reads = sorted({name for d in bank.detectors for name in d.reads})
        self._diary_size = diary.SIZE if any("partners" in d.reads for d in bank.layout.detectors) else 0
        fields = [*bank.row_fields(), *([("diary", diary.DIARY)] if self._diary_size else [])]
        self.table = StateTable(fields, capacity=capacity, forget_after_ms=forget_after_days * DAY_MS)
        self.clock = EventClock()
        self.duplicates = 0
        self.admitted = np.zeros(0, np.bool_)  # which crossings of the last push were no duplicates
        self.ports = 0

    def push(self, batch: CrossingBatch, ports: int, when: When | None = None) -> Assessment:
        """Assess the crossings that are no duplicates, in their order; `when` is None where this is the whole log."""
        self.ports = ports
        n = len(batch)
        accepted = np.zeros(n, np.bool_)
        known = Columns(np.zeros(n, np.uint32), np.zeros(n, np.uint8), np.zeros(n, np.int64))
        when = when or self.when(batch.time_ms)
        slots = self.table.slots_of(batch.vehicle_key, int(batch.time_ms.min())) if n else np.empty(0, np.int32)
        parts: list[Assessment] = []
        start = 0
        while start < n or not parts:
            meta = self.table.rows["meta"]
            forget = self.table.forget_after_ms
            stop = admit(meta, slots, batch.time_ms, batch.crossing_key, start, forget, accepted, *known) if n else 0
            keep = np.flatnonzero(accepted[start:stop]) + start
            index: Any = slice(0, n) if len(keep) == n else keep
            parts.append(self._assess(batch.take(index), slots[index], known.take(index), when.take(index)))
            if stop < n:
                self.table.reset(int(slots[stop]))
            start = stop
        assessment = Assessment.concat(parts)
        self.duplicates += n - len(assessment.batch)
        self.admitted = accepted
        return assessment

    def when(self, time_ms: Array) -> When:
        """When crossings came, by the clock of this partition alone."""
        newest = self.clock.newest
        reached_ms = self.clock.reached(time_ms)
        before_ms = self.clock.before(reached_ms, newest)
        return When(places(time_ms, before_ms, self.lateness_ms), reached_ms)

    def _assess(self, batch: CrossingBatch, slots: Array, known: Columns, when: When) -> Assessment:
        """Run the bank over admitted crossings, period by period."""
        out = Out(*self.bank.layout.blank(len(batch)))
        rows = {d.name: self.table.rows[d.name] for d in self.bank.detectors}
        columns = {name: getattr(batch, name) for name in self._reads}
        periods = period_of(np.minimum(when.place_ms, when.reached_ms))
        for first, last in runs(periods):
            part = slice(first, last)
            period = int(periods[first])
            self.bank.enter(period, self.ports)
            cut = {name: column[part] for name, column in columns.items()}
            target = Out(out.p[part], out.llr[part], out.evidence[part])
            self.bank.assess(rows, slots[part], cut, known.take(part), target, period)
        before = np.zeros((len(batch), self._diary_size), np.uint16)
        if self._diary_size:
            diary.enter(self.table.rows["diary"], slots, batch.local_ms, batch.port, batch.direction, before)
        return Assessment(batch, known.fresh, *out, *when, before)
