"""What was said of a crossing that people now speak of? The answers of recent crossings, by crossing, for a while.

A disposition names a crossing and comes minutes, hours or days after it. Every crossing is remembered for `HOURS` of
event time, and for `KEPT_DAYS` where it alerted or was drawn for the control sample: a byte a detector
(`detectors.judge.kept`) and two keys. So the size is bounded by traffic: 16 bytes and one a detector for each crossing
of two days, 50 MB for a million. What was longer ago cannot be learnt from, and is counted as unmatched.

Only hours of event time decide what is forgotten, never how much one process holds: several partitions, each with the
crossings of its ports, remember what one process would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.batch import Array

HOURS = 48
KEPT_DAYS = 30


class Block(NamedTuple):
    """Crossings of one hour or day; once sealed in the order of their keys, equal ones as they came."""

    crossing: NDArray[np.uint64]
    vehicle: NDArray[np.uint64]
    keep: NDArray[np.bool_]
    said: NDArray[np.uint8]  # [n, D]

    def take(self, index: Array) -> Block:
        """Some of the crossings."""
        return Block(self.crossing[index], self.vehicle[index], self.keep[index], self.said[index])


class Said(NamedTuple):
    """What is remembered of one crossing."""

    vehicle: int
    answers: bytes  # one a detector


class Memory:
    """The blocks by hour, then by day."""

    def __init__(self) -> None:
        self.hours: dict[int, list[Block]] = {}
        self.days: dict[int, Block] = {}
        self.trimmed = -1  # the hour for which was last forgotten
        self._in_order: set[int] = set()  # hours that are sealed

    def note(self, hour: int, crossing: Array, vehicle: Array, keep: Array, said: Array) -> None:
        """Remember crossings of an hour."""
        self.hours.setdefault(hour, []).append(Block(crossing.copy(), vehicle.copy(), keep, said))
        self._in_order.discard(hour)

    def find(self, crossings: Sequence[int], hour: int) -> list[Said | None]:
        """What was said of each of these crossings up to `hour`, the newest where an id came twice; None if unknown."""
        self.trim(hour)
        keys = np.array(crossings, np.uint64)
        found: list[Said | None] = [None] * len(keys)
        blocks = [self._sealed(h) for h in sorted(self.hours, reverse=True) if h <= hour]
        blocks += [self.days[day] for day in sorted(self.days, reverse=True)]
        for block in blocks:
            place = np.maximum(np.searchsorted(block.crossing, keys, side="right") - 1, 0)
            for k in np.flatnonzero(block.crossing[place] == keys).tolist():
                if found[k] is None:
                    at = place[k]
                    found[k] = Said(int(block.vehicle[at]), block.said[at].tobytes())
        return found

    def trim(self, hour: int) -> None:
        """Forget what is not needed any more once `hour` is spoken of."""
        if hour <= self.trimmed:
            return
        self.trimmed = hour
        for old in sorted(h for h in self.hours if h < hour - HOURS):
            kept = [part.take(np.flatnonzero(part.keep)) for part in self.hours.pop(old) if part.keep.any()]
            self._in_order.discard(old)
            if kept:
                day = old // 24
                self.days[day] = _sorted([self.days[day], *kept] if day in self.days else kept)
        for day in [day for day in self.days if day < hour // 24 - KEPT_DAYS]:
            del self.days[day]

    def _sealed(self, hour: int) -> Block:
        """The block of an hour, in the order of the keys."""
        if hour not in self._in_order:
            self.hours[hour] = [_sorted(self.hours[hour])]
            self._in_order.add(hour)
        return self.hours[hour][0]

    def save(self) -> dict[str, Any]:
        """Everything as arrays, for a checkpoint."""
        named = {f"hour{h}": self._sealed(h) for h in self.hours}
        named |= {f"day{d}": block for d, block in self.days.items()}
        arrays = {f"{name}.{field}": getattr(b, field) for name, b in named.items() for field in Block._fields}
        return arrays | {"trimmed": np.array([self.trimmed])}

    def load(self, arrays: Mapping[str, Any]) -> None:
        """The inverse of `save`."""
        self.trimmed = int(arrays["trimmed"][0])
        names = {name.partition(".")[0] for name in arrays if "." in name}
        blocks = {name: Block(*(arrays[f"{name}.{field}"] for field in Block._fields)) for name in names}
        self.hours = {int(name[4:]): [block] for name, block in blocks.items() if name.startswith("hour")}
        self._in_order = set(self.hours)
        self.days = {int(name[3:]): block for name, block in blocks.items() if name.startswith("day")}


def _sorted(parts: Sequence[Block]) -> Block:
    """One block in the order of the keys; equal keys stay as they came."""
    joined = Block(*(np.concatenate([getattr(part, field) for part in parts]) for field in Block._fields))
    return joined.take(np.argsort(joined.crossing, kind="stable"))
