"""How fast is the obvious alternative? river's trees alone; and the naive shape: objects, a dict, one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from river.anomaly import HalfSpaceTrees

from schemas.batch import DIRECTIONS, LANE_TYPES, VEHICLE_CLASSES
from schemas.codec import Codec
from schemas.models import Crossing

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
Features = dict[str, float]


def ready_made(codec: Codec, blocks: list[bytes], wanted: int) -> list[Features]:
    """Features of the first `wanted` crossings, in [0, 1], as river wants them."""
    found: list[Features] = []
    for block in blocks:
        batch = codec.decode(block).batch
        columns = zip(
            ((batch.local_ms % DAY_MS) / DAY_MS).tolist(),
            ((batch.local_ms % WEEK_MS) / WEEK_MS).tolist(),
            (batch.port / 1024).tolist(),
            (batch.direction / len(DIRECTIONS)).tolist(),
            (batch.lane_type / len(LANE_TYPES)).tolist(),
            (batch.vehicle_class / len(VEHICLE_CLASSES)).tolist(),
            batch.read_confidence.tolist(),
            strict=True,
        )
        found += [{f"f{k}": value for k, value in enumerate(row)} for row in columns]
        if len(found) >= wanted:
            break
    return found[:wanted]


def river_alone(rows: list[Features]) -> float:
    """Seconds of `HalfSpaceTrees()` to score and learn every row."""
    forest: Any = HalfSpaceTrees()  # river's methods have no types
    start = time.perf_counter()
    for row in rows:
        forest.score_one(row)
        forest.learn_one(row)
    return time.perf_counter() - start


def naive(lines: list[bytes]) -> float:
    """Seconds of the naive shape: pydantic, a profile of each vehicle in a dict, river, one crossing at a time."""
    profiles: dict[str, dict[str, Any]] = {}
    forest: Any = HalfSpaceTrees()  # river's methods have no types
    start = time.perf_counter()
    for line in lines:
        row = _naive_features(Crossing.model_validate_json(line), profiles)
        forest.score_one(row)
        forest.learn_one(row)
    return time.perf_counter() - start


def _naive_features(crossing: Crossing, profiles: dict[str, dict[str, Any]]) -> Features:
    """Three questions to a vehicle's profile, which then learns."""
    vehicle = crossing.vehicle or ""
    profile = profiles.setdefault(vehicle, {"seen": 0, "hours": [0] * 24, "ports": {}, "last": crossing.occurred_at})
    hour, port = crossing.occurred_at.hour, crossing.port
    seen = profile["seen"] + 1
    gap_s = (crossing.occurred_at - profile["last"]).total_seconds()
    features = {
        "hour": 1 - profile["hours"][hour] / seen,
        "port": 1 - profile["ports"].get(port, 0) / seen,
        "gap": min(1.0, max(0.0, gap_s / 2_592_000)),
        "time": (hour * 60 + crossing.occurred_at.minute) / 1440,
    }
    profile["seen"] = seen
    profile["hours"][hour] += 1
    profile["ports"][port] = profile["ports"].get(port, 0) + 1
    profile["last"] = crossing.occurred_at
    return features


def lines_of(blocks: list[bytes], wanted: int) -> list[bytes]:
    """The first `wanted` lines."""
    return [line for _, line in zip(range(wanted), _lines(blocks), strict=False)]


def _lines(blocks: list[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield from block.splitlines()
