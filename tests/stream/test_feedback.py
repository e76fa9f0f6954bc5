"""Is what people found learnt from once, in the order of its time, and never above the budget?"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from schemas.batch import CrossingBatch
from schemas.dispositions import Given
from schemas.keys import key64
from schemas.models import Alert
from stream.feedback import GRID, LEAST, SEIZED_DAYS, STEP, Feedback
from stream.pipeline import Decided, Pipeline
from stream.selection import MOST, Looked, lift, rate
from tests.stream.logs import CONFIG, border, border_lines, lines, lines_of, shuffled, single
from tests.stream.partitions import Cluster, records_of
from tests.stream.test_partitions import by_crossing

HOUR, DAY = 3_600_000, 86_400_000
HALF = 12_000


def log() -> tuple[CrossingBatch, list[str]]:
    """A log in which records come out of order, within the allowed lateness."""
    batch, names = border()
    return shuffled(batch, CONFIG.lateness_ms), names


@lru_cache(maxsize=1)
def silent() -> list[Decided]:
    """What is decided when nobody says anything."""
    batch, names = log()
    pipeline = single(CONFIG, names)
    return [pipeline.push(batch), pipeline.flush()]


def alerts_of(decided: list[Decided]) -> list[Alert]:
    """All alerts."""
    return [alert for part in decided for alert in part.alerts]


@lru_cache(maxsize=1)
def given() -> tuple[Given, ...]:
    """An hour after each alert somebody looked: found where the first reason says so; and a look at every 50th."""
    batch, _ = log()
    useful = Counter(a.reasons[0].typology for a in alerts_of(silent())).most_common(1)[0][0]
    said = [
        Given(int(a.occurred_at.timestamp() * 1000) + HOUR, f"d{n:05}", a.crossing_id,
              "seizure" if a.reasons[0].typology == useful else "cleared", "alert")
        for n, a in enumerate(alerts_of(silent()))
    ]  # fmt: skip
    said += [
        Given(int(batch.time_ms[i]) + 2 * HOUR, f"r{i:05}", batch.crossing_id[i], "cleared", "random")
        for i in range(0, len(batch), 50)
    ]
    return tuple(sorted(said, key=lambda one: one.disposition_id))  # not in the order of their time


def heard(pipeline: Pipeline) -> Pipeline:
    """The pipeline, told everything before it begins."""
    pipeline.learn(given())
    return pipeline


@lru_cache(maxsize=1)
def learnt() -> tuple[list[Decided], Pipeline]:
    """The same log with the dispositions, in one piece."""
    batch, names = log()
    pipeline = heard(single(CONFIG, names))
    return [pipeline.push(batch), pipeline.flush()], pipeline


def test_people_change_weights_and_order_of_the_queue() -> None:
    """Alerts get a priority once enough was looked at; the useful detector gains, within [1/2, 2]."""
    decided, pipeline = learnt()
    priorities = [alert.priority for alert in alerts_of(decided)]
    assert priorities[0] is None
    assert priorities[-1] is not None
    assert b'"priority":' in alerts_of(decided)[-1].to_json()
    weights = pipeline.at_ports.weights
    assert 0.5 <= weights.min() < 1 < weights.max() <= 2
    found = {g.crossing_id for g in given() if g.outcome == "seizure"}
    late = [a for a in alerts_of(decided)[len(priorities) // 2 :] if a.priority is not None]
    high = np.mean([a.priority for a in late if a.crossing_id in found])
    low = np.mean([a.priority for a in late if a.crossing_id not in found])
    assert high > 2 * low


def test_nothing_is_said_of_what_nobody_looked_at() -> None:
    """`not_examined` teaches nothing: every byte is that of a run without dispositions."""
    batch, names = log()
    pipeline = single(CONFIG, names)
    pipeline.learn([one._replace(outcome="not_examined") for one in given()])
    assert lines(silent()) == lines([pipeline.push(batch), pipeline.flush()])


def test_the_budget_holds_whatever_people_find() -> None:
    """No port gives more alerts in 60 minutes than the cap, with weights far from 1."""
    by_port: dict[str, list[float]] = {}
    for alert in alerts_of(learnt()[0]):
        by_port.setdefault(alert.port, []).append(alert.occurred_at.timestamp() * 1000)
    for times in by_port.values():
        at = np.sort(times)
        most = CONFIG.budget_cap_per_hour
        assert len(at) <= most or (at[most:] - at[:-most] >= HOUR).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_any_cut_gives_the_same_bytes(seed: int) -> None:
    """However the crossings were cut, and whenever within its two hours a disposition came."""
    batch, names = log()
    pipeline, waiting, decided = single(CONFIG, names), sorted(given()), list[Decided]()
    edges = np.unique(np.random.default_rng(seed).integers(1, len(batch), 60)).tolist()
    for a, b in zip([0, *edges], [*edges, len(batch)], strict=True):
        soon = int(batch.time_ms[a:b].max()) + HOUR
        pipeline.learn([one for one in waiting if one.at_ms <= soon][::-1])
        waiting = [one for one in waiting if one.at_ms > soon]
        decided.append(pipeline.push(batch.take(slice(a, b))))
    assert lines(learnt()[0]) == lines([*decided, pipeline.flush()])
    assert 0 == pipeline.dispositions["late"]


def test_partitions_give_the_same_bytes() -> None:
    """Three port partitions that exchange their matches learn what one process learns."""
    batch, names = log()
    topic = records_of(lines_of(batch, border_lines()), names, 4)
    apart = Cluster(CONFIG, names, 4, 3).run(topic, np.random.default_rng(4), given())
    alone = learnt()[0]
    assert by_crossing(alone) == by_crossing(apart)
    assert sorted(a.to_json() for a in alerts_of(alone)) == sorted(a.to_json() for a in alerts_of(apart))


def test_saved_and_loaded_anywhere_gives_the_same_bytes(tmp_path: Path) -> None:
    """Dispositions that wait, the memory, the model, the weights on their way and the marks come back."""
    batch, names = log()
    pipeline, decided = heard(single(CONFIG, names)), list[Decided]()
    for number, start in enumerate(range(0, len(batch), 5000)):
        decided.append(pipeline.push(batch.take(slice(start, start + 5000))))
        folder = tmp_path / str(number)
        folder.mkdir()
        pipeline.save(folder)
        pipeline = single(CONFIG, names)
        pipeline.load(folder)
        pipeline.learn(given()[:500])  # come again: dropped, or late and so dropped too
    assert lines(learnt()[0]) == lines([*decided, pipeline.flush()])


def test_what_comes_twice_or_names_nothing_known_is_counted() -> None:
    """A repeat is learnt from once; a crossing that was never seen cannot be learnt from."""
    batch, names = log()
    pipeline = single(CONFIG, names)
    at = int(batch.time_ms[500])
    pipeline.learn(
        [Given(at, "d1", "never seen", "cleared", "officer"), *[Given(at, "d2", "c", "cleared", "alert")] * 3]
    )
    pipeline.push(batch)
    expected = {"cleared alert": 1, "cleared officer": 1, "late": 0, "repeated": 2, "unmatched": 2}
    assert expected == pipeline.dispositions


def test_a_seizure_marks_its_vehicle_for_180_days() -> None:
    """From two hours after, until half a year later."""
    feedback = Feedback(np.ones(3, np.bool_))
    said = np.full((1, 3), 40, np.uint8)
    yes = np.array([True])
    feedback.note(100, np.array([key64("c")], np.uint64), np.array([77], np.uint64), yes, yes, said)
    feedback.hear([Given(101 * HOUR + 5, "d", "c", "seizure", "officer")])
    assert [] == feedback.seized_key.tolist()
    feedback.publish(101, [feedback.collect(101)])
    assert ([77], [101 * HOUR + 5]) == (feedback.seized_key.tolist(), feedback.seized_ms.tolist())
    feedback.advance(101 + 24 * SEIZED_DAYS - 3)
    assert [77] == feedback.seized_key.tolist()
    feedback.advance(101 + 24 * SEIZED_DAYS)
    assert [] == feedback.seized_key.tolist()


def test_weights_move_by_small_steps() -> None:
    """Whatever is found in one hour, a weight moves by 2 % an hour at the most."""
    feedback = Feedback(np.ones(2, np.bool_))
    n = 3000
    keys = np.arange(1, n + 1, dtype=np.uint64)
    said = np.ones((n, 2), np.uint8)
    said[: n // 2, 0], said[n // 2 :, 1] = 200, 200
    yes = np.ones(n, np.bool_)
    ids = [f"c{k}" for k in range(n)]
    feedback.note(10, np.array([key64(i) for i in ids], np.uint64), keys, yes, yes, said)
    outcomes = ["seizure" if k < n // 2 else "cleared" for k in range(n)]
    feedback.hear([Given(10 * HOUR + k, f"d{k}", ids[k], outcomes[k], "alert") for k in range(n)])
    feedback.publish(10, [feedback.collect(10)])
    before = feedback.factors()
    assert [1.0, 1.0] == before.tolist()
    for hour in range(11, 80):
        feedback.advance(hour)
        assert np.abs(feedback.factors() - before).max() <= STEP / GRID
        before = feedback.factors()
    assert before[0] > 1.5
    assert before[1] < 0.6
    found = said[0].tobytes(), said[-1].tobytes()
    high, low = (feedback.priority(answers) for answers in found)
    assert high is not None
    assert low is not None
    assert high > 0.8
    assert low < 0.2


def test_no_priority_before_enough_was_looked_at() -> None:
    """One crossing fewer than `LEAST` says nothing yet."""
    feedback = Feedback(np.ones(1, np.bool_))
    feedback.model = None
    looks = [Given(k, f"d{k}", "c", "seizure" if k < 10 else "cleared", "alert") for k in range(LEAST)]
    for one in looks[:-1]:
        feedback.looked.count(one)
    assert feedback.priority(bytes([50])) is None


def test_examples_weigh_the_inverse_of_their_chance() -> None:
    """Relative to alerts, and never more than `MOST` times."""
    looked = Looked()
    looked.add(crossings=10_000, alerts=100)
    for k in range(60):
        looked.count(Given(k, f"a{k}", "c", "cleared", "alert"))
    for k in range(1500):
        looked.count(Given(k, f"r{k}", "c", "cleared", "random"))
    assert 1.0 == looked.weight("alert")
    assert looked.weight("random") == pytest.approx((61 / 101) / (1501 / 10_001))
    assert MOST == looked.weight("officer")


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 2,000 simulated samples at a lift of 20, 95 % intervals hold the truth in 92 to 99 %."""
    rng = np.random.default_rng(3)
    held = np.zeros(2)
    for found, random in zip(rng.binomial(400, 0.2, 2000), rng.binomial(1500, 0.01, 2000), strict=True):
        estimate = lift((int(found), 400), (int(random), 1500))
        held += [estimate.low <= 20 <= estimate.high, estimate.random.low <= 0.01 <= estimate.random.high]
    assert ((held > 0.92 * 2000) & (held < 0.99 * 2000)).all()


def test_nobody_looked_at_random_no_lift() -> None:
    """No estimate is made up."""
    assert np.isnan(lift((3, 10), (0, 0)).ratio)
    assert np.isnan(rate(0, 0).rate)
