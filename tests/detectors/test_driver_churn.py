"""A driver is new for a vehicle that keeps to its own; odder still is one who comes with ever new vehicles."""

from __future__ import annotations

import numpy as np

from detectors.driver_churn import KNOWN, DriverChurn
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

N = 80
VEHICLES = 200


def trips(driver: np.ndarray, vehicle: int = 0, start_h: int = 0) -> Traffic:
    """A crossing every 18 hours, with these drivers."""
    times = MONDAY + (start_h + 18 * np.arange(len(driver))) * HOUR
    return crossings(times, vehicle, driver=driver + 1)


def population(seed: int = 3) -> Traffic:
    """Cars lent to somebody once in fifty crossings, and shuttles with any of sixty drivers."""
    rng = np.random.default_rng(seed)
    parts = []
    for v in range(1, VEHICLES + 1):
        shuttle = v % 4 == 0
        other = rng.integers(0, 60, N) if shuttle else rng.integers(10_000, 90_000, N)
        driver = np.where(rng.random(N) < (0.95 if shuttle else 0.02), other, 1000 + v)
        parts.append(trips(driver, v, start_h=v % 18))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def test_a_new_driver_is_odd_for_a_car_that_has_one() -> None:
    """With how seldom cars like it change; with the known one it would be none."""
    bench = Bench(DriverChurn())
    bench.run(population())
    steady = trips(np.append(np.full(60, 507), 508), 0, start_h=18 * N)
    p, finding = explained(bench, steady)
    assert p < 0.04
    assert finding.sentence.startswith("First time with this driver: it always had the same one, and vehicles")
    assert "other vehicle" not in finding.sentence
    assert finding.without == "with a driver it had before"
    assert explained(Bench(DriverChurn()), steady.take(slice(0, 60)))[0] == 1.0


def test_a_driver_with_ever_new_vehicles_is_odder() -> None:
    """The same new driver, after coming with eight other cars within days, two hours after the last."""
    bench, other = Bench(DriverChurn()), Bench(DriverChurn())
    for b in (bench, other):
        b.run(population().then(trips(np.full(60, 507), 0, start_h=18 * N)))
    start = 18 * (N + 62)
    hopping = [crossings([MONDAY + (start + k) * HOUR], 201 + k, driver=509) for k in range(8)]
    whole = hopping[0]
    for one in hopping[1:]:
        whole = whole.then(one)
    last = crossings([MONDAY + (start + 12) * HOUR], 0, driver=509)
    p, finding = explained(bench, whole.then(last))
    alone, _ = explained(other, last)
    assert p < 0.2 * alone
    assert "the driver was new to about 8 other vehicles lately" in finding.sentence


def test_a_shuttle_with_rotating_drivers_stays_quiet() -> None:
    """New drivers are its habit, and they come with many vehicles like all of its kind."""
    bench = Bench(DriverChurn())
    bench.run(population())
    rotating = trips(np.random.default_rng(1).integers(0, 60, 60), 0, start_h=18 * N)
    answers = bench.run(rotating)
    assert (answers.p[10:] < 0.05).mean() < 0.1
    finding = next(bench.findings(rotating, answers, [59]))
    assert f"{KNOWN} are remembered" in finding.sentence


def test_p_is_valid_on_cars_and_shuttles_alike() -> None:
    """Of all crossings no more than x have p below x."""
    traffic = population(5)
    p = Bench(DriverChurn()).run(traffic).p
    late = p[(traffic.columns["time_ms"] > MONDAY + 20 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01):
        assert (late <= x).mean() <= 1.25 * x
    assert (late <= 0.03).mean() > 0.003
