"""What does a generated log look like on disk? Columns sorted by time, and the bytes made from them.

`Traffic.lines` writes in the order of arrival: a few records late, a few twice. Files: `crossings.jsonl`,
`labels.csv` (crossing_id, label, episode), `benign.csv` (the same, hard negatives), `episodes.csv` (strengths),
`dispositions.jsonl`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluation.simulator.plant import Episode
from evaluation.simulator.ports import Array, Places
from schemas.batch import DIRECTIONS, LANE_TYPES, VEHICLE_CLASSES

COMMODITIES = ("0702", "0804", "2203", "3926", "4011", "7326", "8471", "8517", "8544", "8703", "8708", "9403")


@dataclass(frozen=True, slots=True)
class Freight:
    """Columns of the trucks' crossings only; `row` says which."""

    row: Array  # i8, ascending
    weight_kg: Array  # i4
    laden: Array  # bool
    trailer: Array  # i4
    driver: Array  # i4
    carrier: Array  # i2
    commodity: Array  # i1, index in COMMODITIES


@dataclass(frozen=True, slots=True)
class Traffic:
    """One generated log; columns have one entry a crossing, sorted by time, then id."""

    seed: int
    places: Places
    vehicle_names: list[str]  # pseudonyms
    lane_names: list[str]
    time_ms: Array  # i8, UTC
    vehicle: Array  # i4, index in vehicle_names
    port: Array  # i2, index in places.codes
    direction: Array  # i1
    lane: Array  # i2, index in lane_names
    lane_type: Array  # i1
    vehicle_class: Array  # i1
    confidence: Array  # f8
    freight: Freight
    arrival: Array  # i8[m >= n]: rows in order of arrival; a duplicate is there twice
    labels: list[tuple[str, str, int]]  # (crossing_id, label, episode), in order of time
    benign: list[tuple[str, str, int]]  # (crossing_id, "benign:…", vehicle)
    episodes: list[Episode]
    dispositions: list[str] = field(default_factory=list)  # JSON lines, in order of time

    def __len__(self) -> int:
        return len(self.time_ms)

    def crossing_id(self, row: int) -> str:
        """The id of a row; ids rise with time."""
        return f"{self.seed:x}-{row:09d}"

    def lines(self, batch: int = 4096) -> Iterator[bytes]:
        """Blocks of `batch` JSON lines in the order of arrival."""
        writer = LineWriter(self)
        for start in range(0, len(self.arrival), batch):
            yield writer.lines(start, start + batch)

    def write(self, folder: Path, progress: Callable[[int], None] | None = None) -> None:
        """Writes the files into `folder` (made if absent); `progress` is called with the lines written so far."""
        folder.mkdir(parents=True, exist_ok=True)
        done = 0
        with (folder / "crossings.jsonl").open("wb") as out:
            for block in self.lines():
                out.write(block)
                done = min(done + 4096, len(self.arrival))
                if progress is not None:
                    progress(done)
        _table(folder / "labels.csv", "crossing_id,label,episode", self.labels)
        _table(folder / "benign.csv", "crossing_id,label,episode", self.benign)
        _table(folder / "episodes.csv", "episode,label,strength,vehicle", [
            (e.number, e.label, e.strength, self.vehicle_names[e.vehicle]) for e in self.episodes
        ])  # fmt: skip
        (folder / "dispositions.jsonl").write_text("".join(f"{line}\n" for line in self.dispositions), encoding="ascii")


class LineWriter:
    """Makes the lines of one log, any stretch of them at a time."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._vehicles = [f'"vehicle":"{name}"' for name in traffic.vehicle_names]
        self._freight = _Freight(traffic.freight, len(traffic))

    def lines(self, start: int, stop: int) -> bytes:
        """The lines from the `start`th to arrive to the one before the `stop`th."""
        t, vehicles = self._traffic, self._vehicles
        rows = t.arrival[start:stop]
        times = np.datetime_as_string(t.time_ms[rows].astype("M8[ms]"), unit="ms").tolist()
        kind = (t.direction[rows].astype(np.int32) * len(LANE_TYPES) + t.lane_type[rows]) * len(VEHICLE_CLASSES)
        kind = kind + t.vehicle_class[rows]
        columns = zip(
            rows.tolist(), times, t.port[rows].tolist(), t.lane[rows].tolist(), t.vehicle[rows].tolist(),
            kind.tolist(), np.rint(t.confidence[rows] * 1000).astype(int).tolist(), self._freight.of(rows), strict=True,
        )  # fmt: skip
        prefix, codes, lanes = f'{{"crossing_id":"{t.seed:x}-', t.places.codes, t.lane_names
        return "".join([
            f'{prefix}{row:09d}","occurred_at":"{at}Z","port":"{codes[port]}","lane":"{lanes[lane]}",{vehicles[vehicle]},'
            f'{_KINDS[sort]}"read_confidence":0.{confidence:03d}{more}}}\n'
            for row, at, port, lane, vehicle, sort, confidence, more in columns
        ]).encode()  # fmt: skip


_KINDS = [
    f'"direction":"{direction}","lane_type":"{lane_type}","vehicle_class":"{vehicle_class}",'
    for direction in DIRECTIONS
    for lane_type in LANE_TYPES
    for vehicle_class in VEHICLE_CLASSES
]


class _Freight:
    """The trucks' fields of any rows, as text; empty for others."""

    def __init__(self, freight: Freight, rows: int) -> None:
        self._freight = freight
        self._at = np.full(rows, -1, np.int64)
        self._at[freight.row] = np.arange(len(freight.row))

    def of(self, rows: Array) -> list[str]:
        """One text a row."""
        f, texts = self._freight, [""] * len(rows)
        at = self._at[rows]
        where = np.flatnonzero(at >= 0)
        picked = at[where]
        for i, weight, laden, trailer, driver, carrier, commodity in zip(
            where.tolist(), f.weight_kg[picked].tolist(), f.laden[picked].tolist(), f.trailer[picked].tolist(),
            f.driver[picked].tolist(), f.carrier[picked].tolist(), f.commodity[picked].tolist(), strict=True,
        ):  # fmt: skip
            goods = f',"commodity":"{COMMODITIES[commodity]}"' if laden else ""
            texts[i] = (
                f',"weight_kg":{weight},"laden":{"true" if laden else "false"},"trailer":"t{trailer:08x}",'
                f'"driver":"d{driver:08x}","carrier":"c{carrier:04x}"{goods}'
            )
        return texts


def _table(path: Path, header: str, rows: list[tuple[str, str, int]] | list[tuple[int, str, float, str]]) -> None:
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="ascii")
