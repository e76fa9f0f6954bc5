"""Three that travel together again and again are a group; a pair in a crowd is not."""

from __future__ import annotations

import numpy as np

from detectors.recurrent_group import RecurrentGroup
from schemas.batch import Array
from tests.detectors.bench import Bench, Traffic
from tests.detectors.travellers import beside, crowd, of, regular, together

KEYS = 2000
JOINT = (22, 25, 26, 29)


def story(third_days: tuple[int, ...] = JOINT) -> Traffic:
    """A commuter with one companion on four days, and another on `third_days`."""
    commuter = regular(1, 40, 11.0, 0.4, seed=5, share=1.0)
    return together(
        crowd(40, 1000), commuter, beside(commuter, 2, 20.0, JOINT), beside(commuter, 3, 45.0, third_days, lane_key=4)
    )


def p_of(traffic: Traffic, vehicle: int) -> Array:
    """What the detector says of a vehicle."""
    return of(traffic, vehicle, Bench(RecurrentGroup(), keys=KEYS).run(traffic).p)


def test_three_on_the_same_days_are_a_group() -> None:
    """From the third joint day on; the sentence counts the days."""
    traffic = story()
    bench = Bench(RecurrentGroup(), keys=KEYS)
    answers = bench.run(traffic)
    p = of(traffic, 3, answers.p)
    assert (np.isnan(p[:4]) | (p[:4] == 1.0)).all()
    assert (p[4:] < 1e-4).all()
    last = int(np.flatnonzero(traffic.vehicle == 3)[-1])
    finding = next(bench.findings(traffic, answers, [last]))
    assert finding.sentence == (
        "Crossed with the same two other vehicles on 4 of the last 32 days here, all within 2 min."
    )
    evidence = dict(zip(bench.detector.evidence, answers.evidence[last].tolist(), strict=True))
    keys = {int(traffic.columns["vehicle_key"][traffic.vehicle == v][0]) >> 16 for v in (1, 2)}
    assert {int(evidence[f"{who}"]) << 24 | int(evidence[f"{who}_low"]) for who in ("partner", "second")} == keys


def test_a_pair_is_no_group() -> None:
    """Two companions, each on days of its own, are two convoys."""
    assert np.nanmin(p_of(story(third_days=(21, 24, 27, 30)), 3)) == 1.0
    assert np.nanmin(p_of(story(third_days=()), 2)) > 1e-4


def test_a_crowd_makes_no_groups() -> None:
    """At a rush hour of some 20 neighbours each, small answers are rarer than they say."""
    traffic = crowd(40, 3000, vehicles=900, hour=8.0, spread_h=1.0)
    p = Bench(RecurrentGroup(), keys=KEYS).run(traffic).p
    said = p[len(p) // 2 :]
    for x in (0.1, 0.01, 1e-3):
        assert (said[~np.isnan(said)] <= x).mean() <= x


def test_a_convoy_of_years_is_quiet() -> None:
    """Three cars that always cross together are news for some days."""
    first = regular(1, 120, 11.0, 0.4, seed=5, share=1.0)
    days = range(40, 120)
    traffic = together(crowd(120, 200), first, beside(first, 2, 20.0, days), beside(first, 3, 40.0, days))
    assert (p_of(traffic, 3)[-100:] == 1.0).all()
