"""Which ports report which optional fields? Drawn per port and group, so that detectors meet ports that do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.simulator.ports import Array
from evaluation.simulator.world import World

GROUPS = {
    "camera": ("model", "colour"),
    "registry": ("registered_on", "owner_changed_on", "rental"),
    "people": ("driver", "occupants"),
    "scale": ("weight_kg",),
    "papers": ("laden", "trailer", "carrier", "shipper", "consignee", "commodity", "declared_value"),
    "booth": ("officer",),
    "clock": ("wait_s", "inspection_s"),
    "prequeue": ("prequeue_lane",),
}
INBOUND_ONLY = ("booth", "clock", "prequeue")  # who leaves meets no booth
_GROUP_OF = {field: group for group, names in GROUPS.items() for field in names}


@dataclass(frozen=True, slots=True)
class Reported:
    """By group of fields: which ports report it, for each direction (inbound, outbound)."""

    groups: dict[str, Array]  # bool[P, 2]

    def provides(self, field: str, port: int, direction: int = 0) -> bool:
        """Whether crossings of this port and direction carry the field; lane, class and confidence always are there."""
        return field not in _GROUP_OF or bool(self.groups[_GROUP_OF[field]][port, direction])

    def mask(self, field: str, port: Array, direction: Array) -> Array:
        """The same for many crossings."""
        found: Array = self.groups[_GROUP_OF[field]][port, direction]
        return found


def draw_reported(world: World, ports: int, rng: np.random.Generator) -> Reported:
    """Most ports report most groups; people are asked for on the way out at some ports only."""
    groups = {}
    for group in GROUPS:
        inbound = rng.random(ports) < world["reported"]
        outbound = inbound & (group not in INBOUND_ONLY)
        if group == "people":
            outbound &= rng.random(ports) < 0.6
        groups[group] = np.stack([inbound, outbound], axis=1)
    return Reported(groups)
