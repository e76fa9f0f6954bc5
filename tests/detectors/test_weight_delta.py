"""A load is measured against the truck's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detectors.weight_delta import WeightDelta
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TRUCK = 3
N = 80


def loads(kg: np.ndarray, vehicle: int = 0, start_h: int = 0, **columns: Any) -> Traffic:
    """A crossing every 18 hours, with these weights, all inbound and laden."""
    times = MONDAY + (start_h + 18 * np.arange(len(kg))) * HOUR
    return crossings(times, vehicle, weight_kg=kg, laden=1, vehicle_class=TRUCK).with_columns(**columns)


def fleet(seed: int = 3) -> Traffic:
    """Trucks with loads of their own between 8 and 40 t: half of them steady within 5 %, half varying by 40 %."""
    rng = np.random.default_rng(seed)
    whole = None
    for v in range(1, 161):
        usual = np.exp(rng.uniform(np.log(8_000), np.log(40_000)))
        part = loads(usual * rng.lognormal(0, 0.05 if v % 2 else 0.4, N), v, start_h=v % 18)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def steady(*last: float) -> Traffic:
    """Sixty loads around 20 t, then these."""
    usual = 20_000 * np.random.default_rng(1).lognormal(0, 0.04, 60)
    return loads(np.append(usual, last), start_h=18 * N)


@pytest.mark.parametrize(("kg", "word"), [(31_000.0, "below "), (11_000.0, "above ")])
def test_a_load_far_from_its_own_is_odd(kg: float, word: str) -> None:
    """Heavier or lighter; the bound lies between the load and the usual ones."""
    bench = Bench(WeightDelta())
    bench.run(fleet())
    p, finding = explained(bench, steady(kg))
    assert p < 1e-3
    assert finding.sentence.startswith(f"Weighs {kg:,.0f} kg; inbound it usually weighs 1")
    assert finding.without is not None
    assert finding.without.startswith(word)
    bound = float(finding.without.split()[1].replace(",", ""))
    assert min(kg, 20_000) < bound < max(kg, 20_000)
    bench = Bench(WeightDelta())
    bench.run(fleet())
    answers = bench.run(steady(bound))
    assert answers.p[-1] > 0.15 or answers.llr[-1] < 0.0


def test_a_usual_load_and_a_truck_whose_loads_vary_are_ordinary() -> None:
    """Not even 31 t is odd for who carried anything between 8 and 40 t."""
    bench = Bench(WeightDelta())
    bench.run(fleet())
    assert explained(bench, steady(20_500.0))[0] > 0.3
    varied = np.exp(np.random.default_rng(2).uniform(np.log(8_000), np.log(40_000), 60))
    assert explained(Bench(WeightDelta()), loads(np.append(varied, 31_000.0)))[0] > 0.1


def test_a_load_is_measured_by_its_route() -> None:
    """Ten tonnes of one thing and thirty of another are ordinary, twenty are not; a first load of something may be."""
    rng = np.random.default_rng(7)
    goods = rng.integers(0, 2, 80)
    kg = np.where(goods == 0, 10_000, 30_000) * rng.lognormal(0, 0.03, 80)
    history = loads(kg, start_h=18 * N).with_columns(commodity=goods + 1, shipper=goods + 50)
    ps = []
    for commodity, shipper, load in ((1, 50, 10_000.0), (2, 51, 30_000.0), (1, 50, 20_000.0), (3, 52, 20_000.0)):
        bench = Bench(WeightDelta())
        bench.run(fleet())
        last = loads(np.array([load]), start_h=18 * (N + 80)).with_columns(commodity=commodity, shipper=shipper)
        p, finding = explained(bench, history.then(last))
        ps.append(p)
        assert "; inbound with such goods it usually weighs" in finding.sentence
    assert min(ps[0], ps[1]) > 0.2
    assert ps[2] < 1e-3
    assert ps[3] > 0.2


def test_declared_empty_is_another_question() -> None:
    """A crossing declared empty is neither answered nor part of the habit."""
    empties = steady(9_000.0).with_columns(laden=0)
    bench = Bench(WeightDelta())
    assert np.isnan(bench.run(empties).p).all()
    assert not bench.rows.tobytes().strip(b"\0")


def test_a_new_load_is_learnt_within_a_few_crossings() -> None:
    """Who carries other goods from now on is ordinary after a few loads."""
    p = Bench(WeightDelta()).run(steady(*[28_000.0] * 8)).p[-8:]
    assert p[0] < 0.01
    assert p[-1] > 0.05


def test_p_is_valid_on_steady_and_varying_trucks_alike() -> None:
    """Of all crossings not many more than x have p below x."""
    traffic = fleet(5)
    p = Bench(WeightDelta()).run(traffic).p
    late = p[traffic.columns["time_ms"] > MONDAY + 20 * DAY]
    for x in (0.3, 0.1, 0.03, 0.01, 0.003):
        assert (late <= x).mean() <= 1.3 * x
    assert (late <= 0.1).mean() >= 0.04
