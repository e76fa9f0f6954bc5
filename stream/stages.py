"""What does one stage do? Runs the detectors of one key over a batch, period by period, each scoring before it learns.

`Bank` is the common part: the state table, the shared sums and the columns that its detectors fill.
`VehicleStage` admits crossings first (duplicates, forgotten keys). The port stage is in `stream/port_stage.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.admission import admit
from detectors.base import DAY_MS, Columns, Detector, Out
from schemas.batch import Array, CrossingBatch
from stream.assessment import Assessment
from stream.shared import LAG, SharedCounts, Sums, period_of
from stream.state import StateTable

Collected = list[Sums | None]
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
        return np.full(shape, np.nan), np.full(shape, np.nan), np.full((n, len(self.evidence_names)), np.nan)


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
        for table in self.tables():
            table.grow(ports)
        if period > self.period:
            self.period = period
            if not self.alone:
                return
            for k in sorted({k for table in self.tables() for k in table.open if k <= period - LAG}):
                self.publish(k, [self.collect(k)])

    def collect(self, period: int) -> Collected:
        """What this partition collected in a period, table by table."""
        return [table.collect(period) for table in self.tables()]

    def publish(self, period: int, partitions: Sequence[Collected]) -> None:
        """Fold the collections of all partitions of one period."""
        for number, table in enumerate(self.tables()):
            table.publish(period, [c for part in partitions if (c := part[number]) is not None])

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, out: Out, period: int
    ) -> None:
        """Run every detector over crossings of one period."""
        straggling = [table for table in self.tables() if period < self.period and table.published == self.period - LAG]
        for table in straggling:
            table.swap()
        for detector in self.detectors:
            column, evidence = self.layout.column[detector.name], self.layout.slices[detector.name]
            mine = Out(out.p[:, column], out.llr[:, column], out.evidence[:, evidence])
            views = tuple(table.view(period) for table in self.shared[detector.name])
            try:
                detector.assess(rows[detector.name], slots, batch, known, views, mine)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other detectors go on without this column
                mine.p[:], mine.llr[:], mine.evidence[:] = np.nan, np.nan, np.nan
                self.on_error(detector, error)
        for table in straggling:
            table.swap()


def runs(periods: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of equal periods."""
    edges = np.flatnonzero(np.diff(periods)) + 1
    return zip([0, *edges.tolist()], [*edges.tolist(), len(periods)], strict=True)


class VehicleStage:
    """The first stage: each vehicle against its own habits, in the order of its partition."""

    def __init__(self, bank: Bank, *, capacity: int, forget_after_days: int) -> None:
        self.bank = bank
        self.table = StateTable(bank.row_fields(), capacity=capacity, forget_after_ms=forget_after_days * DAY_MS)
        self.duplicates = 0
        self.ports = 0

    def push(self, batch: CrossingBatch, ports: int) -> Assessment:
        """Assess the crossings that are no duplicates, in their order."""
        self.ports = ports
        n = len(batch)
        accepted = np.zeros(n, np.bool_)
        known = Columns(np.zeros(n, np.uint32), np.zeros(n, np.uint8), np.zeros(n, np.int64))
        p, llr, evidence = self.bank.layout.blank(n)
        if n:
            slots = self.table.slots_of(batch.vehicle_key, int(batch.time_ms.min()))
            forget = self.table.forget_after_ms
            start = 0
            while start < n:
                meta = self.table.rows["meta"]
                stop = admit(meta, slots, batch.time_ms, batch.crossing_key, start, forget, accepted, *known)
                self._detect(batch, slots, np.flatnonzero(accepted[start:stop]) + start, known, Out(p, llr, evidence))
                if stop < n:
                    self.table.reset(int(slots[stop]))
                start = stop
        kept = int(accepted.sum())
        self.duplicates += n - kept
        assessment = Assessment(batch, known.fresh, p, llr, evidence)
        return assessment if kept == n else assessment.take(np.flatnonzero(accepted))

    def _detect(self, batch: CrossingBatch, slots: Array, index: Array, known: Columns, out: Out) -> None:
        """Run the bank over the accepted crossings `index`, period by period."""
        whole = len(index) == len(batch)
        columns = {name: getattr(batch, name) for d in self.bank.detectors for name in d.reads}
        for first, last in runs(period_of(batch.time_ms[index])):
            period = int(period_of(batch.time_ms[index[first]])) if last > first else 0
            if last == first:
                continue
            self.bank.enter(period, self.ports)
            part: Any = slice(first, last) if whole else index[first:last]
            cut = {name: column[part] for name, column in columns.items()}
            if whole:
                target = Out(out.p[part], out.llr[part], out.evidence[part])
                self.bank.assess(self.table.rows, slots[part], cut, Columns(*(c[part] for c in known)), target, period)
                continue
            target = Out(*self.bank.layout.blank(last - first))  # fancy indexing copies: write there, then put back
            self.bank.assess(self.table.rows, slots[part], cut, Columns(*(c[part] for c in known)), target, period)
            out.p[part], out.llr[part], out.evidence[part] = target
