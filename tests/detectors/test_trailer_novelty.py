"""A trailer is new for a tractor that keeps to its own, and not for one that never has the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.trailer_novelty import KNOWN, TrailerNovelty
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TRACTOR = 4
N = 80


def trips(trailer: np.ndarray, vehicle: int = 0, start_h: int = 0) -> Traffic:
    """A crossing every 18 hours, with these trailers."""
    times = MONDAY + (start_h + 18 * np.arange(len(trailer))) * HOUR
    return crossings(times, vehicle, trailer=trailer + 1, vehicle_class=TRACTOR)


def fleet(seed: int = 3) -> Traffic:
    """Two hundred tractors: half keep their trailer but for 1 in 100, the rest take any of 5,000."""
    rng = np.random.default_rng(seed)
    parts = []
    for v in range(1, 201):
        rate = 0.01 if v % 2 else 0.9
        trailer = np.where(rng.random(N) < rate, rng.integers(1000, 6000, N), v)
        parts.append(trips(trailer, v, start_h=v % 18))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def test_a_new_trailer_is_odd_for_a_tractor_that_keeps_its_own() -> None:
    """Told with how often that happens to tractors like it; with its own it would be none."""
    bench = Bench(TrailerNovelty())
    bench.run(fleet())
    steady = trips(np.append(np.full(60, 7), 8), 0, start_h=18 * N)
    p, finding = explained(bench, steady)
    assert p < 0.03
    assert finding.sentence.startswith("First time with this trailer: it always had the same one, and tractors")
    assert finding.without == "with a trailer it had before"
    p, finding = explained(Bench(TrailerNovelty()), steady.take(slice(0, 60)))
    assert p == 1.0
    assert finding.without is None


def test_a_haulier_with_ever_new_trailers_stays_quiet() -> None:
    """Novelty is its habit, with peers or without; and nothing is called a first time that may be forgotten."""
    roaming = trips(np.arange(60), 0, start_h=18 * N)
    for bench in (Bench(TrailerNovelty()), Bench(TrailerNovelty())):
        answers = bench.run(roaming)
        assert (answers.p[10:] > 0.5).all()
        finding = next(bench.findings(roaming, answers, [59]))
        assert f"none of those it had lately: {KNOWN} are remembered" in finding.sentence
        bench.run(fleet())


def test_a_trailer_of_the_carriers_own_is_less_odd_than_a_strange_one() -> None:
    """Tractors of a carrier swap among its trailers; one from elsewhere comes with nobody there."""
    rng = np.random.default_rng(4)
    whole = None
    for v in range(1, 201):
        trailer = np.where(rng.random(N) < 0.05, 10_000 + 100 * (v % 5) + rng.integers(0, 60, N), 500 + v)
        part = trips(trailer, v, start_h=v % 18).with_columns(carrier=1 + v % 5)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    whole = whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))
    p = []
    for last in (10_007, 99_999, 10_107):  # the carrier's, nobody's, another carrier's
        mine = trips(np.append(np.full(20, 7), last), 0, start_h=18 * N).with_columns(carrier=1)
        bench = Bench(TrailerNovelty())
        bench.run(whole)
        one, finding = explained(bench, mine)
        p.append(one)
    assert p[1] < 0.5 * p[0]
    assert p[2] < 0.5 * p[0]
    assert "; no other tractor of the carrier was seen with it, as with" in finding.sentence


def test_p_is_valid_on_a_mixed_fleet() -> None:
    """Of all crossings no more than x have p below x, whether tractors keep their trailers or not."""
    traffic = fleet(5)
    p = Bench(TrailerNovelty()).run(traffic).p
    late = p[(traffic.columns["time_ms"] > MONDAY + 20 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01):
        assert (late <= x).mean() <= 1.25 * x
    assert (late <= 0.03).mean() > 0.003


@pytest.mark.parametrize("kept", [2, KNOWN])
def test_a_tractor_that_alternates_between_its_own_is_ordinary(kept: int) -> None:
    """As many trailers as are remembered, in any order: none is new."""
    trailers = np.random.default_rng(1).integers(0, kept, 80)
    assert (Bench(TrailerNovelty()).run(trips(trailers)).p[40:] == 1.0).all()
