"""Results do not depend on how the stream was cut into batches."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.batch import CrossingBatch
from tests.stream.logs import CONFIG, border, lines, shuffled, single

CROSSINGS = 5000


def untidy() -> tuple[CrossingBatch, list[str]]:
    """A log in which many records come up to ten minutes late."""
    batch, names = border()
    return shuffled(batch, 600_000), names


def run(cuts: list[int], crossings: int = CROSSINGS) -> list[bytes]:
    """The result of the log's beginning, cut there."""
    batch, names = untidy()
    pipeline = single(CONFIG, names)
    edges = sorted({0, crossings, *(c for c in cuts if c < crossings)})
    decided = [pipeline.push(batch.take(slice(a, b))) for a, b in pairwise(edges)]
    return lines([*decided, pipeline.flush()])


@lru_cache(maxsize=1)
def whole() -> list[bytes]:
    """The result in one piece."""
    return run([])


@settings(max_examples=12, phases=[Phase.generate])  # each run takes a second: a failing cut is not shrunk
@given(cuts=st.lists(st.integers(1, CROSSINGS - 1), max_size=40))
def test_any_cut_gives_the_same_bytes(cuts: list[int]) -> None:
    """Alerts and every column of every crossing are equal however the log, with late and repeated records, is cut."""
    assert whole() == run(cuts)


def test_one_crossing_at_a_time_gives_the_same_bytes() -> None:
    """A poll of one crossing and a block of thousands are the same thing."""
    assert run([], 1500) == run(list(range(1500)), 1500)


def test_the_log_has_what_makes_cuts_hard() -> None:
    """The log of these tests holds late records, duplicates and alerts, so that the equality above says something."""
    batch, names = untidy()
    pipeline = single(CONFIG, names)
    pipeline.push(batch)
    pipeline.flush()
    assert pipeline.counters["late"] > 0
    assert pipeline.counters["duplicates"] > 0
    assert pipeline.counters["alerts"] > 5
    assert pipeline.errors == {}
