"""Is a ranking measured as the report says? A log of a few crossings, every figure worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import health
from evaluation.assemble import Setup, assemble, prepare
from evaluation.bench import Bench, Ranked, Split
from evaluation.labels import Event
from evaluation.notices import notices
from evaluation.results import Ranking
from evaluation.scores import Scores
from schemas.errors import ConfigError
from schemas.models import Disposition, Notice, moment_of, rfc3339
from tests.evaluation.columns import HOUR_MS, START_MS, scores_of, truth_of

N = 1000
SETUP = Setup("log", ["2504"], health.Allowance(6, 12), "sha256:0", 0.0, 0.5)


def log() -> Scores:
    """1,000 crossings an hour apart; ordinary scores rise from 0 to 1 again and again, 995 and 999 stand out."""
    score = [(k % 500) / 500 for k in range(N)]
    score[600], score[700], score[995], score[999] = 0.5005, 2.0, 3.0, 1.5
    alerted = [k in {995, 300, 640} for k in range(N)]
    return scores_of([float(k) for k in range(N)], score, alerted=alerted)


LABELS = {
    "c400": ("odd_hour", "before"),
    "c600": ("odd_hour", "a"),
    "c700": ("odd_hour", "a"),
    "c800": ("new_port", "b"),
    "c995": ("new_port", "c"),
}


def bench(**more: object) -> Bench:
    """Scored from hour 500 on."""
    truth = truth_of(LABELS, {"c999": ("dst", "x"), "c640": ("dst", "y"), "c641": ("dst", "y")}, **more)
    return Bench(log(), truth, Split(START_MS, START_MS + 500 * HOUR_MS, START_MS + N * HOUR_MS))


def ranked(score: np.ndarray, **more: object) -> Ranked:
    """A ranking of the bench."""
    return Ranked("x", "X", "about", score, **more)  # type: ignore[arg-type]


def measured(one: Ranked) -> Ranking:
    """On the bench, beside the log's own score."""
    return bench().ranking(one, ranked(log().score))


def test_average_precision_counts_the_scored_period_only() -> None:
    """Planted 995 and 700 are first and second; 999 is ordinary; 600 has 249 + 1 above it, 800 has 199 + 1."""
    found = measured(ranked(log().score))
    c600 = 4 / (4 + 1 + sum(s > 0.5005 for s in _ordinary()))
    c800 = 3 / (3 + 1 + sum(s >= 0.6 for s in _ordinary()))
    assert pytest.approx((1 + 1 + c800 + c600) / 4, rel=1e-5) == found.average_precision
    assert pytest.approx(4 / 500) == found.base_rate


def _ordinary() -> list[float]:
    return [(k % 500) / 500 for k in range(500, N) if k not in {600, 700, 800, 995, 999}]


def test_a_threshold_comes_from_the_earlier_period() -> None:
    """1 % of the first 500 crossings is five of them, 0.990 and above; later 0.33 % and 1 % give what they give."""
    at = measured(ranked(log().score)).at
    assert (0.998, 0.99) == (at["0.33%"].threshold, at["1%"].threshold)
    # 700, 995, 999 stand out, and 996 .. 998 (0.992 .. 0.996) are what they are
    assert pytest.approx(3 / 500) == at["0.33%"].alert_rate
    assert pytest.approx(6 / 500) == at["1%"].alert_rate
    assert pytest.approx(2 / 3, rel=1e-5) == at["0.33%"].precision
    assert pytest.approx((2 / 3) / (4 / 500), rel=1e-5) == at["0.33%"].lift


def test_events_episodes_and_time_to_detect() -> None:
    """Story a begins with 600, which is not found, and is found 100 hours later; what began before does not count."""
    found = measured(ranked(log().score)).at["0.33%"].found
    assert (2, 4) == (found.events.found, found.events.of)
    assert (2, 3) == (found.episodes.found, found.episodes.of)
    assert (50.0, 90.0) == (found.hours_to_detect_median, found.hours_to_detect_p90)


def test_each_typology_stands_against_ordinary_crossings_alone() -> None:
    """What is planted for another typology is neither right nor wrong."""
    one = (
        bench(strength={"b": 0.25, "c": 1.0})
        .ranking(ranked(log().score), ranked(log().score), log().alerted)
        .typologies["new_port"]
    )
    c800 = 2 / (2 + 1 + sum(s >= 0.6 for s in _ordinary()))
    assert pytest.approx((1 + c800) / 2, rel=1e-5) == one.average_precision
    assert (2, 2) == (one.crossings, one.episodes)
    assert {"0.25": (0, 1), "1": (1, 1)} == {k: (s.found, s.of) for k, s in one.strengths.items()}
    assert (1, 2) == (one.at["alerts"].events.found, one.at["alerts"].events.of)


def test_hard_negatives_at_the_systems_own_alerts() -> None:
    """640 alerted: the first of its episode."""
    mine = bench()
    assert (1, 3) == (mine.benign_alerted(log().alerted)["dst"].found, mine.benign_alerted(log().alerted)["dst"].of)
    first = mine.benign_alerted(log().alerted, first=True)["dst"]
    assert (1, 2) == (first.found, first.of)


def test_a_sample_weighs_as_many_as_it_stands_for() -> None:
    """Every second ordinary crossing with weight 2: about the same figures as all of them."""
    score, planted = log().score, {600, 700, 800, 995, 400}
    kept = np.array([k in planted or k % 2 == 1 for k in range(N)])
    weight = np.where(kept, [1.0 if k in planted else 2.0 for k in range(N)], 0.0)
    found = measured(ranked(np.where(kept, score, np.nan), weight=weight))
    whole = measured(ranked(score))
    assert pytest.approx(whole.average_precision, rel=0.01) == found.average_precision
    assert pytest.approx(whole.base_rate, rel=0.01) == found.base_rate
    assert sum(kept) == found.scored
    assert found.linewatch_average_precision == found.average_precision  # the same score on the same sample
    assert whole.average_precision == whole.linewatch_average_precision != found.average_precision


def test_a_typology_for_the_integrity_role_stands_apart() -> None:
    """It is ranked by its own score, and the overall figures do not know it."""
    mine = bench()
    apart = Bench(mine.scores, mine.truth, mine.split, frozenset({"new_port"}))
    own = np.zeros(N)
    own[[800, 995]] = 5.0
    found = apart.ranking(ranked(log().score, instead={"new_port": own}), ranked(log().score))
    assert 2 == found.at["1%"].found.events.of
    assert (1.0, "new_port") == (found.typologies["new_port"].average_precision, found.typologies["new_port"].ranked_by)


def test_a_perfect_and_an_inverted_ranking() -> None:
    """The bench's own ends: 1 at the top, about the base rate at the bottom."""
    truth = np.zeros(N)
    truth[[400, 600, 700, 800, 995]] = 1.0
    perfect = measured(ranked(truth + np.arange(N) * 1e-6))
    assert (1.0, 1.0) == (perfect.average_precision, perfect.recall_by_rate.y[-1])
    worst = measured(ranked(-truth)).average_precision
    assert worst is not None
    assert worst < 0.01


def test_calibration_leaves_out_what_is_planted() -> None:
    """496 ordinary crossings of the scored period; those with a score above 1 have p below 0.1."""
    rows = health.calibration(bench())
    assert ["combined", *log().layout.names] == list(rows)
    assert 496 == rows["combined"].evaluated
    score = np.array([s for k, s in enumerate(log().score) if k >= 500 and k not in {600, 700, 800, 995}])
    assert int((score > 1.0).sum()) == rows["combined"].below["0.1"]
    assert (0, None) == (rows[log().layout.names[0]].evaluated, rows[log().layout.names[0]].share["0.1"])


def test_hours_and_their_budget() -> None:
    """Two alerts in 500 hours of one port; hours without any count too."""
    found = health.budget(bench(), health.Allowance(6, 0), ["2504", "unused"])
    assert (500, 0.004, 1) == (found.hours, found.per_hour_mean, found.per_hour_max)
    assert {"0": 498, "1": 2} == found.hours_by_alerts
    assert ["2504"] == list(found.by_port)
    assert 2 == found.hours_above_cap.found == found.by_port["2504"].hours_above_cap


def _disposition(number: int, outcome: str, selected_by: str) -> Disposition:
    return Disposition.model_validate(
        {
            "disposition_id": f"d{number}", "crossing_id": f"c{number}", "alert_id": None, "outcome": outcome,
            "selected_by": selected_by, "by": "o", "at": "2026-02-01T00:00:00Z",
        }
    )  # fmt: skip


def test_lift_over_the_random_sample() -> None:
    """2 of 4 alerts and 1 of 10 drawn at random led to something; what nobody examined counts nowhere."""
    people = [_disposition(k, "seizure" if k < 2 else "cleared", "alert") for k in range(4)]
    people += [_disposition(k, "possible_victim" if k == 10 else "cleared", "random") for k in range(10, 20)]
    people += [_disposition(30, "not_examined", "alert"), _disposition(31, "seizure", "officer")]
    found = health.lift(bench(), people)
    assert found is not None
    assert (2, 4, 1, 10, "dispositions") == (
        found.alerts.found, found.alerts.of, found.random.found, found.random.of, found.judged_by,
    )  # fmt: skip
    assert pytest.approx((2.5 / 4.5) / (1.5 / 10.5), rel=1e-5) == found.lift.estimate
    drawn = [*people[4:14], _disposition(700, "cleared", "random")]  # 700 is planted, and nobody saw it
    from_labels = health.lift(bench(), drawn)
    assert from_labels is not None
    assert ("labels", 1, 2) == (from_labels.judged_by, from_labels.alerts.found, from_labels.alerts.of)
    assert (1, 11) == (from_labels.random.found, from_labels.random.of)
    assert None is health.lift(bench(), people[:4])


def _notice(hour: float, kind: str, port: str | None) -> Notice:
    at = rfc3339(moment_of(START_MS + int(hour * HOUR_MS)))
    audience = "supervisor" if kind == "displacement" else "operator"
    return Notice.model_validate(
        {
            "notice_id": f"n{hour}", "occurred_at": at, "kind": kind, "audience": audience, "port": port,
            "sentence": "so", "config": "sha256:00000000",
        }
    )  # fmt: skip


def test_notices_of_what_happened_to_ports() -> None:
    """The first notice of the port in the week after the event; one elsewhere, one before the scored period."""
    said = [(480.0, "flow_anomaly", "p"), (605, "drift", "p"), (610, "flow_anomaly", "p"), (620, "reader_fault", "p")]
    said += [(600.5, "flow_anomaly", "q"), (900, "flow_anomaly", "p")]
    scores = scores_of(
        [float(k) for k in range(N)], [0.0] * N, port=[k % 2 for k in range(N)], notices=[_notice(*one) for one in said]
    )
    events = [Event("p", "closure", START_MS + 600 * HOUR_MS), Event("q", "bridge", START_MS + 610 * HOUR_MS)]
    events.append(Event("unknown", "bridge", START_MS + 700 * HOUR_MS))
    mine = Bench(scores, truth_of(LABELS, events=events), bench().split)
    found = notices(mine, ["p", "q", "unknown"])
    assert {"drift": 1, "flow_anomaly": 3, "reader_fault": 1} == found.count
    assert [("closure", "flow_anomaly", 10.0), ("bridge", None, None)] == [
        (e.what, e.noticed_as, e.hours_until) for e in found.events
    ]
    assert 2 == found.elsewhere  # at q before its bridge, and at p 300 hours later
    assert pytest.approx(5 / (2 * 500 / 168), rel=0.01) == found.per_port_week


def test_what_could_not_be_looked_for_is_named() -> None:
    """A label that no detector claims, and detectors that never had an answer."""
    truth = truth_of({**LABELS, "c801": ("smuggling", "z")})
    mine = Bench(log(), truth, bench().split)
    why = {row.typology: (row.why, row.labelled) for row in health.not_evaluated(mine)}
    assert ("no detector claims it", 1) == why["smuggling"]
    assert ("no crossing had enough history", 3) == why["odd_hour"]


def test_everything_together_is_the_same_twice() -> None:
    """The results as a whole, and Linewatch as the first ranking."""
    scores = log()
    found = [assemble(prepare(scores, truth_of(LABELS), SETUP), (), SETUP, lambda *_: lambda _: None) for _ in range(2)]
    assert found[0] == found[1]
    assert ["linewatch"] == list(found[0].rankings)


def test_labels_of_another_log_are_refused() -> None:
    """And labels that all lie before the scored period."""
    with pytest.raises(ConfigError, match="belong to another log"):
        prepare(log(), truth_of({"x1": ("odd_hour", "1")}), SETUP)
    with pytest.raises(ConfigError, match="lower --split"):
        prepare(log(), truth_of({"c3": ("odd_hour", "1")}), SETUP)
