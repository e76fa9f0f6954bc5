"""Twice the same way, with no way back between."""

from __future__ import annotations

import numpy as np

from detectors.same_direction_repeat import SameDirectionRepeat
from tests.detectors.bench import Bench, at, commuter, explained


def test_in_twice_is_odd_where_every_crossing_is_read() -> None:
    """The sentence names the missing crossing; had it been recorded there would be no evidence."""
    p, finding = explained(Bench(SameDirectionRepeat()), commuter().then(at(60, 19.0)))
    assert p < 0.02
    assert finding.sentence.startswith("Inbound again after 26 h with no outbound crossing between; ")
    assert finding.without == "after a recorded outbound crossing"
    between = commuter().then(at(60, 18.0, "outbound")).then(at(60, 19.0))
    assert Bench(SameDirectionRepeat()).run(between).p[-1] == 1.0


def test_where_one_direction_is_recorded_a_repeat_is_ordinary() -> None:
    """A port that reads inbound traffic only."""
    one_way = commuter().take(slice(1, None, 2))
    assert Bench(SameDirectionRepeat()).run(one_way.then(at(61, 17.0))).p[-1] > 0.5


def test_repeats_become_ordinary_where_they_go_on() -> None:
    """After a dozen in a row the thirteenth is not odd."""
    traffic = commuter()
    for day in range(60, 73):
        traffic = traffic.then(at(day, 17.0))
    p = Bench(SameDirectionRepeat()).run(traffic).p[-13:]
    assert p[0] < 0.02
    assert p[-1] > 0.1


def test_a_late_record_is_no_repeat() -> None:
    """It is not evaluated, and the next crossing is measured against the newest before it."""
    p = Bench(SameDirectionRepeat()).run(commuter().then(at(50, 3.0)).then(at(61, 7.0, "outbound"))).p[-2:]
    assert np.isnan(p[0])
    assert p[1] == 1.0
