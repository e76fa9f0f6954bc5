"""Convoys are found at busy ports; crowds, people of habit and households are not."""

from __future__ import annotations

import numpy as np

from detectors.convoy import Convoy
from detectors.pairs_known import GROWING_DAYS
from schemas.batch import Array
from tests.detectors.bench import Bench, Traffic
from tests.detectors.travellers import beside, crowd, of, regular, there_and_back, together

KEYS = 2000
JOINT = (22, 25, 26, 29, 33)  # days on which vehicle 2 comes along with vehicle 1


def p_of(traffic: Traffic) -> Array:
    """What the detector says of each crossing."""
    return Bench(Convoy(), keys=KEYS).run(traffic).p


def story(behind_s: float = 40.0) -> Traffic:
    """A commuter in a crowd of 1,000 crossings a day, and from the fourth week on a companion now and then."""
    commuter = regular(1, 40, 11.0, 0.4, seed=5, share=1.0)
    return together(crowd(40, 1000), commuter, beside(commuter, 2, behind_s, JOINT))


def test_a_companion_is_found_on_the_third_day() -> None:
    """Nothing on the first two joint days; small from the third on and ever smaller; the leader alone is ordinary."""
    traffic = story()
    bench = Bench(Convoy(), keys=KEYS)
    answers = bench.run(traffic)
    p = of(traffic, 2, answers.p)
    assert (np.isnan(p[:4]) | (p[:4] == 1.0)).all()
    assert (p[4:] < 1e-4).all()
    assert (np.diff(p[4:]) < 0).all()
    alone = of(traffic, 1, answers.p)[2 * 5 : 2 * 22]
    assert (alone > 1e-3).all()


def test_the_sentence_says_how_often_and_how_often_by_chance() -> None:
    """The last joint crossing, in words."""
    traffic = story()
    bench = Bench(Convoy(), keys=KEYS)
    answers = bench.run(traffic)
    last = int(np.flatnonzero(traffic.vehicle == 2)[-1])
    finding = next(bench.findings(traffic, answers, [last]))
    assert finding.typology == "convoy"
    assert finding.observed == 10
    assert finding.sentence == (
        "Crossed 40 s behind the same other vehicle as before: within 2 min of it 10 times on 5 of the last 32 days "
        "here; chance would have it 0.2 times."
    )
    evidence = dict(zip(bench.detector.evidence, answers.evidence[last].tolist(), strict=True))
    key = int(traffic.columns["vehicle_key"][traffic.vehicle == 1][0])
    assert int(evidence["partner"]) << 24 | int(evidence["partner_low"]) == key >> 16


def test_the_first_of_a_convoy_is_told_of_on_the_way_back() -> None:
    """It cannot be known when it leaves; when it returns that day it is, with half of the evidence."""
    traffic = story()
    answers = Bench(Convoy(), keys=KEYS).run(traffic).p
    leader, follower = of(traffic, 1, answers).reshape(-1, 2), of(traffic, 2, answers).reshape(-1, 2)
    out, back = leader[JOINT[-1]]
    assert out > 0.05
    assert np.isclose(back, np.sqrt(follower[-1, 0]), rtol=0.1)


def test_a_crowd_makes_no_convoys() -> None:
    """At a rush hour of some 20 neighbours each, small answers are rarer than they say."""
    p = p_of(crowd(40, 3000, vehicles=900, hour=8.0, spread_h=1.0))
    p = p[len(p) // 2 :]
    said = p[~np.isnan(p)]
    assert len(said) > 30_000
    for x in (0.1, 0.01, 1e-3):
        assert (said <= x).mean() <= x


def test_commuters_of_the_same_hour_are_no_convoy() -> None:
    """Forty cross within minutes of each other each working day for three months, by habit."""
    commuters = [regular(k, 90, 7.0 + 0.02 * k, 0.1, seed=k) for k in range(40)]
    p = p_of(together(*commuters))
    assert (p < 1e-3).mean() < 1e-3
    assert (p < 0.05).mean() < 0.1


def test_a_household_is_news_once() -> None:
    """Two cars that begin to travel together are told of on some days and never again, while their trips go on."""
    first = regular(1, 200, 11.0, 0.4, seed=5, share=1.0)
    traffic = together(
        crowd(200, 200), first, regular(2, 30, 15.0, 0.4, seed=6), beside(first, 2, 30.0, range(40, 200))
    )
    p = of(traffic, 2, p_of(traffic))
    day = (of(traffic, 2, traffic.columns["time_ms"]) - traffic.columns["time_ms"][0]) // 86_400_000
    said = np.unique(day[p < 1e-5])
    assert 1 <= len(said) <= GROWING_DAYS + 1
    assert said.max() < 40 + 4 * GROWING_DAYS
    assert (p[day > 80] > 1e-4).all()


def test_two_never_seen_apart_are_no_news() -> None:
    """A family on holiday in two cars: beyond chance, but there is nothing that has changed."""
    trips = there_and_back(1, range(20, 28), np.linspace(9, 14, 8), np.linspace(17, 21, 8))
    traffic = together(crowd(40, 500), trips, beside(trips, 2, 25.0))
    p = of(traffic, 2, p_of(traffic))
    assert np.nanmin(p) > 1e-3


def test_a_flood_of_one_vehicle_pushes_nobody_out() -> None:
    """A plate that is read a hundred times a minute hides no convoy."""
    traffic = story()
    times = traffic.columns["time_ms"][traffic.vehicle == 2][-1] - 40_000 + np.arange(0, 40_000, 100)
    flood = there_and_back(3, [0], 1.0, 2.0).take(np.zeros(len(times), int))
    flood = flood.with_columns(time_ms=times, local_ms=times, direction=0, crossing_key=np.arange(1, len(times) + 1))
    with_flood = together(traffic, flood)
    assert of(with_flood, 2, p_of(with_flood))[-1] < 1e-3
