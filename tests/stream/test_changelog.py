"""Does a compacted topic give a table back as it was at the last checkpoint, and stay small?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigError
from stream.changelog import FACTOR, STATE_KEY, Changelog
from stream.kept import Kept
from stream.state import StateTable
from tests.stream.compacted import Topic

KEY = b"k" * 16
IDENTITY = {"config": "sha256:1"}
NOTHING = Kept({}, {}, {})
MODEL = Kept({"sums": {"a": np.arange(6).reshape(2, 3)}}, {"period": 7}, {"trees": b"a model"})

steps = st.lists(st.lists(st.integers(1, 40), max_size=12), min_size=1, max_size=30)


def table(capacity: int = 1_000) -> StateTable:
    """An empty one, its rows large enough for several segments."""
    return StateTable([("seen", "i8"), ("rest", "u1", (300_000,))], capacity=capacity, forget_after_ms=2**62)


def touch(rows: StateTable, keys: list[int], at: int) -> None:
    """Keys are seen."""
    if keys:
        slots = rows.slots_of(np.array(keys, np.uint64), at)
        rows.rows["seen"][slots] += 1
        rows.rows["meta"]["last_ms"][slots] = at


def known(rows: StateTable) -> dict[int, int]:
    """What is known of each key."""
    used = rows.rows[: len(rows)]
    return dict(zip(used["meta"]["key"].tolist(), used["seen"].tolist(), strict=True))


@given(parts=steps, capacity=st.sampled_from([25, 1_000]))
def test_any_checkpoint_can_be_gone_on_from(parts: list[list[int]], capacity: int) -> None:
    """Keys come, change and are evicted; each checkpoint, before and after compaction, gives just that table."""
    rows, log, topic = table(capacity), Changelog(KEY, IDENTITY), Topic()
    for number, keys in enumerate(parts):
        touch(rows, keys, number)
        topic.write(log.save(rows, NOTHING, {"position": number}))
        for records in (topic.compacted(), topic.raw()):
            again, read = table(capacity), Changelog(KEY, IDENTITY)
            restored = read.load(records, again)
            assert restored is not None
            assert number == restored.values["position"]
            assert known(rows) == known(again)
        if number % 3 == 0:  # another worker goes on
            rows, log = again, read


def test_the_log_stays_about_twice_as_large_as_the_table() -> None:
    """However often the same rows change: old segments are cleaned."""
    rows, log, topic = table(), Changelog(KEY, IDENTITY), Topic()
    rng = np.random.default_rng(1)
    touch(rows, list(range(1, 61)), 0)
    largest = 0
    for number in range(60):
        touch(rows, np.unique(rng.integers(1, 61, 5)).tolist(), number)
        topic.write(log.save(rows, NOTHING, {}))
        largest = max(largest, sum(log.segments.sizes.values()))
    assert 60 < largest <= FACTOR * 60 + 8
    assert any(value is None for value in topic.records.values())


def test_a_checkpoint_holds_what_has_changed_and_no_more() -> None:
    """Two of sixty rows: one segment of two."""
    rows, log = table(), Changelog(KEY, IDENTITY)
    touch(rows, list(range(1, 61)), 0)
    log.save(rows, NOTHING, {})
    touch(rows, [7, 9], 1)
    changes = log.save(rows, NOTHING, {})
    assert [STATE_KEY] == [change.key for change in changes[1:]]
    assert 2 == list(log.segments.sizes.values())[-1]


def saved(kept: Kept = MODEL) -> Topic:
    """A topic with one checkpoint."""
    rows, topic = table(), Topic()
    touch(rows, [1, 2], 0)
    topic.write(Changelog(KEY, IDENTITY).save(rows, kept, {}))
    return topic


def test_what_a_stage_keeps_comes_back() -> None:
    """Arrays with their types and shapes, values, and models byte for byte."""
    restored = Changelog(KEY, IDENTITY).load(saved().compacted(), table())
    assert restored is not None
    np.testing.assert_array_equal(MODEL.arrays["sums"]["a"], restored.kept.arrays["sums"]["a"])
    assert MODEL.values == restored.kept.values
    assert MODEL.blobs == restored.kept.blobs


def test_an_empty_topic_is_a_fresh_start() -> None:
    """No checkpoint, no error."""
    assert Changelog(KEY, IDENTITY).load(iter(()), table()) is None


def test_a_model_signed_with_another_key_is_refused() -> None:
    """Whoever can write to the topic but has no plate key cannot have us load a model."""
    with pytest.raises(ConfigError, match="`trees` were not written with this plate key"):
        Changelog(b"x" * 16, IDENTITY).load(saved().compacted(), table())


def test_the_state_of_another_configuration_is_refused() -> None:
    """The message says which part differs and what to do."""
    with pytest.raises(ConfigError, match=r"another value of `config`.*kafka_topics"):
        Changelog(KEY, {"config": "sha256:2"}).load(saved().compacted(), table())


def test_rows_of_other_detectors_are_refused() -> None:
    """They would be read as something else."""
    other = StateTable([("seen", "i4")], capacity=10, forget_after_ms=1)
    with pytest.raises(ConfigError, match="rows of another shape"):
        Changelog(KEY, IDENTITY).load(saved().compacted(), other)


def test_a_checkpoint_is_of_the_moment_it_was_taken() -> None:
    """The stage goes on while another thread makes the bytes; only what was written meanwhile is of that moment."""
    rows, topic, counts = table(), Topic(), np.zeros(3, np.int64)
    touch(rows, [1, 2], 0)
    values, ends = {"told": {"a": 1}}, dict[str, int]()
    changes = Changelog(KEY, IDENTITY).save(rows, Kept({"watch": {"counts": counts}}, {}, {}), values, ends)
    touch(rows, [1, 2], 1)
    counts += 5
    values["told"]["b"] = 2
    ends["alerts"] = 7
    topic.write(changes)
    again = table()
    restored = Changelog(KEY, IDENTITY).load(topic.compacted(), again)
    assert restored is not None
    assert [0, 0, 0] == restored.kept.arrays["watch"]["counts"].tolist()
    assert {"a": 1} == restored.values["told"]
    assert {1: 1, 2: 1} == known(again)
    assert {"alerts": 7} == restored.ends
