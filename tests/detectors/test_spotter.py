"""A scout is found by its lead, its lane and its return; who leads by habit is none."""

from __future__ import annotations

import numpy as np

from detectors.spotter import Spotter
from schemas.batch import Array
from tests.detectors.bench import MONDAY, Bench, Traffic
from tests.detectors.travellers import crowd, of, regular, there_and_back, together

KEYS = 2000
RUNS = (12, 13, 15, 16, 18, 20, 21, 23, 25, 26, 28, 30)  # days on which vehicle 2 drives ahead of vehicle 1
HOUR = 3_600_000


def story(lead_min: float = 7.0, lane: int = 5, stay_h: float = 0.6) -> Traffic:
    """A load that leaves at changing hours; a scout so many minutes before it, back after `stay_h`."""
    load = regular(1, 40, 11.0, 1.5, seed=5, share=1.0)
    hours = (load.columns["time_ms"][::2] - MONDAY) / HOUR
    out = np.array([hours[day] % 24 for day in RUNS]) - lead_min / 60 * np.linspace(0.6, 1.4, len(RUNS))
    scout = there_and_back(2, RUNS, out, out + stay_h, lane_key=lane)
    return together(crowd(40, 600), load, scout)


def run(traffic: Traffic) -> tuple[Bench, Array]:
    """The bench and its p."""
    bench = Bench(Spotter(), keys=KEYS)
    return bench, bench.run(traffic).p


def test_the_vehicle_that_is_led_is_told_of() -> None:
    """From the fifth joint crossing on, only on the days and in the direction of the scout."""
    traffic = story()
    bench = Bench(Spotter(), keys=KEYS)
    answers = bench.run(traffic)
    p = of(traffic, 1, answers.p).reshape(-1, 2)
    assert (np.isnan(p[: RUNS[4]]) | (p[: RUNS[4]] == 1.0)).all()
    assert (p[list(RUNS[4:10]), 0] < 1e-5).all()
    assert (p[[day for day in range(12, 40) if day not in RUNS]] == 1.0).all()
    assert (p[12:, 1] == 1.0).all()
    at = np.flatnonzero(traffic.vehicle == 1)[2 * RUNS[9]]
    finding = next(bench.findings(traffic, answers, [at]))
    assert finding.sentence.startswith("The same vehicle drove ")
    assert "it led by 1 to 15 min on 10 of 10 joint crossings and was back within the hour after 9 of the 9 before" in (
        finding.sentence
    )


def test_the_scout_is_told_of_when_it_drives_ahead_again() -> None:
    """Not before it was found, and not on its way back."""
    traffic = story()
    bench = Bench(Spotter(), keys=KEYS)
    answers = bench.run(traffic)
    p = of(traffic, 2, answers.p).reshape(-1, 2)
    assert p[-1, 0] < 1e-5
    assert (np.isnan(p[:4, 0]) | (p[:4, 0] == 1.0)).all()
    assert (np.isnan(p[:, 1]) | (p[:, 1] == 1.0)).all()
    last = int(np.flatnonzero(traffic.vehicle == 2)[-2])
    finding = next(bench.findings(traffic, answers, [last]))
    assert (
        finding.sentence
        == "On 10 days it drove 1 to 15 min ahead of the same other vehicle, and was back within the hour."
    )


def test_who_follows_in_the_same_lane_or_stays_is_no_scout() -> None:
    """The lane, the return and the order each matter."""
    for others in (story(lane=1), story(stay_h=2.0), story(lead_min=-7.0), story(lead_min=40.0)):
        _, p = run(others)
        assert np.nanmin(of(others, 1, p)) == 1.0


def test_a_school_run_ahead_of_a_commuter_is_no_scout() -> None:
    """Every day at the same minutes: the lead is the habit of both."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        days = np.arange(60)
        out = 7.5 + rng.normal(0, 0.05, 60)
        school = there_and_back(2, days, out, out + 0.4, lane_key=5)
        commuter = regular(1, 60, 7.65, 0.05, seed=seed, share=1.0)
        _, p = run(together(crowd(60, 300), school, commuter))
        assert np.nanmin(p) > 1e-4
