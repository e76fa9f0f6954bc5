"""More ins than outs is told from crossings that are not read."""

from __future__ import annotations

import numpy as np

from detectors.flow_imbalance import FlowImbalance
from tests.detectors.bench import DAY, HOUR, Answers, Bench, Traffic, at, commuter, explained


def ins(count: int, first_day: int = 60, every: int = 2) -> Traffic:
    """The commuter, then only ever inbound."""
    traffic = commuter()
    for k in range(count):
        traffic = traffic.then(at(first_day + every * k, 17.0))
    return traffic


def known_port() -> Bench:
    """A bench that knows two months of twenty commuters at port 1, where nearly all is read."""
    peers = [Traffic(np.full(len(one), 1 + k), one.columns) for k, one in enumerate([commuter()] * 20)]
    traffic = peers[0]
    for one in peers[1:]:
        traffic = traffic.then(one)
    bench = Bench(FlowImbalance())
    bench.run(traffic.take(np.argsort(traffic.columns["time_ms"], kind="stable")))
    return bench


def run(traffic: Traffic) -> Answers:
    """At the known port."""
    return known_port().run(traffic)


def test_six_ins_without_an_out_are_odd() -> None:
    """More so with each; the sentence gives both counts."""
    p, finding = explained(known_port(), ins(6))
    assert p < 1e-3
    assert "Inbound 2" in finding.sentence
    assert finding.sentence.endswith("expected (93 earlier crossings).")
    answers = run(ins(6)).p
    tail = answers[~np.isnan(answers)][-4:]
    assert (np.diff(tail) < 0).all()


def test_one_crossing_that_was_not_read_is_ordinary() -> None:
    """An in too many happens."""
    assert run(ins(2)).p[-1] > 0.02


def test_a_commuter_is_not_asked_about() -> None:
    """Ins and outs in turn."""
    assert np.isnan(run(commuter()).p).all()


def test_after_some_weeks_the_surplus_is_forgotten() -> None:
    """And six more in half a year are no month's surplus."""
    assert np.isnan(run(ins(6, every=40)).p[-4:]).all()


def test_where_outbound_is_never_read_it_falls_silent() -> None:
    """A port that reads one direction only: the rate of repeats says so."""
    day = np.arange(120)
    one_way = at(0, 8.0)
    for k in day[1:]:
        one_way = one_way.then(at(int(k), 8.0))
    assert run(one_way).p[-30:].min() > 0.02


def test_balancing_crossings_end_it() -> None:
    """As many outs as ins, and nothing is said."""
    traffic = ins(4)
    for k in range(4):
        traffic = traffic.then(at(68 + k, 7.0, "outbound"))
    assert np.isnan(run(traffic.then(at(73, 17.0))).p[-1])


def test_a_late_record_changes_nothing() -> None:
    """It is neither counted nor answered."""
    late = ins(4)
    moved = late.then(at(61, 1.0).with_columns(time_ms=late.columns["time_ms"][-1] - 3 * DAY + HOUR))
    assert np.isnan(run(moved).p[-1])
