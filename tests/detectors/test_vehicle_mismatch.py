"""Another vehicle under a known plate is odd; a camera that confuses colours is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detectors.vehicle_mismatch import VehicleMismatch
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

N = 80
VEHICLES = 200
BAD_LANE = 77


def reads(vehicle: int, n: int = N, *, start_h: int = 0, seed: int = 0, error: float = 0.01, **columns: Any) -> Traffic:
    """A read every 18 hours: make, model and colour of its own, the colour wrong in a share `error` of them."""
    rng = np.random.default_rng(seed)
    times = MONDAY + (start_h + 18 * np.arange(n)) * HOUR
    colour = np.where(rng.random(n) < error, rng.integers(1, 12, n), 1 + vehicle % 11)
    own = {"make": 1 + vehicle % 20, "model": 1 + vehicle % 90, "colour": colour}
    return crossings(times, vehicle, **(own | columns))


def population(seed: int = 3) -> Traffic:
    """Most are read well, one in ten has a colour read either way; lane 77 mistakes a third of all colours."""
    rng = np.random.default_rng(seed)
    whole = None
    for v in range(1, VEHICLES + 1):
        lane = np.where(rng.random(N) < 0.05, BAD_LANE, rng.integers(1, 9, N))
        colour = np.full(N, 1 + v % 11)
        wrong = rng.random(N) < np.where(lane == BAD_LANE, 0.35, 0.5 if v % 10 == 0 else 0.01)
        colour[wrong] = rng.integers(20, 24, wrong.sum()) if v % 10 else 30
        model = np.where(rng.random(N) < 0.003, 200, 1 + v % 90)
        part = reads(v, start_h=v % 18, lane_key=lane, colour=colour, model=model)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def after_all(n: int = 60, **columns: Any) -> Traffic:
    """Vehicle 0 after the population, well read, and its last read with these columns."""
    history = reads(0, n, start_h=18 * N, error=0.0, lane_key=3)
    last = reads(0, 1, start_h=18 * (N + n), error=0.0, **({"lane_key": 3} | columns))
    return history.then(last)


def trained() -> Bench:
    """A detector that has seen the population."""
    bench = Bench(VehicleMismatch())
    bench.run(population())
    return bench


def test_a_plate_on_another_vehicle_is_odd() -> None:
    """Make, model and colour at once: readers hardly ever err like that."""
    p, finding = explained(trained(), after_all(make=99, model=98, colour=97))
    assert p < 1e-3
    assert finding.sentence.startswith("Make, model and colour differ from what this plate was usually read with;")
    assert finding.without == "with the make, model and colour it usually has"
    p, finding = explained(trained(), after_all())
    assert p == 1.0
    assert finding.without is None


def test_a_wrong_colour_is_less_than_another_vehicle() -> None:
    """And less still at the lane that mistakes colours, or if the plate itself was hardly legible."""
    p = [
        explained(trained(), after_all(**columns))[0]
        for columns in (
            {"colour": 97, "make": 99, "model": 98},
            {"colour": 97},
            {"colour": 97, "lane_key": BAD_LANE},
        )
    ]
    assert p[0] < 0.2 * p[1]
    assert p[1] < 0.05
    assert p[2] > 3.0 * p[1]
    doubtful = explained(trained(), after_all(make=99, model=98, colour=97, read_confidence=0.4))[0]
    assert doubtful > 0.01


@pytest.mark.parametrize("seed", [1, 2])
def test_a_car_that_is_read_in_two_colours_stays_quiet(seed: int) -> None:
    """Its own rate of differences is high, and so is that of its like."""
    either = np.random.default_rng(seed).integers(40, 42, 60)
    p = trained().run(reads(0, 60, start_h=18 * N, colour=either, lane_key=3)).p
    assert (p[10:] > 0.05).all()


def test_a_new_coat_of_paint_is_learnt_within_a_few_crossings() -> None:
    """Six reads outvote any history."""
    p = trained().run(after_all().then(reads(0, 12, start_h=18 * (N + 70), colour=55, lane_key=3))).p[-12:]
    assert p[0] < 0.05
    assert (p[7:] == 1.0).all()


def test_p_is_valid_over_all_readers_and_cars() -> None:
    """Of all crossings no more than x have p below x."""
    traffic = population(5)
    p = Bench(VehicleMismatch()).run(traffic).p
    late = p[(traffic.columns["time_ms"] > MONDAY + 20 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01):
        assert (late <= x).mean() <= 1.25 * x
    assert (late <= 0.03).mean() > 0.003
