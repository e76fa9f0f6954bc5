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
        self._handles: Array | None = None
        self._place: Array = np.empty(0, np.int64)

    def set(self, handle: int, field: str, value: Any) -> None:
        """One field of one crossing; None is absent. Raises KeyError for a field that nobody writes."""
        if field not in SETTABLE:
            raise KeyError(f"{field!r} is none of {', '.join(SETTABLE)}")
        if handle >= 0:
            self._values.setdefault(field, {})[handle] = value

    def found(self, field: str, handles: Array) -> tuple[Array, list[Any]]:
        """Where in `handles` (each at most once there) the crossings with a value for `field` stand, and the values."""
        wanted = self._values.get(field, {})
        at, kept = self._located(np.fromiter(wanted, np.int64, len(wanted)), handles)
        values = list(wanted.values())
        return at, [values[i] for i in kept.tolist()]

    def companions(self, handles: Array) -> tuple[Array, Array, Array]:
        """Of those beside another: where they stand in `handles`, where the other does, how many lanes apart."""
        table = np.array([(h, *other) for h, other in self.beside.items()], np.int64).reshape(-1, 3)
        at, kept = self._located(table[:, 0], handles)
        leader_at, again = self._located(table[kept, 1], handles)
        return at[again], leader_at, table[kept[again], 2]

    def _located(self, wanted: Array, handles: Array) -> tuple[Array, Array]:
        """Where those of the wanted that are there stand, and which of the wanted they are."""
        if not len(wanted) or not len(handles):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        if handles is not self._handles:  # asked again and again about the same ones
            self._handles = handles
            self._place = np.full(int(handles.max()) + 1, -1)
            self._place[handles] = np.arange(len(handles))
        kept = np.flatnonzero(wanted < len(self._place))
        at = self._place[wanted[kept]]
        return at[at >= 0], kept[at >= 0]
