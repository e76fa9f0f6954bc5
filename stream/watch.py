"""What should people know beside alerts? Counts of an hour from the port stage, judged two hours later.

While crossings are decided their numbers are added up (`detectors/flow_count.py`). When an hour is published, rule 2
of the architecture, the port's own series go to `stream/watch_flow.py`, and what all partitions counted to
`stream/watch_drift.py`. Every partition draws the same conclusions on drift and displacement, and each on its own ports
the others; where several run, one of them passes the former on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import flow_count
from detectors.base import HOUR_MS
from detectors.flow import WEEK
from schemas.batch import CrossingBatch
from stream.watch_drift import DriftWatch, MixWatch
from stream.watch_flow import FlowWatch
from stream.words import Word

LocalMs = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]  # (UTC ms, port numbers) -> wall clock


class Hour(NamedTuple):
    """What one partition counts in an hour."""

    flow: NDArray[np.int64]  # [ports, 2]
    lanes: NDArray[np.int64]  # [lanes, 3]
    odd: NDArray[np.int64]  # [D + 1, 2]
    mix: NDArray[np.int64]  # [ports, D]

    def widened(self, ports: int) -> Hour:
        """With room for at least so many ports."""
        more = ((0, max(0, ports - len(self.flow))), (0, 0))
        return self._replace(flow=np.pad(self.flow, more), mix=np.pad(self.mix, more)) if more[0][1] else self


class Counted(NamedTuple):
    """What partitions exchange of it."""

    crossings: int
    odd: NDArray[np.int64]
    mix: NDArray[np.int64]


class Recalibrate(NamedTuple):
    """A column whose calibration is to forget: how much it keeps."""

    column: int
    keep: float


class Saved(NamedTuple):
    """All of it for a checkpoint."""

    arrays: dict[str, Any]
    values: dict[str, Any]
    blobs: tuple[bytes, bytes]


class Watch:
    """The counts of open hours, and what watches them."""

    def __init__(self, columns: int, local_ms: LocalMs) -> None:
        self.columns = columns
        self.local_ms = local_ms
        self.flow = FlowWatch()
        self.drift = DriftWatch(columns + 1)
        self.mix = MixWatch(columns)
        self.hours: dict[int, Hour] = {}  # open
        self.closed: dict[int, Hour] = {}  # collected, not published yet
        self.words: list[Word] = []
        self._keys = np.zeros(flow_count.MOST_LANES, np.uint64)
        self._slots = flow_count.table(self._keys[:0])

    def note(
        self, hour: int, ports: int, batch: CrossingBatch, fresh: NDArray[np.uint8], calibrated: NDArray[np.float64],
        p_value: NDArray[np.float64], terms: NDArray[np.float64], alerted: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """Count decided crossings of an hour."""
        mine = self._hour(hour, ports)
        new, lanes = np.zeros(len(batch), np.bool_), self.flow.lanes.lane_of
        flow_count.count(batch.port, batch.direction, batch.lane_key, batch.read_confidence, fresh, calibrated, p_value,
                         self._keys, self._slots, len(lanes), mine.flow, mine.lanes, mine.odd, new)  # fmt: skip
        for i in np.flatnonzero(new).tolist():
            lanes.append((int(batch.port[i]), int(batch.direction[i]), batch.lane[i]))
        index = np.flatnonzero(alerted)
        if len(index):
            most = np.nan_to_num(terms[index], nan=-np.inf).argmax(axis=1)
            np.add.at(mine.mix, (batch.port[index], most), 1)

    def _hour(self, hour: int, ports: int) -> Hour:
        mine = self.hours.get(hour)
        if mine is None:
            mine = Hour(
                np.zeros((ports, 2), np.int64),
                np.zeros((flow_count.MOST_LANES, 3), np.int64),
                np.zeros((self.columns + 1, 2), np.int64),
                np.zeros((ports, self.columns), np.int64),
            )
        self.hours[hour] = mine.widened(ports)
        return self.hours[hour]

    def collect(self, hour: int, ports: int) -> Counted:
        """What the partitions exchange of an hour; what is its own stays until `publish`."""
        mine = self.closed[hour] = self._hour(hour, ports)
        del self.hours[hour]
        return Counted(int(mine.flow.sum()), mine.odd, mine.mix)

    def publish(self, hour: int, counted: Sequence[Counted]) -> list[Recalibrate]:
        """Judge an hour by what all partitions counted; call with rising hours. `words` grows by what is to be said."""
        # the lanes that have been seen since may be at ports that nobody knew when the hour was collected
        mine = self.closed.pop(hour).widened(1 + max((port for port, *_ in self.flow.lanes.lane_of), default=-1))
        if not sum(c.crossings for c in counted):  # nobody sends anything: that is not a port's fault
            return []
        odd = np.sum([c.odd for c in counted], axis=0)
        mix = np.zeros((max(len(c.mix) for c in counted), self.columns), np.int64)
        for c in counted:
            mix[: len(c.mix)] += c.mix
        ports = np.arange(len(mine.flow))
        weeks = self.local_ms(np.full(len(ports), hour * HOUR_MS, np.int64), ports) // HOUR_MS % WEEK
        self.words += self.flow.step(hour, mine.flow, mine.lanes[: len(self.flow.lanes.lane_of)], weeks)
        self.words += self.mix.step(hour, mix)
        found = []
        for column, keep, word in self.drift.step(hour, odd):
            found.append(Recalibrate(column, keep))
            self.words += [] if word is None else [word]
        return found

    def said(self) -> list[Word]:
        """What is to be said since this was last asked."""
        words, self.words = self.words, []
        return words

    def save(self) -> Saved:
        """Everything, for a checkpoint; `words` were said by then."""
        flow, flow_values, flow_blob = self.flow.save()
        drift, drift_values, drift_blob = self.drift.save()
        mix, mix_values = self.mix.save()
        lanes = len(self.flow.lanes.lane_of)
        arrays = flow | drift | mix | {"keys": self._keys[:lanes]}
        for hour, mine in (self.hours | self.closed).items():
            parts = mine._replace(lanes=mine.lanes[:lanes])
            arrays |= {f"hour{hour}.{name}": array for name, array in parts._asdict().items()}
        values = {"flow": flow_values, "drift": drift_values, "mix": mix_values, "hours": sorted(self.hours),
                  "closed": sorted(self.closed)}  # fmt: skip
        return Saved(arrays, values, (flow_blob, drift_blob))

    def load(self, saved: Saved) -> None:
        """The inverse of `save`."""
        arrays, values = saved.arrays, saved.values
        self.flow.load(arrays, values["flow"], saved.blobs[0])
        self.drift.load(arrays, values["drift"], saved.blobs[1])
        self.mix.load(arrays, values["mix"])
        lanes = len(arrays["keys"])
        self._keys[:lanes] = arrays["keys"]
        self._slots = flow_count.table(arrays["keys"])
        self.hours, self.closed = {}, {}
        for hour in values["hours"] + values["closed"]:
            mine = Hour(*(arrays[f"hour{hour}.{name}"] for name in Hour._fields))
            rows = np.zeros((flow_count.MOST_LANES, 3), np.int64)
            rows[:lanes] = mine.lanes
            (self.closed if hour in values["closed"] else self.hours)[hour] = mine._replace(lanes=rows)
