"""How does a story say what the papers, the camera or the officer's screen show at one crossing?

It sets fields of single crossings by their handle: the row of an ordinary crossing, or what `Ground.add` returned. All
other fields are drawn from the lives of the vehicles; what is set here is put over them at the end, where the port
reports the field at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evaluation.simulator.ports import Array

# Columns of fields.Fields; lane, class and confidence of the read; `weight` is a factor on the weight of a truck.
SETTABLE = (
    "occupants", "driver", "model", "colour", "registered_on", "owner_changed_on", "rental", "weight_kg", "laden",
    "trailer", "carrier", "shipper", "consignee", "commodity", "declared_value", "officer", "wait_s", "inspection_s",
    "prequeue_lane", "lane", "lane_type", "vehicle_class", "confidence", "weight",
)  # fmt: skip


class Overrides:
    """Values by field and handle; a later value replaces an earlier one."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, Any]] = {}
        self.beside: dict[int, tuple[int, int]] = {}  # handle -> (handle of the leader, lanes apart)

    def set(self, handle: int, field: str, value: Any) -> None:
        """One field of one crossing; None is absent. Raises KeyError for a field that nobody writes."""
        if field not in SETTABLE:
            raise KeyError(f"{field!r} is none of {', '.join(SETTABLE)}")
        if handle >= 0:
            self._values.setdefault(field, {})[handle] = value

    def found(self, field: str, handles: Array) -> tuple[Array, list[Any]]:
        """Where in `handles` (each at most once there) the crossings with a value for `field` stand, and the values."""
        wanted = self._values.get(field, {})
        return _found(np.fromiter(wanted, np.int64, len(wanted)), list(wanted.values()), handles)

    def companions(self, handles: Array) -> tuple[Array, Array, Array]:
        """Of those beside another: where they stand in `handles`, where the other does, how many lanes apart."""
        pairs = [(h, leader, apart) for h, (leader, apart) in self.beside.items()]
        table = np.array(pairs, np.int64).reshape(-1, 3)
        at, kept = _found(table[:, 0], list(range(len(table))), handles)
        leader_at, again = _found(table[kept, 1], list(range(len(kept))), handles)
        return at[again], leader_at, table[kept, 2][again]


def _found(wanted: Array, values: list[Any], handles: Array) -> tuple[Array, list[Any]]:
    if not len(wanted) or not len(handles):
        return np.empty(0, np.int64), []
    order = np.argsort(handles, kind="stable")
    at = np.minimum(np.searchsorted(handles[order], wanted), len(order) - 1)
    there = np.flatnonzero(handles[order][at] == wanted)
    return order[at[there]], [values[i] for i in there]
