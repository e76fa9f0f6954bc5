"""Parties are new together where truck and carrier keep to theirs, and not where both change all the time."""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.party_novelty import PartyNovelty
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TRUCK = 3
N = 80
CARRIERS = 20


def trips(carrier: int, shipper: np.ndarray, vehicle: int = 0, start_h: int = 0, **columns: Any) -> Traffic:
    """A crossing every 18 hours; each shipper has one consignee and one commodity, unless told otherwise."""
    times = MONDAY + (start_h + 18 * np.arange(len(shipper))) * HOUR
    parties = {"shipper": 100 + shipper, "consignee": 5000 + shipper, "commodity": 1 + shipper % 12}
    return crossings(times, vehicle, **(parties | {"carrier": carrier, "vehicle_class": TRUCK} | columns))


def trade(seed: int = 3) -> Traffic:
    """Half the carriers have four shippers and a new one every fifty trips; half carry for anybody of 3,000."""
    rng = np.random.default_rng(seed)
    whole = None
    for v in range(1, 161):
        carrier = 1 + v % CARRIERS
        usual = 10 * carrier + rng.integers(0, 4, N)
        anybody = rng.integers(1000, 4000, N)
        part = trips(carrier, np.where(rng.random(N) < (0.02 if carrier % 2 else 0.9), anybody, usual), v, v % 18)
        whole = part if whole is None else whole.then(part)
    assert whole is not None
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def trained() -> Bench:
    """A detector that knows the trade."""
    bench = Bench(PartyNovelty())
    bench.run(trade())
    return bench


def of_carrier_3(*last: int, **columns: Any) -> Traffic:
    """Sixty trips for its four shippers, then one for each of these."""
    usual = 30 + np.random.default_rng(1).integers(0, 4, 60)
    return trips(3, np.append(usual, last).astype(np.int64), start_h=18 * N, **columns)


def test_parties_never_seen_together_are_odd_for_a_settled_carrier() -> None:
    """The pairs that are new are named; parties it had before would be none."""
    p, finding = explained(trained(), of_carrier_3(3990))
    assert p < 0.03
    assert finding.sentence.startswith("Not or hardly seen together before: this carrier with this shipper, this car")
    assert finding.without == "with parties it had before"
    p, finding = explained(trained(), of_carrier_3(30))
    assert p == 1.0
    assert finding.sentence == "It has had these parties and this commodity before."


def test_a_truck_new_to_what_its_carrier_does_is_less_odd() -> None:
    """Another truck of the same carrier had it: each pair is known."""
    bench = trained()
    one_run = trips(3, np.full(60, 30), start_h=18 * N)
    switched = one_run.then(trips(3, np.array([33]), start_h=18 * (N + 60)))
    p, finding = explained(bench, switched)
    assert finding.sentence.startswith("First time with these parties together, each pair known;")
    stranger = one_run.then(trips(3, np.array([3991]), start_h=18 * (N + 60)))
    assert explained(trained(), stranger)[0] < 0.5 * p


def test_a_carrier_for_anybody_stays_quiet() -> None:
    """New shippers are its business."""
    anybody = np.random.default_rng(2).integers(4000, 9000, 60)
    p = trained().run(trips(2, anybody, start_h=18 * N)).p
    assert np.median(p) > 0.3
    assert (p < 0.05).mean() < 0.1


def test_a_truck_never_seen_is_measured_by_its_carrier() -> None:
    """Its first crossing is answered where the carrier is known, and not where nothing is."""
    unknown = trips(3, np.array([3992]), 200, start_h=18 * N)
    p, finding = explained(trained(), unknown)
    assert p < 0.5
    assert finding.seen == 0
    assert np.isnan(Bench(PartyNovelty()).run(unknown).p).all()


def test_p_is_valid_on_settled_and_open_carriers_alike() -> None:
    """Of all crossings not many more than x have p below x, in a trade that is two months old."""
    traffic = trade(5)
    p = Bench(PartyNovelty()).run(traffic).p
    late = p[(traffic.columns["time_ms"] > MONDAY + 20 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01):
        assert (late <= x).mean() <= 1.5 * x
    assert (late <= 0.03).mean() > 0.003
