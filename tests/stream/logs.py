"""Which logs do the pipeline's tests run on? Generated traffic, decoded once, with lateness as asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
def border_lines(seed: int = 5, days: int = 30, vehicles: int = 1200, ports: int = 6) -> list[bytes]:
    """The log as its lines."""
    traffic = generate(seed=seed, days=days, vehicles=vehicles, ports=ports, planted_rate=0.05)
    return b"".join(traffic.lines()).splitlines()


@lru_cache(maxsize=4)
def late_lines() -> tuple[bytes, ...]:
    """The log with one record in twenty up to two hours late, and one in fifty sent twice."""
    lines, rng = border_lines(), np.random.default_rng(11)
    at = border()[0].time_ms + np.where(rng.random(len(lines)) < 0.05, rng.integers(0, 7_200_000, len(lines)), 0)
    order = np.argsort(at, kind="stable")
    return tuple(lines[i] for k, i in enumerate(order.tolist()) for _ in range(1 + (k % 50 == 0)))


def lines_of(batch: CrossingBatch, log: Sequence[bytes]) -> list[bytes]:
    """The lines of a batch that was cut from a log."""
    by_id = {json.loads(line)["crossing_id"]: line for line in log}
    return [by_id[crossing] for crossing in batch.crossing_id]


def decoded(lines: Sequence[bytes], names: list[str]) -> CrossingBatch:
    """The batch of some lines, the ports numbered as in `names`."""
    return Codec(registry(names), Pseudonymiser(b"k" * 32)).decode(b"\n".join(lines)).batch


@lru_cache(maxsize=4)
def border(seed: int = 5, days: int = 30, vehicles: int = 1200, ports: int = 6) -> tuple[CrossingBatch, list[str]]:
    """A log in its order of arrival, duplicates and late records included, and its ports in order of appearance."""
    registry = Ports.open(default_time_zone="America/Chicago")
    codec = Codec(registry, Pseudonymiser(b"k" * 32))
    batch = codec.decode(b"\n".join(border_lines(seed, days, vehicles, ports))).batch
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
