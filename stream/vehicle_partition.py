"""What does one partition of the crossings topic do? It assesses its vehicles' crossings as far as the hours allow.

A pure function of what it is given: chunks of records in the order of their offsets, the words of producers and of the
other partitions. It holds no client, clock or lock; `stream/worker.py` feeds it and sends on what comes out. Everything
that comes out follows from the records up to `position`, so that after a crash another worker, from an older
checkpoint, says the same again, and who listens can tell by the offsets what it has heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.base import HOUR_MS
from schemas.errors import Reject
from stream.assessment import Assessment
from stream.exchange import NOT_YET, Board, Closed, pack
from stream.intake import Chunk, Intake, Record, Standing
from stream.shared import LAG, period_of
from stream.stages import VehicleStage, runs


class Rows(NamedTuple):
    """Assessed crossings, the offsets of their records and when the broker got them."""

    rows: Assessment
    offset: NDArray[np.int64]
    taken_ms: NDArray[np.int64]


class VehicleStep(NamedTuple):
    """What a step brought: crossings for the port stage, records for the dead letter, a word for the others."""

    rows: Rows | None
    rejects: list[Reject]
    closed: Closed | None


class VehiclePartition:
    """One partition's stage, what is read and not yet assessed, and the hours it has closed."""

    def __init__(self, number: int, stage: VehicleStage, intake: Intake, board: Board) -> None:
        self.number, self.stage, self.intake, self.board = number, stage, intake, board
        self.position = 0  # every record before it is assessed
        self.read_to = 0  # and read
        self.passed = Standing()  # of what is assessed; `intake.standing` is of what is read
        self.closed = NOT_YET  # hours handed over
        self.taken = NOT_YET  # hours of the others taken in
        self.counts: Counter[str] = Counter()  # of records: accepted, rejected, resent, missed
        self._parked: list[Chunk] = []

    @property
    def parked(self) -> int:
        """Crossings that are read and wait for an hour to open."""
        return sum(len(chunk.offset) for chunk in self._parked)

    @property
    def reached_ms(self) -> int:
        """What this partition still assesses counts for no time below this less the lateness."""
        for chunk in self._parked:
            if len(chunk.offset):
                when, lateness_ms = chunk.when, self.stage.lateness_ms
                return int(min(when.place_ms[0] + lateness_ms, when.reached_ms[0]))
        return self.intake.standing.reached_ms

    def offer(self, records: Sequence[Record]) -> None:
        """Records that follow those offered before; what lies before `read_to` was heard already and is dropped."""
        records = [record for record in records if record.offset >= self.read_to]
        if not records:
            return
        floors = self.board.floors.get(self.number, ())
        self.intake.floors = [(at, self._floor_ms(hour)) for at, hour in floors if at <= records[-1].offset]
        self.read_to = records[-1].offset + 1
        self._parked += self.intake.read(records)

    def skip_to(self, offset: int) -> None:
        """Records before it are not kept any more."""
        self.read_to = max(self.read_to, offset)
        if not self._parked:
            self.position = self.read_to

    def _floor_ms(self, hour: int) -> int:
        """Where the clock must stand for nothing to count for an hour any more."""
        return (hour + 1) * HOUR_MS + self.stage.lateness_ms

    def reach(self, time_ms: int) -> None:
        """A producer's word that it has come so far; call once everything that it sent before is offered."""
        self.intake.standing.reached_ms = max(self.intake.standing.reached_ms, time_ms)

    def step(self, ports: int) -> VehicleStep:
        """Assess what may be assessed now, and close the hours that are complete."""
        parts, rejects = list[Rows](), list[Reject]()
        while self._parked:
            chunk = self._parked[0]
            done = self._assess(chunk, ports, parts)
            whole = done == len(chunk.offset)
            self.position = chunk.end if whole else int(chunk.offset[done])
            rejects += self._pass(chunk)
            if not whole:
                self._parked[0] = chunk.rest(done)
                break
            self._parked.pop(0)
        return VehicleStep(_joined(parts), rejects, self.close(self._closable()))

    def _assess(self, chunk: Chunk, ports: int, parts: list[Rows]) -> int:
        """How many crossings of a chunk were assessed: up to the first of an hour that may not be entered yet."""
        marked = bool(chunk.records) and chunk.records[0].mark is not None
        periods = np.maximum.accumulate(period_of(np.minimum(chunk.when.place_ms, chunk.when.reached_ms)))
        for first, last in runs(periods):
            period, cut = int(periods[first]), slice(first, last)
            if not self.board.may_enter(period, self.taken):
                return first
            self.enter(period)
            batch, when = chunk.batch.take(cut), chunk.when.take(cut)
            rows = self.stage.push(batch, ports, when)
            admitted = self.stage.admitted
            parts.append(Rows(rows, chunk.offset[cut][admitted], chunk.taken_ms[cut][admitted]))
            self.passed.pass_crossings(batch.time_ms, when.reached_ms, marked=marked)
            self.counts["accepted"] += len(rows.place_ms)
        return len(chunk.offset)

    def _pass(self, chunk: Chunk) -> list[Reject]:
        """Count the records of a chunk that lie before `position`; those refused among them."""
        rejects = [reject for reject in chunk.rejects if reject.offset < self.position]
        self.counts["rejected"] += len(rejects)
        self.counts["resent"] += sum(offset < self.position for offset in chunk.resent)
        self.passed.pass_lines([record for record in chunk.records if record.offset < self.position])
        return rejects

    def enter(self, period: int) -> None:
        """Take in the sums that count from this hour on."""
        for hour, collected in self.board.due(self.taken, period - LAG):
            self.stage.bank.publish(hour, collected)
        self.taken = max(self.taken, period - LAG)

    def _closable(self) -> int:
        """The newest hour for which nothing can come any more."""
        return int(period_of(self.reached_ms - self.stage.lateness_ms)) - 1

    def close(self, upto: int, *, silent: bool = False) -> Closed | None:
        """Hand over what was collected in hours up to `upto`; None where the others have it already."""
        if upto <= self.closed:
            return None
        self.closed = upto
        bank = self.stage.bank
        known = self.board.closed[self.number]  # by an earlier owner of this partition: its word stands
        hours = sorted({hour for table in bank.tables() for hour in table.open if hour <= upto})
        collected = {hour: bank.collect(hour) for hour in hours}
        if upto <= known:
            return None
        periods = {hour: pack(part) for hour, part in collected.items() if hour > known}
        return Closed("vehicle", self.number, upto, periods, self.read_to if silent else -1)

    def follow(self) -> Closed | None:
        """Nothing is there to come: close what some other partition has closed, so that nobody waits for this one."""
        upto = max(self.board.closed)
        if self._parked or upto <= self.closed:
            return None
        self.reach(self._floor_ms(upto))
        return self.close(upto, silent=True)


def _joined(parts: list[Rows]) -> Rows | None:
    if not parts:
        return None
    rows, offset, taken = zip(*parts, strict=True)
    return Rows(Assessment.concat(rows), np.concatenate(offset), np.concatenate(taken))
