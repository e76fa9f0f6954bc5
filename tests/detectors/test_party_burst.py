"""Traffic between two parties that leaps up is a burst; batches that always came, and a busy border, are none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from detectors.party_burst import PartyBurst
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TRUCK = 3
DAYS = 50


def run_of(times: np.ndarray, carrier: int, vehicles: int = 40) -> Traffic:
    """Trucks of a carrier at these times, to its own consignee, for its own shipper."""
    edge = {"carrier": carrier, "consignee": 1000 + carrier, "shipper": 2000 + carrier, "commodity": 3000 + carrier % 9}
    return crossings(times, carrier % 6 * vehicles + np.arange(len(times)) % vehicles, vehicle_class=TRUCK, **edge)


def joined(parts: list[Traffic]) -> Traffic:
    """All of them, in the order of their times."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def trade(seed: int = 3, days: int = DAYS, busier: float = 1.0) -> list[Traffic]:
    """Sixty carriers with half to six crossings a day; every tenth sends a dozen within three hours, twice a week."""
    rng = np.random.default_rng(seed)
    parts = []
    for carrier in range(1, 61):
        rate = np.exp(rng.uniform(np.log(0.5), np.log(6.0))) * busier
        times = rng.uniform(0, days, rng.poisson(rate * days))
        if carrier % 10 == 0:
            batch = np.flatnonzero(rng.random(days) < 2 / 7)
            times = np.repeat(batch, 12) + 0.4 + rng.uniform(0, 0.125, 12 * len(batch))
        parts.append(run_of(MONDAY + (np.sort(times) * DAY).astype(np.int64), carrier))
    return parts


def burst(carrier: int, count: int, hours: float) -> Traffic:
    """So many crossings on the last day but one, then one of them four hours later."""
    times = MONDAY + (DAYS - 1) * DAY + (np.linspace(0, hours, count) * HOUR).astype(np.int64)
    return run_of(np.append(times, times[-1] + 4 * HOUR), carrier)


def test_a_leap_of_a_quiet_edge_is_a_burst() -> None:
    """Twelve crossings in six hours where there were some a day; one is none."""
    ps = []
    for count in (1, 12):
        whole = joined([*trade(), burst(2, count, 6.0)])
        at = int(np.searchsorted(whole.columns["time_ms"], burst(2, count, 6.0).columns["time_ms"][-1]))
        p, finding = explained(Bench(PartyBurst()), whole.take(slice(0, at + 1)))
        ps.append(p)
    assert ps[0] > 0.1
    assert ps[1] < 0.01
    assert finding.sentence.startswith("This carrier to this consignee: ")
    assert finding.without is not None
    assert finding.without.startswith("at up to ")
    usual = float(finding.without.split()[3])
    assert finding.observed is not None
    assert finding.observed > 3 * usual


def test_nothing_is_said_of_a_burst_in_its_first_two_hours() -> None:
    """What this hour and the last collected is not read: answers do not depend on how the stream is divided."""
    before = joined(trade()).columns["time_ms"]
    whole = joined([*trade(), burst(1, 20, 6.0)])
    first = burst(1, 20, 6.0).columns["time_ms"][:4]  # within the first hour
    at = np.searchsorted(whole.columns["time_ms"], first)
    p = Bench(PartyBurst()).run(whole).p[at]
    assert len(whole) == len(before) + 21
    assert (p > 0.05).all()


def test_a_carrier_that_always_comes_in_batches_stays_quiet() -> None:
    """Its own variance is known after some of them."""
    whole = joined(trade())
    p = Bench(PartyBurst()).run(whole).p
    batches = (whole.columns["carrier"] % 10 == 0) & (whole.columns["time_ms"] > MONDAY + 30 * DAY)
    assert (p[batches] < 0.01).mean() < 0.02


@pytest.mark.parametrize("seed", [3, 4])
def test_p_is_valid_on_ordinary_trade(seed: int) -> None:
    """Of all crossings not many more than x have p below x."""
    whole = joined(trade(seed, days=80))
    p = Bench(PartyBurst()).run(whole).p
    late = p[(whole.columns["time_ms"] > MONDAY + 30 * DAY) & ~np.isnan(p)]
    for x in (0.3, 0.1, 0.03, 0.01):
        assert (late <= x).mean() <= 1.5 * x
    assert (late <= 0.1).mean() > 0.02


def test_nothing_is_said_before_there_is_a_past() -> None:
    """A hundred hours with traffic come first."""
    whole = joined(trade(days=10))
    p = Bench(PartyBurst()).run(whole).p
    said = np.flatnonzero(~np.isnan(p))
    assert whole.columns["time_ms"][said[0]] > MONDAY + 4 * DAY
    assert all(b - a == 1 for a, b in pairwise(said.tolist()))
