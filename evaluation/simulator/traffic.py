"""What does a generated log look like on disk? Columns sorted by time, and the bytes made from them.

`Traffic.lines` writes in the order of arrival: a few records late, a few twice. Files: `crossings.jsonl`,
`labels.csv` (crossing_id, label, episode), `benign.csv` (the same, hard negatives), `episodes.csv` (strengths),
`events.csv` (what happened to ports), `outages.csv` (of readers), `roster.json` (when shifts change) and
`dispositions.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.simulator.fields import Fields
from evaluation.simulator.papers import Freight
from evaluation.simulator.plant import Episode
from evaluation.simulator.ports import Array, Places


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
    fields: Fields
    freight: Freight
    arrival: Array  # i8[m >= n]: rows in order of arrival; a duplicate is there twice
    labels: list[tuple[str, str, int]]  # (crossing_id, label, episode), in order of time
    benign: list[tuple[str, str, int]]  # (crossing_id, "benign:…", vehicle)
    episodes: list[Episode]
    shift_changes: list[str] = field(default_factory=list)  # local times of the officers, as settings take them
    events: list[tuple[str, str, str, str]] = field(default_factory=list)  # port, what, from, until
    outages: list[tuple[str, str, str, str]] = field(default_factory=list)  # port, direction, from, until
    dispositions: list[str] = field(default_factory=list)  # JSON lines, in order of time

    def __len__(self) -> int:
        return len(self.time_ms)

    def crossing_id(self, row: int) -> str:
        """The id of a row; ids rise with time."""
        return f"{self.seed:x}-{row:09d}"

    def lines(self, batch: int = 4096) -> Iterator[bytes]:
        """Blocks of `batch` JSON lines in the order of arrival."""
        from evaluation.simulator.lines import LineWriter  # noqa: PLC0415 (it writes what is defined here)

        writer = LineWriter(self)
        for start in range(0, len(self.arrival), batch):
            yield writer.lines(start, start + batch)

    def write(self, folder: Path, progress: Callable[[int], None] | None = None) -> None:
        """Writes the files into `folder` (made if absent); `progress` is called with the lines written so far."""
        folder.mkdir(parents=True, exist_ok=True)
        done = 0
        unfinished = folder / "crossings.jsonl.unfinished"
        with unfinished.open("wb") as out:
            for block in self.lines():
                out.write(block)
                done = min(done + 4096, len(self.arrival))
                if progress is not None:
                    progress(done)
        unfinished.replace(folder / "crossings.jsonl")
        _table(folder / "labels.csv", "crossing_id,label,episode", self.labels)
        _table(folder / "benign.csv", "crossing_id,label,episode", self.benign)
        _table(folder / "episodes.csv", "episode,label,strength,vehicle", [
            (e.number, e.label, e.strength, self.vehicle_names[e.vehicle]) for e in self.episodes
        ])  # fmt: skip
        _table(folder / "events.csv", "port,what,closed_from,closed_until", self.events)
        _table(folder / "outages.csv", "port,direction,down_from,down_until", self.outages)
        (folder / "roster.json").write_text(json.dumps({"shift_changes": self.shift_changes}) + "\n", encoding="ascii")
        (folder / "dispositions.jsonl").write_text("".join(f"{line}\n" for line in self.dispositions), encoding="ascii")


def _table(path: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="ascii")
