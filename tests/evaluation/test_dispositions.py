"""Do the people of the generated border look, err and decide as they should? Sample, choices, outcomes, times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.dispositions import SHARE, dispositions_for
from schemas.models import Disposition, moment_of


@dataclass(frozen=True)
class Alerted:
    """What is read of an alert."""

    alert_id: str
    crossing_id: str
    occurred_at: datetime = datetime(2026, 2, 1, tzinfo=UTC)
    port: str = "2504"


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """A quarter of many crossings with many stories."""
    return generate(seed=4, days=90, vehicles=20_000, ports=30, planted_rate=0.005, crossings=300_000)


@pytest.fixture(scope="module")
def decided(traffic: Traffic) -> list[Disposition]:
    """As they are written."""
    return [Disposition.model_validate_json(line) for line in traffic.dispositions]


def test_every_line_is_a_disposition_of_the_log_after_its_crossing(
    traffic: Traffic, decided: list[Disposition]
) -> None:
    """Valid, one a crossing, in order of time, two minutes to ten hours after the crossing."""
    assert len({d.disposition_id for d in decided}) == len({d.crossing_id for d in decided}) == len(decided)
    assert [d.at for d in decided] == sorted(d.at for d in decided)
    for one in decided:
        after = (one.at - moment_of(int(traffic.time_ms[int(one.crossing_id.rsplit("-", 1)[1])]))).total_seconds()
        assert 119 <= after <= 36_001


def test_the_control_sample_is_a_fair_one(traffic: Traffic, decided: list[Disposition]) -> None:
    """A thousandth of all crossings, and of the planted ones no more than chance gives."""
    planted = {crossing for crossing, _, _ in traffic.labels}
    sample = [d for d in decided if d.selected_by == "random"]
    assert abs(len(sample) - SHARE * len(traffic)) < 4 * (SHARE * len(traffic)) ** 0.5
    assert sum(d.crossing_id in planted for d in sample) <= 8  # of 1.5 expected


def test_officers_choose_better_than_chance_and_miss_most(traffic: Traffic, decided: list[Disposition]) -> None:
    """Their choices hold several times the base rate of planted crossings, and a minority of all of those."""
    planted = {crossing for crossing, _, _ in traffic.labels}
    chosen = {d.crossing_id for d in decided if d.selected_by == "officer"}
    assert len(chosen & planted) / len(chosen) > 4 * len(planted) / len(traffic)
    assert 0.01 * len(planted) < len(chosen & planted) < 0.3 * len(planted)


def test_people_err(traffic: Traffic, decided: list[Disposition]) -> None:
    """Of what was planted some is overlooked, and where nothing was planted hardly anything is found."""
    planted = {crossing for crossing, _, _ in traffic.labels}
    there = Counter(d.outcome for d in decided if d.crossing_id in planted)
    ordinary = Counter(d.outcome for d in decided if d.crossing_id not in planted)
    assert there["seizure"] > 0 < there["cleared"] + there["referred_nothing"]
    assert ordinary["cleared"] > 0.7 * ordinary.total()
    assert 0 < ordinary["referred_nothing"]
    assert ordinary["seizure"] < 0.05 * ordinary.total()  # those that stories rest on


def test_operators_decide_about_alerts(traffic: Traffic) -> None:
    """Each alert gets one decision, with its id; what is there is mostly found, some alerts nobody follows."""
    labels = {crossing: label for crossing, label, _ in traffic.labels}
    ordinary = [traffic.crossing_id(row) for row in range(0, len(traffic), 500)]
    alerts = [Alerted(f"a{n}", crossing) for n, crossing in enumerate([*labels, *ordinary])]
    made = dispositions_for(alerts, labels, seed=9)
    assert {(d.alert_id, d.crossing_id) for d in made} == {(a.alert_id, a.crossing_id) for a in alerts}
    assert {"alert"} == {d.selected_by for d in made}
    hits = ("seizure", "other_violation", "possible_victim")
    right = [d.outcome in hits for d in made if d.crossing_id in labels]
    wrong = [d.outcome in hits for d in made if d.crossing_id not in labels]
    assert 0.45 < sum(right) / len(right) < 0.95
    assert sum(wrong) < 0.05 * len(wrong)
    assert 0 < sum(d.outcome == "not_examined" for d in made) < 0.2 * len(made)


def test_a_decision_depends_on_its_crossing_alone(traffic: Traffic) -> None:
    """The same seed decides the same about one alert, whatever other alerts there are; another seed otherwise."""
    labels = {crossing: label for crossing, label, _ in traffic.labels}
    alerts = [Alerted(f"a{n}", crossing) for n, crossing in enumerate(labels)]
    everything = dispositions_for(alerts, labels, seed=9)
    half = dispositions_for(alerts[::2], labels, seed=9)
    assert half == [d for d in everything if int(str(d.alert_id)[1:]) % 2 == 0]
    assert [d.outcome for d in everything] != [d.outcome for d in dispositions_for(alerts, labels, seed=10)]
