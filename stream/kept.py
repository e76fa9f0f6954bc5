"""What does a stage have to keep beside its table of keys? Arrays, plain values, and river's models as signed bytes.

The table is the large part and is written row by row (`stream/snapshot.py` into a folder, `stream/changelog.py` into a
topic); everything else of a stage is written whole with every checkpoint, and is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.river_adaptor import RiverAdaptor
from schemas.batch import COLUMN_NAMES, TEXT_COLUMNS, CrossingBatch, dtype_of
from stream.assessment import Assessment
from stream.feedback import Learnt
from stream.port_stage import PortStage
from stream.reorder import Reorder
from stream.shared import SharedCounts
from stream.stages import Layout, VehicleStage
from stream.watch import Saved as Watched

ABSENT = "\x01"  # stands for None among texts; the codec refuses control characters, and numpy drops NULs at the end

Arrays = dict[str, NDArray[Any]]


class Kept(NamedTuple):
    """By the name of a part: arrays, values that JSON has, and bytes that only `detectors/river_state.py` reads."""

    arrays: dict[str, Arrays]
    values: dict[str, Any]
    blobs: dict[str, bytes]

    def plus(self, other: Kept) -> Kept:
        """Both."""
        return Kept(self.arrays | other.arrays, self.values | other.values, self.blobs | other.blobs)


def shared_of(stage: VehicleStage | PortStage) -> Iterator[tuple[str, SharedCounts]]:
    """Every shared table of a stage by a name."""
    for name, tables in stage.bank.shared.items():
        for number, table in enumerate(tables):
            yield f"shared-{name}-{number}", table
    if isinstance(stage, PortStage):
        yield "shared-calibration", stage.calibrator.counts


def keep_vehicles(stage: VehicleStage) -> Kept:
    """The vehicle stage."""
    arrays = {name: table.save() for name, table in shared_of(stage)}
    clock = [stage.clock.newest, stage.clock.ahead]
    values = {"clock": clock, "vehicle_period": stage.bank.period, "duplicates": stage.duplicates}
    return Kept(arrays, values, {})


def restore_vehicles(stage: VehicleStage, kept: Kept) -> None:
    """The inverse of `keep_vehicles`."""
    for name, table in shared_of(stage):
        table.load(kept.arrays[name])
    stage.clock.newest, stage.clock.ahead = kept.values["clock"]
    stage.bank.period, stage.duplicates = kept.values["vehicle_period"], kept.values["duplicates"]


def keep_ports(stage: PortStage, layout: Layout) -> Kept:
    """The port stage, without what waits before it."""
    learnt, watched = stage.feedback.save(), stage.watch.save()
    arrays = {name: table.save() for name, table in shared_of(stage)}
    arrays |= {"feedback": learnt.arrays, "watch": watched.arrays}
    values = {
        "port_period": stage.bank.period,
        "late": stage.late,
        "feedback": learnt.values,
        "watch": watched.values,
    }
    blobs = {"feedback": learnt.model, "flow": watched.blobs[0], "drift": watched.blobs[1]}
    return Kept(arrays, values, blobs | {f"river-{d.name}": d.dump() for d in _river(layout)})


def restore_ports(stage: PortStage, layout: Layout, kept: Kept) -> None:
    """The inverse of `keep_ports`; ConfigError where a river model is none."""
    for name, table in shared_of(stage):
        table.load(kept.arrays[name])
    for detector in _river(layout):
        detector.load(kept.blobs[f"river-{detector.name}"])
    stage.calibrator.prepare_all()
    stage.bank.period, stage.late = kept.values["port_period"], kept.values["late"]
    stage.feedback.load(Learnt(dict(kept.arrays["feedback"]), kept.values["feedback"], kept.blobs["feedback"]))
    stage.use_feedback()
    blobs = (kept.blobs["flow"], kept.blobs["drift"])
    stage.watch.load(Watched(kept.arrays["watch"], kept.values["watch"], blobs))


def _river(layout: Layout) -> list[RiverAdaptor]:
    """Detectors whose models are Python objects."""
    return [d for d in layout.detectors if isinstance(d, RiverAdaptor)]


def keep_waiting(reorder: Reorder) -> Arrays:
    """The crossings that wait for the watermark, and how far the sources are."""
    rows = reorder.waiting()
    arrays: Arrays = {"newest": reorder.newest.copy()}
    return arrays | (as_arrays(rows) if rows is not None else {})


def restore_waiting(reorder: Reorder, arrays: Arrays) -> None:
    """The inverse of `keep_waiting`."""
    reorder.restore(arrays["newest"], from_arrays(arrays) if "rows.p" in arrays else None)


def as_arrays(rows: Assessment) -> Arrays:
    """Every column under a name of its own; texts as fixed-width arrays."""
    arrays: Arrays = {}
    for name, column in rows.batch.columns():
        arrays[f"batch.{name}"] = _texts(column) if name in TEXT_COLUMNS else column
    return arrays | {f"rows.{name}": getattr(rows, name) for name in Assessment._fields[1:]}


def from_arrays(arrays: Arrays) -> Assessment:
    """The inverse of `as_arrays`."""
    columns = {name: arrays[f"batch.{name}"].astype(dtype_of(name)) for name in COLUMN_NAMES}
    jurisdiction = columns["plate_jurisdiction"]
    jurisdiction[jurisdiction == ABSENT] = None
    return Assessment(CrossingBatch(**columns), *(arrays[f"rows.{name}"] for name in Assessment._fields[1:]))


def _texts(column: NDArray[Any]) -> NDArray[Any]:
    return np.array([ABSENT if text is None else text for text in column])
