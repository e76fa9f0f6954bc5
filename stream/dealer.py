"""What goes into the packets for each port partition? Whatever vehicle partitions of one worker have said in a turn.

Their crossings are dealt out by port. Each packet also says how far each of them has come; where there is no crossing,
that is said when one has come `PUNCTUATE_MS` further, since port partitions wait for the slowest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.assessment import Assessment
from stream.clock import NEVER
from stream.packets import BUSY, NOTHING, Packet, Part
from stream.vehicle_partition import Rows

PUNCTUATE_MS = 50
MOST_ROWS = 8_192  # in a packet: messages have a limit


class Said(NamedTuple):
    """What a vehicle partition has said: `Part` tells of the fields."""

    source: int
    reached_ms: int
    idle_at: int
    rows: Rows | None


class Dealer:
    """Deals to so many port partitions, and knows what it has told them."""

    def __init__(self, port_partitions: int) -> None:
        self._port_partitions = port_partitions
        self._told: dict[tuple[int, int], tuple[int, int | None]] = {}  # (source, port partition) -> reached, idle_at

    def forget(self) -> None:
        """Begin anew: what was told may have been told by another worker."""
        self._told.clear()

    def deal(self, said: Sequence[Said]) -> Iterator[tuple[int, Packet]]:
        """Port partition and packet; each vehicle partition may be in `said` once."""
        said = sorted(said, key=lambda one: one.source)
        everything = _together(said)
        home = None if everything is None else everything.rows.rows.batch.port % self._port_partitions
        for number in range(self._port_partitions):
            mine = NOTHING if home is None else np.flatnonzero(home == number)
            while everything is not None and len(mine) > MOST_ROWS:
                yield number, _packet(everything, mine[:MOST_ROWS])
                mine = mine[MOST_ROWS:]
            parts, is_news = self._parts(number, said, _counts(everything, mine))
            if is_news and everything is not None and len(mine):
                yield number, _packet(everything, mine)._replace(parts=parts)
            elif is_news:
                yield number, Packet(parts, None, NOTHING, NOTHING)

    def _parts(self, number: int, said: Sequence[Said], counts: dict[int, int]) -> tuple[list[Part], bool]:
        """What a port partition does not know yet, and whether it should now."""
        parts, is_news = [], False
        for source, reached, idle_at, _ in said:
            before, was_idle_at = self._told.get((source, number), (NEVER, None))
            count = counts.get(source, 0)
            is_news = is_news or bool(count) or reached >= before + PUNCTUATE_MS or idle_at != was_idle_at
            if count or reached > before or idle_at != was_idle_at:
                parts.append(Part(source, reached, idle_at, count))
        if is_news:
            self._told.update(((part.source, number), (part.reached_ms, part.idle_at)) for part in parts)
        return parts, is_news


class _Together(NamedTuple):
    rows: Rows
    source: NDArray[np.int64]  # [n] rising


def _together(said: Sequence[Said]) -> _Together | None:
    """All rows, and whose they are."""
    some = [(one.source, one.rows) for one in said if one.rows is not None]
    if not some:
        return None
    rows = Rows(
        Assessment.concat([rows.rows for _, rows in some]),
        np.concatenate([rows.offset for _, rows in some]),
        np.concatenate([rows.taken_ms for _, rows in some]),
    )
    return _Together(rows, np.repeat([source for source, _ in some], [len(rows.offset) for _, rows in some]))


def _counts(everything: _Together | None, mine: NDArray[np.int64]) -> dict[int, int]:
    if everything is None:
        return {}
    sources, counts = np.unique(everything.source[mine], return_counts=True)
    return dict(zip(sources.tolist(), counts.tolist(), strict=True))


def _packet(everything: _Together, mine: NDArray[np.int64]) -> Packet:
    """A packet of these rows, which says of each source that it has come as far as its last row in it."""
    rows, offset, taken_ms = everything.rows
    some, parts, end = rows.take(mine), [], 0
    for source, count in _counts(everything, mine).items():
        end += count
        parts.append(Part(source, int(some.reached_ms[end - 1]), BUSY, count))
    return Packet(parts, some, offset[mine], taken_ms[mine])
