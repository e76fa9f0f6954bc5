"""Is the reader of one lane down, dirty or out of line? Each lane against its own forecast and its own confidence.

A lane is silent where its port flows and its own hours of the week say that it should be open; a lane that opens and
closes at will has a wide forecast, and is left alone. `detectors.flow_count.confidence` compares the mean of its reads
with its past.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import flow, flow_count
from stream.spells import Spells
from stream.words import Word

ODD = 1e-8  # tail
SILENT, FLOWS = 0.05, 0.5  # of what is usual: the lane, and the port
REMEMBERED = 35 * 24  # hours for which the level before a shift stays usual


class LaneWatch:
    """The lanes of a process's ports."""

    def __init__(self, spells: Spells) -> None:
        self.spells = spells
        self.lane_of: list[tuple[int, int, str]] = []  # port, direction, text
        self.rows = np.zeros(0, flow.ROW)
        self.confidence = np.zeros((0, 7))  # see `detectors.flow_count.confidence`
        self.series = np.zeros(0, np.int64)  # 2 * port + direction: the series of the port that a lane is part of

    def step(
        self, hour: int, reads: NDArray[np.int64], weeks: NDArray[np.int64], ports: NDArray[np.float64]
    ) -> Iterator[Word]:
        """What an hour shows: `reads[lanes, 3]`; `ports[series, 3, 6]` as `flow.assess` gives it."""
        self.rows = longer(self.rows, len(self.lane_of))
        self.confidence = longer(self.confidence, len(self.lane_of))
        if len(self.lane_of) > len(self.series):
            self.series = np.array([2 * port + way for port, way, _ in self.lane_of], np.int64)
        out = np.ones((len(self.rows), 3, 6))
        flow.assess(self.rows, reads[:, flow_count.READS].astype(np.float64), weeks[self.series // 2], out)
        yield from self._silent(hour, out, ports)
        yield from self._read(hour, reads)

    def learn(self, weeks: NDArray[np.int64], frozen: NDArray[np.bool_]) -> None:
        """Learn from the hour, where neither lane nor port (`frozen[series]`) has something wrong."""
        stopped = frozen[self.series]
        stopped[[int(key[5:]) for key in self.spells.of("lane")]] = True
        flow.learn(self.rows, weeks[self.series // 2], stopped)

    def _silent(self, hour: int, out: NDArray[np.float64], ports: NDArray[np.float64]) -> Iterator[Word]:
        """Lanes that are silent for 6 or 24 hours while their port flows."""
        late = out[:, 1:]
        silent = (late[:, :, flow.LOW] < ODD) & (late[:, :, flow.COUNT] < SILENT * late[:, :, flow.MEAN_LOW])
        for k in np.flatnonzero(silent.any(axis=1)).tolist():
            w = 1 + int(np.flatnonzero(silent[k])[0])
            whole, row, key = ports[self.series[k], w], out[k, w], f"lane {k}"
            if key in self.spells.open or whole[flow.COUNT] < FLOWS * whole[flow.MEAN_LOW]:
                continue
            port, way, text = self.lane_of[k]
            usual = (float(row[flow.MEAN_LOW]), float(row[flow.MEAN_HIGH]))
            word = Word("reader_fault", "lane", hour, port, text, way, float(row[flow.LOW]), float(row[flow.COUNT]),
                        usual, int(flow.WINDOWS[w]))  # fmt: skip
            yield from self.spells.begin(key, "less", word)
        for key in self.spells.of("lane"):
            k = int(key[5:])
            if out[k, 0, flow.COUNT] > 0:
                self.spells.end(key, hour)
                flow.forget_recent(self.rows[k])
            elif self.spells.lasts_too_long(key, hour):
                self.spells.end(key, hour)
                flow.adopt(self.rows[k], REMEMBERED)

    def _read(self, hour: int, reads: NDArray[np.int64]) -> Iterator[Word]:
        """Lanes whose reads have lost confidence against their own past."""
        found = np.zeros((len(self.confidence), 4))
        flow_count.confidence(self.confidence, reads, found)
        odd = (found[:, 3] < flow_count.DEEP) & (found[:, 1] - found[:, 0] > flow_count.DROP)
        for k in np.flatnonzero(odd).tolist():
            key, (port, way, text), (mean, usual, error, _) = f"confidence {k}", self.lane_of[k], found[k].tolist()
            if key not in self.spells.open:
                word = Word("reader_fault", "confidence", hour, port, text, way, None, mean,
                            (usual - 2 * error, min(1.0, usual + 2 * error)))  # fmt: skip
                yield from self.spells.begin(key, "less", word)
        for key in self.spells.of("confidence"):
            k = int(key[11:])
            if not odd[k] and not np.isnan(found[k, 3]):
                self.spells.end(key, hour)
            elif self.spells.lasts_too_long(key, hour):
                self.spells.end(key, hour)
                self.confidence[k] = 0.0  # learnt anew

    def save(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and plain values, for a checkpoint."""
        return {"lanes": self.rows, "confidence": self.confidence}, {"lane_of": self.lane_of}

    def load(self, arrays: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The inverse of `save`."""
        self.rows, self.confidence = arrays["lanes"], arrays["confidence"]
        self.lane_of = [(port, way, text) for port, way, text in values["lane_of"]]
        self.series = np.zeros(0, np.int64)


def longer(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """The array with zeros up to `rows` rows."""
    if rows <= len(array):
        return array
    out = np.zeros((rows, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out
