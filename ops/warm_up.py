"""How is everything compiled before it matters? A few made-up crossings with every field through a pipeline of its own.

Compiled code is loaded, or on the first run of a machine made, when it is first used: seconds to a minute in which a
worker would have partitions and decide nothing. The crossings touch no state, port or topic of the worker.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ops import wiring
from schemas.plates import Pseudonymiser
from stream.state import StateTable

if TYPE_CHECKING:
    from ops.settings import Settings

FIELDS = {
    "schema": "crossing/1", "lane": "1", "vehicle_class": "truck", "lane_type": "commercial", "read_confidence": 0.9,
    "occupants": 1, "driver": "d", "make": "m", "model": "m", "colour": "c", "registered_on": "2020-01-01",
    "owner_changed_on": "2020-01-01", "rental": False, "weight_kg": 9000.0, "laden": True, "trailer": "t",
    "carrier": "a", "shipper": "b", "consignee": "c", "commodity": "8703", "declared_value": 1.0, "officer": "o",
    "wait_s": 60.0, "inspection_s": 30.0, "prequeue_lane": "2",
}  # fmt: skip
# the first of two vehicles every two days, in one hour; then each of another; one comes alone
OFTEN, CROSSINGS = 12, 25


def lines() -> bytes:
    """The crossings, one a line."""
    made = []
    for k in range(CROSSINGS):
        at = f"2026-01-{k // 2 * 2 + 1:02d}T10:{k % 2:02d}:00Z"
        own = {
            "crossing_id": f"w{k}",
            "occurred_at": at,
            "port": f"p{k % 3}",
            "vehicle": f"v{k % 2 if k < OFTEN else k}",
        }
        made.append(FIELDS | own | {"direction": "inbound" if k % 4 < 2 else "outbound"})
    return b"\n".join(json.dumps(one).encode() for one in made)


def warm_up(settings: Settings) -> None:
    """Load or compile every detector of these settings, and the table that finds their rows."""
    table = StateTable([("row", "u8")], capacity=2, forget_after_ms=1)
    for key in (1, 2, 3):  # new, grown, full
        table.slots_of(np.array([key], np.uint64), 0)
    own = settings.model_copy(update={"ports": "open", "max_vehicles": 1_000})
    ports = wiring.build_ports(own)
    codec = wiring.build_codec(own, ports, Pseudonymiser(bytes(32)))  # no plate is among them
    decoded = codec.decode(lines())
    assert not decoded.rejects, decoded.rejects
    pipeline = wiring.build_pipeline(own, ports)
    # columns of one crossing are another type to the compiler than columns of several: the hours hold one or two
    pipeline.reorder.take(pipeline.vehicles.push(decoded.batch, len(ports)))
    ordered = pipeline.reorder.flush()
    assert ordered is not None
    for verdicts in pipeline.at_ports.push(ordered, len(ports)):
        answered = np.array(~np.isnan(verdicts.assessed.p).all(axis=1))  # as if these alerted: that needs code too
        list(pipeline.notices.integrity(verdicts))
        pipeline.builder.alerts(verdicts._replace(assessed=verdicts.assessed._replace(alerted=answered)))


if __name__ == "__main__":  # `make compiled`
    from ops.configure import load

    warm_up(load().settings)
