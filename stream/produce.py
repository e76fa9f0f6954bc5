"""How does a recorded log, or a live stream of lines, get into the crossings topic: every line, in order?

A session begins with a word in the topic `exchange` (`messages.Progress`, line 0), sends the lines, says there about
every second how far everything is acknowledged (four times a second in a paced run), and ends with `done`. Whoever
starts the same log again finds the last word: done, or where to go on. What was sent after it is sent again with the
same marks, and the worker drops it.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np

from schemas.errors import ConfigError, Unavailable
from stream.clock import NEVER
from stream.delivery import Delivery
from stream.lines import Block
from stream.log_records import LogRecords, Records
from stream.messages import MARK_HEADER, PROGRESS_KEY, PortCode, Progress, encode
from stream.pace import Pace
from stream.sources import Source
from stream.topics import Topics

TELL_S = 1.0  # between two words on how far it is
TELL_PACED_S = 0.25  # a worker waits that long for a partition in which nothing happens
ALIVE_S = 10.0  # a worker takes a producer that says nothing for long for gone
TOGETHER_S = 0.005  # of a paced run: what is due within so long is sent at once


class Counts(NamedTuple):
    """What this process did; the `skipped` records were sent by an earlier one."""

    crossings: int = 0
    rejects: int = 0
    ports: int = 0
    skipped: int = 0
    bytes_read: int = 0

    @property
    def records(self) -> int:
        """Sent by this process."""
        return self.crossings + self.rejects


class Session:
    """One log on its way into Kafka. `begin`, then `run`.

    Delivery: every line that is not blank at least once, whatever crashes, and in order within each partition: what is
    there twice carries the same mark. After an exception the same log can be begun again.
    """

    def __init__(
        self,
        source: Source,
        records: LogRecords,
        delivery: Delivery,
        topics: Topics,
        *,
        speed: float | None = None,
        stop: threading.Event | None = None,
        show: Callable[[Counts], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._records, self._delivery, self._topics = source, records, delivery, topics
        self._pace = None if speed is None else Pace(speed)
        self._stop, self._show, self._now = stop or threading.Event(), show, now
        self._blocks: Iterator[Block] = iter(())
        self._origin, self._found = 0, False
        self._resumed = Progress(0, 0, NEVER, {})
        self._line, self._reached_ms = 0, int(NEVER)
        self._read = 0  # the number of the last line that was read
        self._told = (0, 0.0)  # up to which line, and when
        self.counts = Counts()

    @property
    def line(self) -> int:
        """The number of the last line that was sent, by this session or an earlier one."""
        return self._line

    def begin(self, last_word: Callable[[int], Progress | None], again: int | None = None) -> bool:
        """Find out which log this is and where to go on; False when all of it is in the topic already.

        `last_word` tells what was last said of a log; `again` is a number that no session of it had before.
        """
        blocks = self._source.blocks()
        for block in blocks:
            origin = self._records.identify(block) if block.data else None
            if origin is not None:
                self._blocks, self._origin, self._found = chain([block], blocks), origin, True
                break
        else:
            return True  # the log has no line, or one was not waited for
        found = last_word(origin) if again is None else None
        if found is not None:
            self._records.log = found.log
            self._resumed, self._line, self._reached_ms = found, found.line, found.reached_ms
            if not found.done:
                self._tell()
            return not found.done
        log = origin if again is None else self._records.identify(block, again)
        assert log is not None
        self._records.log = log
        self._tell()
        self._delivery.flush()  # workers hear of the session before its first record comes
        return True

    def run(self) -> None:
        """Send to the end of the log, or until stopped. Unavailable when source or broker fail; begin again then."""
        if not self._found:
            return
        gc.collect()
        gc.freeze()  # what is loaded now stays: the collector need not look at it again and again
        try:
            for block in self._blocks:
                self._take(block)
                self._tell_if_due()
                self._show(self.counts)
                if self._stop.is_set():
                    break
        except Unavailable:
            self._tell()  # what was read before it is sent
            raise
        finally:
            gc.unfreeze()
        ended = not self._stop.is_set()
        if ended and self._read < self._resumed.line:
            raise ConfigError(
                f"{self._source.name} ends at line {self._read:,}, but {self._resumed.line:,} lines of it were sent "
                "before: it was cut. Give the whole log, or send this one from its start with --again."
            )
        self._tell(done=ended)
        self._delivery.flush()

    def _take(self, block: Block) -> None:
        """One block: its new ports, then its records from where we stand."""
        self.counts = self.counts._replace(bytes_read=self._source.consumed())
        if not block.data:
            return
        records = self._records.of(block)
        if not len(records.line):
            return
        self._read = int(records.line[-1])
        for code in records.new_ports:
            self._delivery.send(self._topics.ports, encode(PortCode(code)), key=code.encode())
        if records.new_ports:
            self._delivery.flush()  # before any crossing that names them
            self.counts = self.counts._replace(ports=self.counts.ports + len(records.new_ports))
        start = int(np.searchsorted(records.line, self._line, side="right"))
        self.counts = self.counts._replace(skipped=self.counts.skipped + start)
        for first, last in self._portions(records, start):
            self._send(records, slice(first, last))

    def _portions(self, records: Records, start: int) -> Iterator[tuple[int, int]]:
        """All at once, or as they are due; what is not due when asked to stop is left out."""
        end = len(records.line)
        if self._pace is None:
            yield start, end
            return
        due_s = self._pace.due_s(records.reached_ms[start:], self._now())
        at = 0
        while at < len(due_s) and not self._stop.is_set():
            now = self._now()
            until = int(np.searchsorted(due_s, now, side="right"))
            if until > at:
                yield start + at, start + until
                at = until
            else:
                self._tell_if_due()
                self._stop.wait(max(TOGETHER_S, min(float(due_s[at]) - now, TELL_PACED_S)))

    def _send(self, records: Records, some: slice) -> None:
        line = records.line[some]
        if not len(line):
            return
        headers = [[(MARK_HEADER, mark)] for mark in records.marks[some]]
        self._delivery.send_all(
            self._topics.crossings,
            zip(records.values[some], records.keys[some], records.partitions[some], headers, strict=True),
        )
        self._line, self._reached_ms = int(line[-1]), int(records.reached_ms[some][-1])
        crossings = int(np.count_nonzero(records.crossing[some]))
        sent = self.counts.crossings + crossings, self.counts.rejects + len(line) - crossings
        self.counts = self.counts._replace(crossings=sent[0], rejects=sent[1])

    def _tell_if_due(self) -> None:
        line, at = self._told
        every_s = TELL_S if self._pace is None else TELL_PACED_S
        due_s = every_s if self._line > line else ALIVE_S
        if self._now() - at >= due_s:
            self._tell()

    def _tell(self, *, done: bool = False) -> None:
        """Say how far everything is acknowledged, once it is."""
        self._delivery.flush()
        ends = self._resumed.ends | self._delivery.ends(self._topics.crossings)
        word = Progress(self._records.log, self._line, self._reached_ms, ends, done, self._origin)
        self._delivery.send(self._topics.exchange, encode(word), key=PROGRESS_KEY)
        self._told = self._line, self._now()
