"""What are the habits of a vehicle of each kind? Hour, jitter, stay, spread of the stay and rate, each its own."""

from __future__ import annotations

import numpy as np

from evaluation.simulator.kinds import KINDS
from evaluation.simulator.ports import Array
from evaluation.simulator.world import World


def draw_habits(
    world: World, kind: Array, days: int, target: float | None, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array, Array]:
    """Hour, jitter (hours), log stay (hours), spread and rate of every vehicle; columns of `People`."""
    n = len(kind)
    normal = rng.standard_normal((5, n))
    uniform = rng.random((3, n))
    of = [kind == k for k in range(len(KINDS))]
    late = uniform[0] < 0.2  # commuters of a late start
    night = uniform[0] < world["truck_night"]
    truck_hour = np.where(night, 24 * uniform[1], 9 + 3.5 * normal[0])
    truck_jitter = np.where(night, 5.0, 0.8 + 2.5 * uniform[2])
    truck_stay = np.log(world["truck_stay_h"]) + 0.8 * normal[2]
    personal = world["jitter_h"] * np.exp(0.5 * normal[1])
    hour = np.select(of, [
        world["commuter_hour"] + world["commuter_hour_spread"] * normal[0] + 5 * late,
        world["shift_hour"] + 1.2 * normal[0], world["shopper_hour"] + 1.8 * normal[0], truck_hour,
        6 + 1.5 * normal[0], 13 + 3.6 * normal[0], world["school_hour"] + 0.3 * normal[0],
        12 + 4 * normal[0], truck_hour, 8 + 2 * normal[0],
    ])  # fmt: skip
    jitter = np.select(of, [
        personal, personal, 0.6 + 1.2 * uniform[1], truck_jitter, 0.03 + 0.15 * uniform[1], 1.5 + 3 * uniform[1],
        0.05 + 0.2 * uniform[1], 3.5 + 2 * uniform[1], truck_jitter, 0.3 + 1.5 * uniform[1],
    ])  # fmt: skip
    log_stay = np.select(of, [
        np.log(world["commuter_stay_h"]) + 0.08 * normal[2], np.log(world["shift_stay_h"]) + 0.1 * normal[2],
        np.log(world["shopper_stay_h"]) + 0.35 * normal[2], truck_stay, np.log(1.0 + 1.5 * uniform[2]),
        np.log(world["occasional_stay_h"]) + 1.3 * normal[2], np.log(0.45 + 0.4 * uniform[2]),
        np.log(30.0) + 0.5 * normal[2], truck_stay, np.log(34.0) + 0.8 * normal[2],
    ])  # fmt: skip
    spread = np.select(of, [
        0.05 + 0.15 * uniform[1], 0.03 + 0.1 * uniform[1], 0.2 + 0.35 * uniform[2], 0.15 + 0.5 * uniform[2],
        0.04 + 0.08 * uniform[1], world["occasional_spread"] * np.exp(0.3 * normal[3]), 0.1 + 0.2 * uniform[2],
        1.0 + 0.4 * uniform[2], 0.15 + 0.5 * uniform[2], 0.15 + 0.4 * uniform[2],
    ])  # fmt: skip
    return hour, jitter, log_stay, spread, _rates(world, of, days, target, normal[4])


def _rates(world: World, of: list[Array], days: int, target: float | None, normal: Array) -> Array:
    quarter = world["occasional_quarter"]
    if target is not None:
        quarter = min(quarter, max(0.2, target * 90 / days / 3))
    truck = world["truck_week"] / 7 * np.exp(0.6 * normal)
    return np.select(of, [
        np.clip(world["attendance"] + 0.08 * normal, 0.3, 0.99),
        np.clip(world["attendance"] + 0.06 * normal, 0.3, 0.99),
        np.clip(world["shopper_week"] + 0.2 * normal, 0.08, 0.98), truck, np.clip(0.9 + 0.05 * normal, 0.6, 1.0),
        quarter / 90 * np.exp(0.9 * normal), np.clip(0.86 + 0.06 * normal, 0.5, 0.99), 6 / 90 * np.exp(0.4 * normal),
        truck, 0.8 / 7 * np.exp(0.4 * normal),
    ])  # fmt: skip
