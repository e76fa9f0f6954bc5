"""How does a topic come to hold the state of a million vehicles? The worker's own classes write it, without a log.

For each partition: a fresh vehicle stage, some crossings of each of its vehicles, and a checkpoint by the worker's own
publisher. What a worker restores from it is what a worker wrote.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.memory import crossings
from detectors.base import DAY_MS, HOUR_MS
from ops import wiring_kafka
from ops.metrics_worker import WorkerFigures
from ops.settings import Settings
from schemas.batch import CrossingBatch, dtype_of
from stream.vehicle_partition import VehiclePartition

BATCH = 4_096
START_MS = 1_767_571_200_000  # 2026-01-05


def write(values: dict[str, Any], vehicles: int, visits: int, ports: int) -> dict[str, int]:
    """Write the state of so many vehicles into the topics that the settings `values` name; bytes of a row."""
    settings = Settings(**values)
    run = wiring_kafka.build_worker(settings, print, WorkerFigures(settings))
    worker, tenants = run.worker, run.worker.tenants
    partitions = len(tenants.vehicle_board.closed)
    size = 0
    for number in range(partitions):
        tenants.settle({number}, set())
        home = tenants.vehicles[number]
        fill(home.partition, np.arange(number, vehicles, partitions), visits, ports)
        home.changed, size = True, home.partition.stage.table.dtype.itemsize
        tenants.save_all()
        if worker.publisher.failed is not None:
            raise RuntimeError(f"the state of partition {number} could not be written: {worker.publisher.failed}")
    run.close()
    return {"row": size}


def fill(partition: VehiclePartition, who: Any, visits: int, ports: int) -> None:
    """`visits` crossings of each of the vehicles `who`, which are numbers."""
    for visit in range(visits):
        for first in range(0, len(who), BATCH):
            partition.stage.push(visited(who[first : first + BATCH], visit, ports), ports)
    partition.passed.reached_ms = partition.stage.clock.newest


def visited(who: Any, visit: int, ports: int) -> CrossingBatch:
    """One crossing of each vehicle: all within an hour, the next visit some days later, in and out in turn.

    Every field of a passenger car is there, since what is absent would compress to nothing.
    """
    n = len(who)
    rng = np.random.default_rng(visit)
    batch = crossings(who, n, later_ms=visit)
    key = batch.vehicle_key
    ms_of_day = (key % np.uint64(HOUR_MS)).astype(np.int64)
    time_ms = np.sort(START_MS + visit * (visit + 5) // 2 * DAY_MS + ms_of_day)
    columns: dict[str, Any] = {
        "time_ms": time_ms,
        "local_ms": time_ms,
        "direction": (who + visit) % 2,
        "port": (who * 7 + visit * (who % 3)) % ports,
        "crossing_key": key ^ np.uint64(2 * visit + 1),
        "lane_key": rng.integers(1, 20, n),
        "read_confidence": rng.uniform(0.8, 1.0, n),
        "occupants": rng.integers(1, 6, n),
        "driver": key >> rng.integers(1, 4, n).astype(np.uint64),
        "make": key % np.uint64(40) + np.uint64(1),
        "model": key % np.uint64(400) + np.uint64(1),
        "colour": key % np.uint64(12) + np.uint64(1),
        "registered_on": who % 9_000,
        "officer": rng.integers(1, 500, n),
        "wait_s": rng.uniform(0, 3_600, n),
        "inspection_s": rng.uniform(10, 90, n),
    }
    return replace(batch, **{name: np.asarray(column).astype(dtype_of(name)) for name, column in columns.items()})
