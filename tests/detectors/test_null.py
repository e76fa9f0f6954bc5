"""On normal traffic a calibrated p below x happens in a fraction x of crossings, for every detector and the score."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from detectors.catalogue import DETECTORS
from schemas.batch import COLUMN_NAMES, TEXT_COLUMNS, Array, CrossingBatch
from schemas.ports import Ports
from stream.config import PipelineConfig
from stream.pipeline import Pipeline
from tests.detectors.bench import DAY, HOUR, MONDAY, crossings, optional_columns

VEHICLES, EACH, PORTS = 1000, 400, 4
COARSE = {"lane_switch"}  # a handful of different answers: the tail is extended from the last of them
PLACES = np.array([0, 10, 30, 60], np.int32)  # ports of the US registry, so that distances are known


def null_batch(seed: int = 11) -> CrossingBatch:
    """Stationary traffic: trips at each vehicle's own hour and of its own length, a home port, 2 % of crossings not
    read, optional fields with habitual values and lapses.

    Nobody is silent for 90 days, so that `dormant_reactivated` always says 1; its calibrated p is uniform all the same.
    """
    rng = np.random.default_rng(seed)
    hour = rng.uniform(0, 24, (VEHICLES, 1)) + rng.uniform(0.3, 3.0, (VEHICLES, 1)) * rng.normal(
        0, 1, (VEHICLES, EACH // 2)
    )
    out = MONDAY + np.arange(EACH // 2) * DAY + (hour * HOUR).astype(np.int64)
    stay = rng.lognormal(np.log(7 * HOUR), 0.4, (VEHICLES, 1)) * rng.lognormal(0.0, 0.3, (VEHICLES, EACH // 2))
    stay = np.minimum(stay, np.diff(out, axis=1, append=out[:, -1:] + DAY) - HOUR // 4)
    time_ms = np.stack([out, out + np.maximum(stay, HOUR // 4).astype(np.int64)], axis=2).reshape(VEHICLES, EACH)
    home = rng.integers(0, PORTS, (VEHICLES, 1))
    port = np.where(rng.random((VEHICLES, EACH)) < 0.95, home, rng.integers(0, PORTS, (VEHICLES, EACH)))
    direction = np.broadcast_to(np.arange(EACH) % 2, (VEHICLES, EACH))
    vehicle = np.broadcast_to(np.arange(VEHICLES)[:, None], (VEHICLES, EACH))
    read = ((rng.random((VEHICLES, EACH)) > 0.02) & (time_ms < MONDAY + 180 * DAY)).ravel()
    since = np.where(np.arange(VEHICLES) % 4 == 3, rng.integers(0, 170, VEHICLES), 0)[:, None]  # newcomers every day
    read &= (time_ms >= MONDAY + since * DAY).ravel()
    order = np.flatnonzero(read)[np.argsort(time_ms.ravel()[read], kind="stable")]
    flat = [array.ravel()[order] for array in (time_ms, vehicle, port, direction)]
    traffic = crossings(flat[0], flat[1], port=flat[2], direction=flat[3], vehicle_class=flat[1] % 2)
    n = len(order)
    keys = rng.integers(1, 2**63, n).astype(np.uint64)
    traffic = traffic.with_columns(crossing_key=keys, vehicle_key=flat[1].astype(np.uint64) + np.uint64(1))
    confidence = 1.0 - np.minimum(rng.exponential(0.04, n), 0.7)
    traffic = traffic.with_columns(**optional_columns(traffic, rng), read_confidence=confidence)
    text = {name: np.array([f"{name}{i}" for i in range(n)], object) for name in TEXT_COLUMNS}
    columns = text | traffic.columns
    return CrossingBatch(**{name: columns[name] for name in COLUMN_NAMES})


@lru_cache(maxsize=1)
def assessed() -> tuple[list[str], Array, Array]:
    """Names, calibrated p [n, D] and the score's p [n] of the last third of the log."""
    registry = Ports.builtin("us")
    batch = null_batch()
    columns = dict(batch.columns()) | {"port": PLACES[batch.port]}
    pipeline = Pipeline(PipelineConfig(shift_changes=(360, 840, 1320)), registry)
    decided = [pipeline.push(CrossingBatch(**columns)), pipeline.flush()]
    assert pipeline.errors == {}
    parts = [part for d in decided for part in d.assessed]
    last = 2 * len(batch) // 3
    p = np.concatenate([part.p for part in parts])[last:]
    return pipeline.detector_names, p, np.concatenate([part.p_value for part in parts])[last:]


def check(p: Array, x: float, most: float = 1.2, least: float = 0.8) -> None:
    """The count below x is `least` to `most` of x n, but for four standard deviations, of it and of the histogram."""
    expected = x * len(p)
    chance = 4.0 * math.sqrt(2.0 * expected)
    assert least * expected - chance <= (p < x).sum() <= most * expected + chance


@pytest.mark.parametrize("name", [d.name for d in DETECTORS])
def test_calibrated_p_keeps_its_promise(name: str) -> None:
    """Below 0.1 and 0.01 within 20 %; below 1e-3 not more than 20 % above, and not less than half.

    A cohort holds some 25,000 crossings after decay, so that 1e-3 lies where the tail is extended, with a slope
    measured on 40 answers; and `odd_hour`, whose histories still grow, says less and less there.
    """
    if name == "linked_to_seizure":
        pytest.skip("nothing is seized in null traffic, and without a seizure it is not evaluated")
    names, p, _ = assessed()
    mine = p[:, [n.partition("@")[0] for n in names].index(name)]
    mine = mine[~np.isnan(mine)]
    assert len(mine) > 2000, "the null traffic must reach every detector"
    assert ((mine > 0.0) & (mine <= 1.0)).all()
    check(mine, 1e-1)
    check(mine, 1e-2)
    check(mine, 1e-3, most=4.0 if name in COARSE else 1.2, least=0.5)


def test_the_score_keeps_its_promise() -> None:
    """The combination is as rare as its p-value says: within 20 % down to 1e-3, and to 1e-4 as far as chance tells."""
    _, _, p = assessed()
    for x in (1e-1, 1e-2, 1e-3, 1e-4):
        check(p, x)
