"""Who crossed with a vehicle that something was seized from is linked to it: one hop, weakly, for half a year."""

from __future__ import annotations

import numpy as np

from detectors.linked_to_seizure import LEAST, LinkedToSeizure
from schemas.batch import Array
from tests.detectors.bench import DAY, MONDAY, Bench, Traffic
from tests.detectors.travellers import beside, crowd, of, regular, there_and_back, together

KEYS = 2000


def story(days: int = 60) -> Traffic:
    """Vehicle 2 comes along with vehicle 1 on three days, 4 with 2 on three others; then each crosses by itself."""
    first = regular(1, 20, 11.0, 0.4, seed=5, share=1.0)
    second = together(beside(first, 2, 30.0, (10, 12, 15)), there_and_back(2, (17, 18, 19, 21, days - 2), 14.0, 15.0))
    return together(
        crowd(days, 300), first, second, beside(second, 4, 20.0, (17, 18, 19)), there_and_back(4, [22], 9.0, 10.0)
    )


def answered(traffic: Traffic, vehicle: int, seized_ms: int) -> tuple[Bench, Array]:
    """p of every crossing, where something is seized from one vehicle."""
    bench = Bench(LinkedToSeizure(), keys=KEYS)
    bench.seized, bench.seized_at = np.array([vehicle + 1], np.uint64), np.array([seized_ms])
    return bench, bench.run(traffic).p


def test_a_companion_is_linked_from_the_seizure_on() -> None:
    """Not before it, not as its companion's companion; never below what is weak evidence."""
    traffic = story()
    _, p = answered(traffic, 1, MONDAY + 20 * DAY)
    mine = of(traffic, 2, p)
    assert np.isnan(mine[:-4]).all()
    assert (mine[-4:] == LEAST).all()
    assert np.isnan(of(traffic, 4, p)).all()
    assert (p[~np.isnan(p)] >= LEAST).all()
    assert np.mean(~np.isnan(p)) < 0.01


def test_the_link_expires() -> None:
    """After 180 days nothing is said of it."""
    traffic = story(days=198)
    assert of(traffic, 2, answered(traffic, 1, MONDAY + 20 * DAY)[1])[-1] <= 0.01
    traffic = story(days=210)
    assert np.isnan(of(traffic, 2, answered(traffic, 1, MONDAY + 20 * DAY)[1])[-1])


def test_the_sentence_says_when_and_how_often() -> None:
    """It met the other on three days, both ways."""
    traffic = story()
    bench = Bench(LinkedToSeizure(), keys=KEYS)
    bench.seized, bench.seized_at = np.array([2], np.uint64), np.array([MONDAY + 20 * DAY])
    answers = bench.run(traffic)
    last = int(np.flatnonzero(traffic.vehicle == 2)[-1])
    finding = next(bench.findings(traffic, answers, [last]))
    assert finding.sentence == ("Crossed 6 times within 2 min of a vehicle that had a confirmed seizure 39 days ago.")


def test_without_seizures_nothing_is_said() -> None:
    """Not evaluated: that nothing was ever seized around it counts in nobody's favour."""
    traffic = story()
    bench = Bench(LinkedToSeizure(), keys=KEYS)
    bench.seized, bench.seized_at = np.empty(0, np.uint64), np.empty(0, np.int64)
    assert np.isnan(bench.run(traffic).p).all()
