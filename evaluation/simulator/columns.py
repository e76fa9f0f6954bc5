"""What is written about each crossing? Lane, freight, order of arrival: from rows to the columns of a log."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from evaluation.simulator.people import TRUCKER, People, World
from evaluation.simulator.plant import Episode
from evaluation.simulator.ports import Array, Places
from evaluation.simulator.stories import LABELS
from evaluation.simulator.traffic import COMMODITIES, Freight, Traffic
from evaluation.simulator.trips import BENIGN, Rows

_LANE_LETTERS = ("G", "R", "T", "C", "F", "B")  # general, ready, trusted, commercial, commercial trusted, bus


def to_traffic(
    seed: int, world: World, people: People, places: Places, rows: Rows, confidence: Array, episodes: list[Episode],
    rng: np.random.Generator,
) -> Traffic:  # fmt: skip
    """Sorts by time and draws what the reader, the lane and the truck's papers say."""
    order = np.lexsort((rows.vehicle, rows.time_ms))
    rows, confidence = rows.take(order), confidence[order]
    lane_type = _lane_types(people, rows, rng)
    lane, lane_names = _lanes(places, rows, lane_type, rng)
    ids = [f"{seed:x}-{row:09d}" for row in np.flatnonzero(rows.label >= 0)]
    marked = np.flatnonzero(rows.label >= 0)
    innocent = np.flatnonzero((rows.label < 0) & (rows.note > 0))
    return Traffic(
        seed=seed,
        places=places,
        vehicle_names=[_name(seed, v) for v in range(len(people.kind))],
        lane_names=lane_names,
        time_ms=rows.time_ms,
        vehicle=rows.vehicle,
        port=rows.port,
        direction=rows.direction,
        lane=lane,
        lane_type=lane_type,
        vehicle_class=people.vehicle_class[rows.vehicle],
        confidence=confidence,
        freight=_freight(people, rows, rng),
        arrival=_arrival(world, rows.time_ms, rng),
        labels=[(i, LABELS[rows.label[row]], int(rows.episode[row])) for i, row in zip(ids, marked, strict=True)],
        benign=[
            (f"{seed:x}-{row:09d}", "benign:" + BENIGN[rows.note[row]], int(rows.vehicle[row])) for row in innocent
        ],
        episodes=episodes,
    )


def _name(seed: int, vehicle: int) -> str:
    return blake2b(f"{seed}/{vehicle}".encode(), digest_size=16).hexdigest()


def _lane_types(people: People, rows: Rows, rng: np.random.Generator) -> Array:
    """Trusted vehicles mostly use their lanes; ready lanes are taken inbound by some."""
    kind, trusted = people.vehicle_class[rows.vehicle], people.trusted[rows.vehicle]
    draw = rng.random(len(rows.vehicle))
    ready = (rng.random(len(people.kind)) < 0.35)[rows.vehicle] & (rows.direction == 0) & (draw < 0.9)
    car = np.where(trusted & (draw < 0.96), 2, np.where(ready, 1, 0))
    truck = np.where(trusted & (draw < 0.98), 4, 3)
    return np.where(np.isin(kind, (3, 4)), truck, np.where(kind == 2, 5, car)).astype(np.int8)


def _lanes(places: Places, rows: Rows, lane_type: Array, rng: np.random.Generator) -> tuple[Array, list[str]]:
    """A lane of the right type, any of those the port has; more lanes at busier ports."""
    cars = np.clip(np.ceil(np.sqrt(places.volume[0] / places.volume[0].max()) * 20), 1, 20)
    share = np.array([0.5, 0.3, 0.2, 0.4, 0.2, 0.05])
    count = np.maximum(1, np.ceil(cars[:, None] * share))  # [P, lane types]
    pick = np.where(np.isnan(rows.lane), rng.random(len(rows.vehicle)), rows.lane)
    number = np.minimum(np.floor(pick * count[rows.port, lane_type]), 19).astype(np.int16)
    names = [f"{letter}{n + 1:02d}" for letter in _LANE_LETTERS for n in range(20)]
    return (lane_type.astype(np.int16) * 20 + number).astype(np.int16), names


def _freight(people: People, rows: Rows, rng: np.random.Generator) -> Freight:
    """Weight around the truck's own empty and laden weights; mostly its own trailer and driver; its carrier's goods."""
    row = np.flatnonzero(people.kind[rows.vehicle] == TRUCKER)
    truck, n, total = rows.vehicle[row], len(row), len(people.kind)
    empty = rng.normal(14_500, 1_200, total).clip(8_000, 20_000)
    cargo = rng.normal(14_000, 4_000, total).clip(1_500, 24_000)
    loaded = rng.beta(2, 1.2, (2, total))  # by direction
    laden = rng.random(n) < loaded[rows.direction[row], truck]
    habit = rng.uniform(0.02, 0.15, total)
    weight = empty[truck] * rng.normal(1, 0.01, n) + laden * cargo[truck] * np.exp(
        habit[truck] * rng.standard_normal(n)
    )
    carrier = rng.integers(0, max(2, total // 40) % 65_000, total)
    goods = rng.integers(0, len(COMMODITIES), (total, 2))
    swap = rng.random((3, n)) < np.array([[0.12], [0.06], [0.1]])
    trailer = np.where(swap[0], rng.integers(0, total, n), truck)
    driver = np.where(swap[1], rng.integers(0, total, n), truck)
    commodity = np.where(swap[2], rng.integers(0, len(COMMODITIES), n), goods[truck, rows.direction[row]])
    return Freight(
        row, np.rint(weight * rows.weight[row] / 10).astype(np.int32) * 10, laden, trailer.astype(np.int32),
        driver.astype(np.int32), carrier[truck].astype(np.int32), commodity.astype(np.int8),
    )  # fmt: skip


def _arrival(world: World, time_ms: Array, rng: np.random.Generator) -> Array:
    """The order of arrival: a few are late by less than 250 ms, very few by up to ten minutes, a few come twice."""
    n = len(time_ms)
    draw = rng.random(n)
    delay = np.where(draw < world["late"], rng.integers(1, 250, n), 0)
    delay = np.where(
        draw > 1 - world["very_late"], np.exp(rng.uniform(np.log(300), np.log(600_000), n)).astype(np.int64), delay
    )
    twice = np.flatnonzero(rng.random(n) < world["duplicate"])
    arrives = np.concatenate([time_ms + delay, time_ms[twice] + delay[twice] + rng.integers(0, 5_000, len(twice))])
    row = np.concatenate([np.arange(n), twice])
    return row[np.lexsort((row, arrives))]
