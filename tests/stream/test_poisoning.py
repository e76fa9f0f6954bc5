"""How much can one vehicle change what is said of the others?"""

from __future__ import annotations

import dataclasses

import numpy as np

from detectors.base import DAY_MS, HOUR_MS
from schemas.batch import CrossingBatch
from tests.stream.logs import CONFIG, border, single

# Decades that any other crossing's combined p may move: even 12 an hour of one vehicle make this quiet port carry more
# than ever, and where that is so `new_port` is not asked for a while (stream/pauses.py).
MOST = 1.5
MOST_OF_MOST = 0.05  # and 99 in 100 of them


def flood(batch: CrossingBatch, count: int, hours: int) -> CrossingBatch:
    """One vehicle that crosses at one port `count` times in some hours of the 16th day, both ways, all ids its own."""
    rng = np.random.default_rng(3)
    some = batch.take(np.full(count, 100))
    time_ms = int(batch.time_ms.min()) + 15 * DAY_MS + np.sort(rng.integers(0, hours * HOUR_MS, count))
    return dataclasses.replace(
        some,
        crossing_id=np.array([f"flood-{k}" for k in range(count)], object),
        crossing_key=rng.integers(0, 2**64, count, np.uint64),
        vehicle=np.full(count, "flood", object),
        vehicle_key=np.full(count, 12345, np.uint64),
        direction=rng.integers(0, 2, count).astype("i1"),
        time_ms=time_ms,
        local_ms=time_ms + (some.local_ms - some.time_ms),
    )


def combined(batch: CrossingBatch, names: list[str]) -> dict[str, float]:
    """log10 of every crossing's combined p."""
    pipeline = single(CONFIG, names)
    batch = batch.take(np.argsort(batch.time_ms, kind="stable"))
    parts = [part for decided in (pipeline.push(batch), pipeline.flush()) for part in decided.assessed]
    assert {} == pipeline.errors
    return {i: float(np.log10(p)) for part in parts for i, p in zip(part.batch.crossing_id, part.p_value, strict=True)}


def test_twenty_thousand_crossings_of_one_vehicle_hardly_move_the_others() -> None:
    """Four times as many as all others together, in six hours: they count like the few that may teach the peers."""
    batch, names = border()
    before = combined(batch, names)
    after = combined(CrossingBatch.concat([batch, flood(batch, 20_000, hours=6)]), names)
    moved = np.array([abs(after[crossing] - p) for crossing, p in before.items()])
    assert moved.max() < MOST
    assert np.quantile(moved, 0.99) < MOST_OF_MOST
    assert moved.max() > 0  # the flood is not simply left out
