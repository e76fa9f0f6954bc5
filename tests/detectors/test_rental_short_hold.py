"""A rental that comes back at once, or by night, is odd among rentals; a rented shuttle is not, for long."""

from __future__ import annotations

import numpy as np

from detectors.rental_short_hold import RentalShortHold
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, at, crossings, explained


def fleet(seed: int = 3) -> Traffic:
    """Two hundred rentals, out at nine in the morning, back after a day or three, by day."""
    rng = np.random.default_rng(seed)
    n = 1000
    out = MONDAY + rng.integers(0, 50, n) * DAY + (rng.uniform(8, 18, n) * HOUR).astype(np.int64)
    back = out + rng.choice([DAY, 2 * DAY, 3 * DAY], n) + rng.integers(-HOUR, HOUR, n)
    times = np.concatenate([out, back])
    vehicle = np.tile(1 + np.arange(n) % 200, 2)
    traffic = crossings(times, vehicle, direction=np.repeat([1, 0], n), rental=1)
    return traffic.take(np.argsort(times, kind="stable"))


def last(own: Traffic) -> tuple[float, str]:
    """p and sentence of the last crossing of vehicle 0 after fifty days of others."""
    bench = Bench(RentalShortHold())
    bench.run(fleet())
    p, finding = explained(bench, own)
    return p, finding.sentence


def trip(day: int, hour: float, stay_h: float, rental: int = 1) -> Traffic:
    """Out, and back `stay_h` later."""
    return at(day, hour, "outbound", rental=rental).then(at(day, hour + stay_h, rental=rental))


def test_back_within_the_hour_is_odd() -> None:
    """The sentence says how many stay away as short."""
    p, sentence = last(trip(55, 12.0, 0.6))
    assert p < 0.05
    assert sentence.startswith("A rental, back after 36 min; 0.")


def test_by_night_is_odd() -> None:
    """After any stay."""
    p, sentence = last(trip(55, 12.0, 39.0))
    assert p < 0.05
    assert sentence.startswith("A rental at 03:00; 0.")


def test_two_days_are_ordinary() -> None:
    """As with most."""
    assert last(trip(55, 12.0, 49.0))[0] > 0.3


def test_a_rented_shuttle_is_no_news() -> None:
    """Its own past counts as well."""
    shuttle = trip(52, 8.0, 0.6)
    for k in range(1, 40):
        shuttle = shuttle.then(trip(52 + k // 8, 8.0 + k % 8, 0.6))
    assert last(shuttle)[0] > 0.2


def test_what_is_no_rental_is_not_asked() -> None:
    """Nor does it leave anything behind."""
    bench = Bench(RentalShortHold())
    bench.run(fleet())
    before = bench.rows.tobytes()
    assert np.isnan(bench.run(trip(55, 3.0, 0.5, rental=0)).p).all()
    assert before == bench.rows.tobytes()
