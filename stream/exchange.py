"""What do the partitions of a stage tell each other, and when may one enter an hour? Sums of closed hours.

Rule 2 of the architecture: what all partitions collected in hour k is used from hour k + 2 on. A partition *closes* an
hour when nothing that it will ever see can count for it, and says so in the topic `exchange` together with what it
collected. It may enter hour k + 2 when every partition has closed hour k. What is said first of an hour of a partition
stands; a worker that goes on from an older checkpoint closes it again, with the same sums, and is not heard.

Dispositions need a second round in hours in which any are due: one port partition (the first) hears them and names
those due with its own sums; then every port partition answers which of them concern crossings that it remembers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import zstandard

from schemas.dispositions import Given
from stream.feedback import Example, Heard
from stream.shared import LAG, merged
from stream.stages import Collected
from stream.watch import Counted

NOT_YET = -(2**40)  # no hour is closed
LEVEL = 1
FIRST = 0  # the port partition that hears the dispositions


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """Partition `partition` of stage `stage` has closed every hour up to `upto`.

    `periods` holds what it collected in those hours that had something. `floor_at` >= 0: it fell silent and followed
    the others; what comes at that offset of the crossings topic or later counts for later hours.
    """

    stage: str  # "vehicle" or "port"
    partition: int
    upto: int
    periods: dict[int, bytes]
    floor_at: int = -1


class Matched(msgspec.Struct, frozen=True, tag="matched"):
    """Which dispositions due in `period` concern crossings that port partition `partition` remembers."""

    partition: int
    period: int
    examples: list[tuple[int, str, str, str, int, bytes]]


class Board:
    """What is known of the partitions of one stage, from the exchange."""

    def __init__(self, stage: str, partitions: int) -> None:
        self.stage = stage
        self.closed = [NOT_YET] * partitions
        self.floors: dict[int, list[tuple[int, int]]] = {}  # partition -> (offset, hour closed when it fell silent)
        self.periods: dict[int, dict[int, Collected]] = {}
        self.matched: dict[int, dict[int, list[Example]]] = {}
        self._joined: dict[int, list[Collected]] = {}
        self._first: dict[int, int] = {}  # period -> offset in the exchange of what was said first of it

    @property
    def complete(self) -> int:
        """Every partition has closed every hour up to this one."""
        return min(self.closed)

    def take(self, message: Closed | Matched, offset: int = 0) -> None:
        """Take one message in; what was said before of the same hour and partition stands.

        Raises ValueError for a partition that there is not, and for sums that are none; nothing is taken in then.
        """
        if not 0 <= message.partition < len(self.closed):
            raise ValueError(f"the {self.stage} stage has no partition {message.partition}")
        sums = {k: unpack(data) for k, data in message.periods.items()} if isinstance(message, Closed) else {}
        for period in message.periods if isinstance(message, Closed) else [message.period]:
            self._first.setdefault(period, offset)
        if isinstance(message, Matched):
            answers = self.matched.setdefault(message.period, {})
            answers.setdefault(message.partition, [Example(*one) for one in message.examples])
            return
        for period, collected in sums.items():
            self.periods.setdefault(period, {}).setdefault(message.partition, collected)
        if message.floor_at >= 0:
            self.floors.setdefault(message.partition, []).append((message.floor_at, message.upto))
        self.closed[message.partition] = max(self.closed[message.partition], message.upto)

    def due(self, after: int, upto: int) -> Iterator[tuple[int, list[Collected]]]:
        """Complete hours in (after, upto] in which something was collected, and the parts in the partitions' order."""
        for period in sorted(k for k in self.periods if after < k <= upto):
            if period not in self._joined:  # once for all partitions of this worker
                parts = self.periods[period]
                self._joined[period] = joined([parts[partition] for partition in sorted(parts)])
            yield period, self._joined[period]

    def forget(self, upto: int, positions: Mapping[int, int]) -> None:
        """Nobody here needs hours up to this one, nor floors below the positions of the partitions that are here."""
        self.floors = {
            number: [(at, hour) for at, hour in floors if at >= positions[number]]
            for number, floors in self.floors.items()
            if number in positions
        }
        for known in (self.periods, self.matched, self._joined, self._first):
            for period in [k for k in known if k <= upto]:
                del known[period]

    def unheard_from(self, taken: int, end: int) -> int:
        """From which offset on a partition that has taken in hours up to `taken` has to hear the exchange again."""
        return min((first for period, first in self._first.items() if period > taken), default=end)

    def due_dispositions(self, period: int) -> list[Given]:
        """Those that the first port partition names in an hour; [] for a stage without any."""
        heard = self._heard(period)
        return [] if heard is None else heard.due

    def _heard(self, period: int) -> Heard | None:
        part = self.periods.get(period, {}).get(FIRST)
        return next((c for c in part if isinstance(c, Heard)), None) if part else None

    def may_enter(self, period: int, taken: int) -> bool:
        """Whether all that counts from `period` on is here, for a partition that has taken in hours up to `taken`."""
        if self.complete < period - LAG:
            return False
        due = [k for k in self.periods if taken < k <= period - LAG and self.due_dispositions(k)]
        return all(len(self.matched.get(k, {})) == len(self.closed) for k in due)


def joined(parts: list[Collected]) -> list[Collected]:
    """The same parts with all sums added up in the first: integers, so everybody's totals stay what they are."""
    out = [list(part) for part in parts]
    for place in range(len(out[0])):
        sums = [part[place] for part in out if type(part[place]) is tuple]  # the others are named
        if len(sums) > 1:
            for part in out:
                part[place] = None
            out[0][place] = merged(sums)
    return out


def with_matches(parts: Sequence[Collected], matched: Mapping[int, list[Example]]) -> list[Collected]:
    """The parts of an hour with everybody's matches as those of the first that heard anything."""
    examples = [example for partition in sorted(matched) for example in matched[partition]]
    out = []
    for part in parts:
        mine = list(part)
        for place, kept in enumerate(mine):
            if isinstance(kept, Heard):
                mine[place] = kept._replace(examples=examples)
                examples = []
        out.append(mine)
    return out


def pack(collected: Collected) -> bytes:
    """What one partition collected in an hour: sums, and at the port what was heard and counted."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.msgpack.encode([_plain(c) for c in collected]))


def unpack(data: bytes) -> Collected:
    """The inverse of `pack`. Raises ValueError for other bytes."""
    try:
        return [_rich(c) for c in msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(data))]
    except (zstandard.ZstdError, msgspec.MsgspecError, TypeError) as problem:
        raise ValueError(f"no sums of an hour ({problem})") from None


def _plain(part: Any) -> Any:
    if part is None:
        return None
    if isinstance(part, Heard):
        return ["heard", [list(g) for g in part.due], [list(e) for e in part.examples], part.crossings, part.alerts]
    if isinstance(part, Counted):
        return ["counted", part.crossings, _array(part.odd), _array(part.mix)]
    index, sums = part
    return ["sums", _array(index), _array(sums)]


def _rich(part: Any) -> Any:
    if part is None:
        return None
    kind, *rest = part
    if kind == "heard":
        due, examples, crossings, alerts = rest
        return Heard([Given(*g) for g in due], [Example(*e) for e in examples], crossings, alerts)
    if kind == "counted":
        return Counted(rest[0], _from(rest[1]), _from(rest[2]))
    return _from(rest[0]), _from(rest[1])


def _array(array: Any) -> list[Any]:
    """int64 of any shape."""
    return [list(array.shape), np.ascontiguousarray(array, np.int64).tobytes()]


def _from(plain: list[Any]) -> Any:
    shape, data = plain
    return np.frombuffer(data, np.int64).reshape(shape).copy()
