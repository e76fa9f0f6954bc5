"""What is a batch of crossings? A struct of numpy arrays, one entry a crossing.

Everything downstream works on these columns; a poll of one crossing and a file block of 4,096 are the same
thing. Text that only an alert needs (`crossing_id`, `vehicle`, `lane`, `plate_jurisdiction`) is kept as object
arrays of `str`; a detector can read the numeric columns only (`DETECTOR_COLUMNS`), so what must never be an
input, such as the plate's jurisdiction, cannot become one by accident.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DIRECTIONS = ("inbound", "outbound")
LANE_TYPES = ("general", "ready", "trusted", "commercial", "commercial_trusted", "bus")
VEHICLE_CLASSES = ("passenger", "motorcycle", "bus", "truck", "tractor_trailer", "other")
COHORTS = len(VEHICLE_CLASSES) * len(LANE_TYPES)  # cohort = vehicle_class * len(LANE_TYPES) + lane_type

NO_DAY = np.iinfo(np.int32).min  # a missing date

# name -> (dtype, value where the field is absent; None where it is required)
TEXT_COLUMNS = ("crossing_id", "vehicle", "lane", "plate_jurisdiction")
DETECTOR_COLUMNS: dict[str, tuple[str, Any]] = {
    "time_ms": ("i8", None),  # UTC, ms since 1970
    "local_ms": ("i8", None),  # the port's wall clock as if it were UTC, ms since 1970
    "port": ("i4", None),  # code in the Ports registry
    "direction": ("i1", None),  # index in DIRECTIONS
    "vehicle_key": ("u8", None),  # 64-bit hash of the pseudonym
    "crossing_key": ("u8", None),  # 64-bit hash of crossing_id
    "lane_key": ("u8", None),
    "lane_type": ("i1", 0),  # index in LANE_TYPES
    "vehicle_class": ("i1", 0),  # index in VEHICLE_CLASSES
    "read_confidence": ("f4", 1.0),
    "occupants": ("i2", -1),
    "driver": ("u8", 0),  # 64-bit hashes; 0 = absent
    "make": ("u8", 0),
    "model": ("u8", 0),
    "colour": ("u8", 0),
    "registered_on": ("i4", NO_DAY),  # days since 1970
    "owner_changed_on": ("i4", NO_DAY),
    "rental": ("i1", -1),
    "weight_kg": ("f4", np.nan),
    "laden": ("i1", -1),
    "trailer": ("u8", 0),
    "carrier": ("u8", 0),
    "shipper": ("u8", 0),
    "consignee": ("u8", 0),
    "commodity": ("u8", 0),
    "declared_value": ("f8", np.nan),
    "officer": ("u8", 0),
    "wait_s": ("f4", np.nan),
    "inspection_s": ("f4", np.nan),
    "prequeue_lane": ("u8", 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class CrossingBatch:
    """Columns of equal length, in the order of arrival; names and dtypes are those of the tables above."""

    crossing_id: Array
    vehicle: Array
    lane: Array
    plate_jurisdiction: Array  # for the audit only; None where absent
    time_ms: Array
    local_ms: Array
    port: Array
    direction: Array
    vehicle_key: Array
    crossing_key: Array
    lane_key: Array
    lane_type: Array
    vehicle_class: Array
    read_confidence: Array
    occupants: Array
    driver: Array
    make: Array
    model: Array
    colour: Array
    registered_on: Array
    owner_changed_on: Array
    rental: Array
    weight_kg: Array
    laden: Array
    trailer: Array
    carrier: Array
    shipper: Array
    consignee: Array
    commodity: Array
    declared_value: Array
    officer: Array
    wait_s: Array
    inspection_s: Array
    prequeue_lane: Array

    def __len__(self) -> int:
        return len(self.time_ms)

    def columns(self) -> Iterator[tuple[str, Array]]:
        """Name and array of every column, in the order of the tables."""
        for name in COLUMN_NAMES:
            yield name, getattr(self, name)

    def take(self, index: Array | slice) -> CrossingBatch:
        """The crossings at `index` (integers, a mask or a slice), in that order."""
        time_ms = self.time_ms[index]
        return CrossingBatch(
            *(
                absent(name, len(time_ms)) if column.base is _ABSENT.get(name, self) else column[index]
                for name, column in self.columns()
            )
        )

    @classmethod
    def concat(cls, batches: Sequence[CrossingBatch]) -> CrossingBatch:
        """The crossings of all batches, one after the other; empty for none."""
        if len(batches) == 1:
            return batches[0]
        if not batches:
            return cls.empty()
        return cls(*(_joined(name, [getattr(b, name) for b in batches]) for name in COLUMN_NAMES))

    @classmethod
    def empty(cls) -> CrossingBatch:
        """No crossings, with the right dtypes."""
        return cls(*(np.empty(0, dtype_of(name)) for name in COLUMN_NAMES))


COLUMN_NAMES = tuple(f.name for f in fields(CrossingBatch))


def dtype_of(name: str) -> np.dtype[Any]:
    """The dtype of a column; object for text."""
    return np.dtype(object if name in TEXT_COLUMNS else DETECTOR_COLUMNS[name][0])


OPTIONAL_FIELDS = tuple(DETECTOR_COLUMNS)[list(DETECTOR_COLUMNS).index("occupants") :]

# One array for each optional column: where no crossing of a batch carries the field, the column is a view of it, and
# neither `take` nor `concat` copies anything. It makes up a third of the columns of ordinary traffic. It is not marked
# read-only, since each mix of such columns and others would then be a type of its own to the compiled detectors; that
# none of them writes into its inputs is a test (tests/detectors/test_contract.py).
_ABSENT = {name: np.full(65_536, DETECTOR_COLUMNS[name][1], dtype_of(name)) for name in OPTIONAL_FIELDS}


def absent(name: str, n: int) -> Array:
    """A column of `n` crossings none of which carries the optional field `name`."""
    shared = _ABSENT[name]
    return shared[:n] if n <= len(shared) else np.full(n, shared[0], shared.dtype)


def carried(name: str, column: Array) -> bool:
    """Whether some crossing may carry the field: False for a column made by `absent`, or cut from one."""
    return column.base is not _ABSENT.get(name, column)


def _joined(name: str, columns: Sequence[Array]) -> Array:
    shared = _ABSENT.get(name)
    if shared is not None and all(column.base is shared for column in columns):
        return absent(name, sum(map(len, columns)))
    return np.concatenate(columns)
