"""What happens at the port? Crossings in event time: Half-Space Trees, calibration, combination, budget, decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import budget, calibration, pairs
from detectors.base import Columns, Out
from detectors.catalogue import FEATURES
from detectors.control import drawn
from detectors.features import features
from detectors.judge import judge
from detectors.pairs_found import FOUND
from schemas.batch import LANE_TYPES, Array
from stream.assessment import Assessed, Assessment
from stream.config import PipelineConfig
from stream.feedback import Feedback
from stream.pauses import pause
from stream.reorder import Ordered
from stream.shared import LAG, SharedCounts, Sums, period_of
from stream.stages import Bank, Collected, runs
from stream.state import StateTable
from stream.watch import Counted, LocalMs, Watch


class Calibrator:
    """The published histograms of surprises and what is derived from them at each publication."""

    def __init__(self, columns: int) -> None:
        self.counts = SharedCounts(calibration.spec(columns), calibration.HALF_LIFE_DAYS)
        self.counts.grow(1)
        self.above = np.zeros((columns * calibration.ROWS, calibration.BINS))
        self.tails = np.zeros((columns * calibration.ROWS, 3))

    def publish(self, period: int, parts: Sequence[Sums]) -> None:
        """Fold one period and prepare the rows that it touched."""
        self.counts.publish(period, parts)
        if parts:
            rows = np.unique(np.concatenate([part[0] for part in parts]))
            calibration.prepare(self.counts.totals, rows, self.above, self.tails)

    def roll(self, period: int) -> None:
        """The same for what this process alone collected."""
        calibration.prepare(self.counts.totals, self.counts.roll(period), self.above, self.tails)

    def forget(self, column: int, keep: float) -> None:
        """Scale what was seen of a column by `keep`, as far as enough stays to rank among."""
        rows = np.arange(column * calibration.ROWS, (column + 1) * calibration.ROWS)
        total = self.counts.totals[rows, calibration.TOTAL]
        scale = np.clip(2 * calibration.LEAST / np.maximum(total, 1.0), keep, 1.0)
        self.counts.totals[rows, : calibration.ANSWERED] *= scale[:, None]
        calibration.prepare(self.counts.totals, rows, self.above, self.tails)

    def prepare_all(self) -> None:
        """Derive everything again, after the counts were read from a checkpoint."""
        calibration.prepare(self.counts.totals, np.arange(len(self.above)), self.above, self.tails)


class Verdicts(NamedTuple):
    """Decided crossings, and the calibration in force (for counterfactuals of this batch only)."""

    assessed: Assessed
    raw_p: NDArray[np.float64]  # [n, D] as the detectors said it
    cohort: NDArray[np.int64]
    context: NDArray[np.uint8]  # [n] see detectors/context.py
    score_nats: NDArray[np.float64]
    said: NDArray[np.uint8]  # [n, D] the answers in a byte each, see `detectors.judge.kept`
    calibrator: Calibrator
    feedback: Feedback


class PortStage:
    """The last stage; takes crossings in the order of `stream.reorder`."""

    def __init__(self, bank: Bank, config: PipelineConfig, port_key: Callable[[int], int], local_ms: LocalMs) -> None:
        self.bank = bank
        self.config = config
        self.port_key = port_key
        self.columns = len(bank.layout.detectors)
        self.calibrator = Calibrator(self.columns + 1)
        fields: list[tuple[Any, ...]] = [("budget", budget.ROW), *bank.row_fields()]
        self._pairs = any("partners" in d.reads for d in bank.detectors)
        if self._pairs:
            fields.append(("pairs", pairs.ROW))
        self.seized_key, self.seized_ms = np.zeros(0, np.uint64), np.zeros(0, np.int64)  # see `pairs.find`
        self.table = StateTable(fields, capacity=2**20, forget_after_ms=2**62)
        self.weights = np.ones(self.columns)  # of the terms
        self.late = 0
        self._keys = np.zeros(0, np.uint64)
        self.new_port = bank.layout.column.get("new_port", -1)
        self._echo = np.array([d.echo for d in bank.layout.detectors], np.bool_)
        self._alone = np.array([d.alone for d in bank.layout.detectors], np.bool_)
        self._for_operators = np.array([d.audience == "operator" for d in bank.layout.detectors], np.bool_)
        self.feedback = Feedback(self._for_operators)
        self.watch = Watch(self.columns, local_ms)

    def push(self, ordered: Ordered, ports: int) -> Iterator[Verdicts]:
        """Decide crossings that are in order; one result for each event-time hour among them.

        Lazily: each result must be turned into alerts before the next is asked for, which replaces its calibration.
        """
        self.late += int(ordered.late.sum())
        self.know(ports)
        for first, last in runs(period_of(ordered.at_ms)):
            part = slice(first, last)
            rows = ordered.rows if last - first == len(ordered.late) else ordered.rows.take(part)
            period = int(period_of(ordered.at_ms[first]))
            self.enter(period, ports)
            yield self._decide(rows, ordered.at_ms[part], ordered.late[part], period)

    def know(self, ports: int) -> None:
        """There are so many ports now."""
        new = [self.port_key(code) for code in range(len(self._keys), ports)]
        if new:
            self._keys = np.append(self._keys, np.array(new, np.uint64))

    def enter(self, period: int, ports: int) -> None:
        """Publish what is due before crossings of `period` are decided."""
        new = period > self.bank.period
        self.bank.enter(period, ports)
        if not new:
            return
        if self.bank.alone:
            for k in sorted(k for k in self._own_periods() if k <= period - LAG):
                self.calibrator.roll(k)
                self.feedback.publish(k, [self.feedback.collect(k)])
                self._judge_hour(k, [self.watch.collect(k, ports)])
        self.feedback.advance(period - LAG)
        self.use_feedback()

    def use_feedback(self) -> None:
        """Take up what was learnt from what people found."""
        self.weights = self.feedback.factors()
        self.seized_key, self.seized_ms = self.feedback.seized_key, self.feedback.seized_ms

    def open_periods(self) -> set[int]:
        """Periods that hold something to collect."""
        return {k for table in self.bank.tables() for k in table.open} | self._own_periods()

    def _own_periods(self) -> set[int]:
        """The same without the detectors' tables."""
        return set(self.calibrator.counts.open) | self.feedback.open() | set(self.watch.hours)

    def collect(self, period: int) -> Collected:
        """What this partition collected in a period: tables, calibration, what people found, what was counted."""
        counted = self.watch.collect(period, len(self._keys))
        own = [self.calibrator.counts.collect(period), self.feedback.collect(period), counted]
        return [*self.bank.collect(period), *own]

    def publish(self, period: int, partitions: Sequence[Collected]) -> None:
        """Fold the collections of all partitions of one period."""
        self.bank.publish(period, partitions)
        self.calibrator.publish(period, [c for part in partitions if (c := part[-3]) is not None])
        self.feedback.publish(period, [part[-2] for part in partitions])
        self._judge_hour(period, [part[-1] for part in partitions])

    def _judge_hour(self, period: int, counted: Sequence[Counted]) -> None:
        """Look at what an hour was like, and calibrate anew what has drifted."""
        for column, keep in self.watch.publish(period, counted):
            self.calibrator.forget(column, keep)

    def _decide(self, rows: Assessment, at_ms: Array, late: Array, period: int) -> Verdicts:
        batch, n = rows.batch, len(at_ms)
        slots = self.table.slots_of(self._keys[batch.port], int(at_ms[0]))
        pause(rows, self.bank.layout, self.watch.flow.gaps, self.watch.flow.young())
        self._detect(rows, slots, period)
        calibrated, terms = np.full((n, self.columns), np.nan), np.full((n, self.columns), np.nan)
        score, p_value, threshold = np.zeros(n), np.ones(n), np.zeros(n)
        alerted, said = np.zeros(n, np.bool_), np.zeros((n, self.columns), np.uint8)
        context = np.zeros(n, np.uint8)
        cohort = batch.vehicle_class.astype(np.int64) * len(LANE_TYPES) + batch.lane_type
        view = self.calibrator.counts.view(period)
        floor = -np.log10(self.config.floor_p)
        judge(
            self.table.rows["budget"], slots, at_ms, batch.crossing_key, cohort, batch.read_confidence, rows.fresh,
            rows.p, rows.llr, self.new_port, self._for_operators, self._alone, self._echo, self.weights,
            view.prior, self.calibrator.above, self.calibrator.tails, view.tally, view.touched,
            floor, self.config.budget_per_hour * self.config.operators,
            self.config.budget_cap_per_hour * self.config.operators,
            context, calibrated, terms, said, score, p_value, threshold, alerted,
        )  # fmt: skip
        control = drawn(batch.crossing_key, self.config.control_key, self.config.control_share)
        self.feedback.note(period, batch.crossing_key, batch.vehicle_key, alerted, control, said)
        self.watch.note(period, len(self._keys), batch, rows.fresh, calibrated, p_value, terms, alerted)
        assessed = Assessed(
            batch,
            -np.log10(p_value) + 0.0,
            p_value,
            alerted,
            late,
            threshold,
            calibrated,
            rows.evidence,
            terms,
            control,
        )
        return Verdicts(assessed, rows.p, cohort, context, score, said, self.calibrator, self.feedback)

    def _detect(self, rows: Assessment, slots: Array, period: int) -> None:
        """Run the detectors whose key is the port; they write into the columns of `rows`."""
        if not self.bank.detectors:
            return
        inputs: dict[str, Array] = {"features": features(rows.p, rows.llr, self.features_from)}
        if self._pairs:
            inputs["partners"] = self._partners(rows, slots)
        for detector in self.bank.detectors:
            inputs |= {name: getattr(rows.batch, name) for name in detector.reads if name not in inputs}
        n = len(slots)
        known = Columns(np.zeros(n, np.uint32), rows.fresh, np.zeros(n, np.int64))
        self.bank.assess(self.table.rows, slots, inputs, known, Out(rows.p, rows.llr, rows.evidence), period)

    def _partners(self, rows: Assessment, slots: Array) -> NDArray[np.float64]:
        """[n, len(FOUND)]: who travels with whom, for the detectors that judge it."""
        batch = rows.batch
        found = np.full((len(slots), len(FOUND)), np.nan)
        pairs.find(self.table.rows["pairs"], slots, batch.time_ms, batch.local_ms, batch.port, batch.direction,
                   batch.vehicle_key, batch.lane_key, rows.diary, rows.fresh, self.seized_key, self.seized_ms,
                   found)  # fmt: skip
        return found

    @property
    def features_from(self) -> NDArray[np.int64]:
        """Columns of the answers that the port's detectors look at."""
        return np.array([k for k, d in enumerate(self.bank.layout.detectors) if d.name in FEATURES], np.int64)
