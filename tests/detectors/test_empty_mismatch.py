"""A truck declared empty weighs what it weighs empty."""

from __future__ import annotations

import numpy as np

from detectors.empty_mismatch import EmptyMismatch
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TRUCK = 3
N = 60


def empties(kg: np.ndarray, vehicle: int = 0, start_h: int = 0) -> Traffic:
    """A crossing every 18 hours, with these weights, all declared empty."""
    times = MONDAY + (start_h + 18 * np.arange(len(kg))) * HOUR
    return crossings(times, vehicle, weight_kg=kg, laden=0, vehicle_class=TRUCK)


def fleet(seed: int = 3) -> Traffic:
    """Trucks of 6 to 14 t; a third have other trailers each time and vary by 15 %, the rest by 2 %."""
    rng = np.random.default_rng(seed)
    whole = None
    for v in range(1, 161):
        tare = np.exp(rng.uniform(np.log(6_000), np.log(14_000)))
        part = empties(tare * rng.lognormal(0, 0.15 if v % 3 == 0 else 0.02, N), v, start_h=v % 18)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def own(n: int, *last: float) -> Traffic:
    """So many empties around 9 t, then these."""
    return empties(np.append(9_000 * np.random.default_rng(1).lognormal(0, 0.02, n), last), start_h=18 * N)


def trained() -> Bench:
    """A detector that has seen the fleet."""
    bench = Bench(EmptyMismatch())
    bench.run(fleet())
    return bench


def test_empty_but_heavy_is_odd_against_its_own_tare() -> None:
    """Twelve tonnes are ordinary for the class, not for this one; what is light is no question here."""
    p, finding = explained(trained(), own(20, 12_000.0))
    assert p < 1e-3
    assert finding.sentence.startswith("Declared empty at 12,000 kg; empty it usually weighs 8,")
    assert finding.without is not None
    assert finding.without.startswith("below ")
    bound = float(finding.without.split()[1].replace(",", ""))
    assert 9_000 < bound < 12_000
    answers = trained().run(own(20, bound))
    assert answers.p[-1] > 0.15 or answers.llr[-1] < 0.0
    assert explained(trained(), own(20, 9_050.0))[0] > 0.3
    assert explained(trained(), own(20, 6_000.0))[0] > 0.9


def test_the_first_empty_is_measured_by_its_class() -> None:
    """Twelve tonnes say little then, forty much."""
    first = empties(np.array([9_000.0]), start_h=18 * N).with_columns(laden=1, weight_kg=20_000)
    p, finding = explained(trained(), first.then(empties(np.array([12_000.0]), start_h=18 * (N + 1))))
    assert p > 0.05
    assert "empty ones of its class usually weigh" in finding.sentence
    assert explained(trained(), first.then(empties(np.array([40_000.0]), start_h=18 * (N + 1))))[0] < 0.02


def test_a_laden_truck_is_another_question() -> None:
    """Neither answered nor learnt, nor is one that does not say."""
    bench = Bench(EmptyMismatch())
    for laden in (1, -1):
        assert np.isnan(bench.run(own(20, 12_000.0).with_columns(laden=laden)).p).all()
    assert not bench.rows.tobytes().strip(b"\0")


def test_p_is_valid_with_own_trailers_and_with_ever_others() -> None:
    """Of all crossings not many more than x have p below x."""
    traffic = fleet(5)
    p = Bench(EmptyMismatch()).run(traffic).p
    late = p[(traffic.columns["time_ms"] > MONDAY + 15 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01, 0.003):
        assert (late <= x).mean() <= 1.3 * x
    assert (late <= 0.1).mean() >= 0.04
