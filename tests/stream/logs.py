"""Which logs do the pipeline's tests run on? Generated traffic, decoded once, with lateness as asked."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from evaluation.simulator import generate
from schemas.batch import CrossingBatch
from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.assessment import Assessed
from stream.config import PipelineConfig
from stream.pipeline import Decided, Pipeline

CONFIG = PipelineConfig(floor_p=2e-2)


@lru_cache(maxsize=4)
def border(seed: int = 5, days: int = 30, vehicles: int = 1200, ports: int = 6) -> tuple[CrossingBatch, list[str]]:
    """A log in its order of arrival, duplicates and late records included, and its ports in order of appearance."""
    registry = Ports.open(default_time_zone="America/Chicago")
    codec = Codec(registry, Pseudonymiser(b"k" * 32))
    traffic = generate(seed=seed, days=days, vehicles=vehicles, ports=ports, planted_rate=0.05)
    batch = CrossingBatch.concat([codec.decode(block).batch for block in traffic.lines()])
    return batch, registry.names


def shuffled(batch: CrossingBatch, within_ms: int, seed: int = 0) -> CrossingBatch:
    """The same crossings in an order of arrival in which none is later than `within_ms`."""
    noise = np.random.default_rng(seed).integers(0, within_ms, len(batch))
    return batch.take(np.argsort(batch.time_ms + noise, kind="stable"))


def registry(names: list[str]) -> Ports:
    """An open registry in which the ports have the numbers that the batch was decoded with."""
    ports = Ports.open(default_time_zone="America/Chicago")
    for name in names:
        ports.code_of(name)
    return ports


def single(config: PipelineConfig, names: list[str]) -> Pipeline:
    """A pipeline for a batch decoded with these ports."""
    return Pipeline(config, registry(names))


def lines(decided: list[Decided]) -> list[bytes]:
    """All that was decided, as bytes: alerts, notices and control in their order, then every crossing's columns."""
    said = [part.alerts for part in decided] + [part.notices for part in decided] + [part.control for part in decided]
    alerts = [one.to_json() for part in said for one in part]
    rows = [a for part in decided for a in part.assessed]
    columns = [np.concatenate([getattr(a, name) for a in rows]).tobytes() for name in Assessed._fields[1:]]
    ids = "\n".join(i for a in rows for i in a.batch.crossing_id).encode()
    return [*alerts, ids, *columns]
