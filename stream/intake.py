"""How do records of the crossings topic become columns? Decoded together, each with its offset and its place in time.

Records that `linewatch produce` marked (`stream/messages.py`) take their place in time from the log they come from;
others from the clock of their partition. A marked record that came before is dropped by its mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.batch import CrossingBatch
from schemas.codec import Codec
from schemas.errors import Reject
from stream.clock import NEVER, EventClock, places
from stream.messages import Mark
from stream.stages import When

MOST_LOGS = 256  # whose last line is remembered in a partition
EMPTY = b"null"  # stands for a record without a value, which the codec then refuses

I8 = NDArray[np.int64]


class Record(NamedTuple):
    """One record of the crossings topic."""

    offset: int
    taken_ms: int  # the broker's clock when it got it
    value: bytes | None
    mark: Mark | None


class Chunk(NamedTuple):
    """Decoded records in their order: all marked, or none."""

    batch: CrossingBatch
    when: When
    offset: I8  # of each crossing
    taken_ms: I8
    records: list[Record]  # what was read, refused ones included, without those that came before
    rejects: list[Reject]  # `offset` is that of the record, `line` 0
    resent: list[int]  # offsets of marked records that had come before
    end: int  # the offset after the last

    def rest(self, done: int) -> Chunk:
        """Without the first `done` crossings and what lies before the next one."""
        start, cut = int(self.offset[done]), slice(done, None)
        return Chunk(
            self.batch.take(cut), self.when.take(cut), self.offset[cut], self.taken_ms[cut],
            [record for record in self.records if record.offset >= start],
            [reject for reject in self.rejects if reject.offset >= start],
            [offset for offset in self.resent if offset >= start], self.end,
        )  # fmt: skip


@dataclass
class Standing:
    """How far a partition is: of what it has read, or of what it has assessed."""

    clock: EventClock = field(default_factory=EventClock)  # of records without a mark
    reached_ms: int = NEVER  # by whichever clock
    lines: dict[int, int] = field(default_factory=dict)  # log -> the last line of it that came

    def pass_crossings(self, time_ms: I8, reached_ms: I8, *, marked: bool) -> None:
        """Crossings were passed that stood there."""
        if not len(reached_ms):
            return
        self.reached_ms = max(self.reached_ms, int(reached_ms[-1]))
        if marked:
            self.clock.newest = max(self.clock.newest, self.reached_ms)
        else:
            self.clock.reached(time_ms)

    def pass_lines(self, records: Sequence[Record]) -> None:
        """Records were passed."""
        for record in records:
            if record.mark is not None:
                self.lines[record.mark.log] = record.mark.line
        while len(self.lines) > MOST_LOGS:
            del self.lines[next(iter(self.lines))]

    def copy(self) -> Standing:
        """One that goes its own way."""
        clock = EventClock()
        clock.newest, clock.ahead = self.clock.newest, self.clock.ahead
        return Standing(clock, self.reached_ms, dict(self.lines))


class Intake:
    """Reads one partition; `live_codec` refuses what is ahead of `now_ms`, when the broker got the record."""

    def __init__(self, codec: Codec, live_codec: Codec, now_ms: list[int], lateness_ms: int) -> None:
        self._codec, self._live_codec, self._now_ms, self._lateness_ms = codec, live_codec, now_ms, lateness_ms
        self.standing = Standing()
        self.floors: list[tuple[int, int]] = []  # (offset, ms): from there on the clock stands at least there

    def read(self, records: Sequence[Record]) -> list[Chunk]:
        """The chunks of some records, in the order of their offsets."""
        chunks = []
        for marked, run in groupby(records, key=lambda record: record.mark is not None):
            some = list(run)
            fresh, resent = self._fresh(some) if marked else (some, [])
            chunks.append(self._decode(fresh, resent, some[-1].offset + 1, marked=marked))
        return chunks

    def _fresh(self, records: list[Record]) -> tuple[list[Record], list[int]]:
        """Those that come for the first time, and the offsets of the others."""
        fresh, resent, lines = list[Record](), list[int](), self.standing.lines
        for record in records:
            mark = record.mark
            if mark is None or mark.line > lines.get(mark.log, 0):
                fresh.append(record)
                self.standing.pass_lines([record])
            else:
                resent.append(record.offset)
        return fresh, resent

    def _decode(self, records: list[Record], resent: list[int], end: int, *, marked: bool) -> Chunk:
        values = [record.value if record.value and record.value.strip() else EMPTY for record in records]
        data = b"\n".join(value.replace(b"\n", b" ") for value in values)
        self._now_ms[0] = max((record.taken_ms for record in records), default=0)
        decoded = (self._codec if marked else self._live_codec).decode(data)
        refused = {reject.line - 1 for reject in decoded.rejects}
        kept = [record for place, record in enumerate(records) if place not in refused] if refused else records
        rejects = [replace(reject, line=0, offset=records[reject.line - 1].offset) for reject in decoded.rejects]
        offset = np.fromiter((record.offset for record in kept), np.int64, len(kept))
        taken_ms = np.fromiter((record.taken_ms for record in kept), np.int64, len(kept))
        when = self._when(decoded.batch.time_ms, offset, [r.mark for r in kept if r.mark is not None])
        self.standing.pass_crossings(decoded.batch.time_ms, when.reached_ms, marked=marked)
        return Chunk(decoded.batch, when, offset, taken_ms, records, rejects, resent, end)

    def _when(self, time_ms: I8, offset: I8, marks: list[Mark]) -> When:
        """The place each takes and how far the partition has come with it; the clock never goes back."""
        if not len(time_ms):
            return When(time_ms, time_ms)
        if marks:
            before_ms = np.array([mark.before_ms for mark in marks], np.int64)
            reached_ms = np.array([mark.reached_ms for mark in marks], np.int64)
        else:
            clock = self.standing.copy().clock
            reached_ms = clock.reached(time_ms)
            before_ms = clock.before(reached_ms, self.standing.clock.newest)
        start_ms = np.full(1, self.standing.reached_ms, np.int64)
        for at, floor_ms in self.floors:
            reached_ms = np.where(offset >= at, np.maximum(reached_ms, floor_ms), reached_ms)
            before_ms = np.where(offset >= at, np.maximum(before_ms, floor_ms), before_ms)
        reached_ms = np.maximum.accumulate(np.maximum(reached_ms, start_ms))
        before_ms = np.maximum(before_ms, np.concatenate([start_ms, reached_ms[:-1]]))
        return When(places(time_ms, before_ms, self._lateness_ms), reached_ms)
