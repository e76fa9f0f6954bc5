"""Who is known to have come how far, and when is a partition silent for good?"""

from __future__ import annotations

from stream.messages import Progress
from stream.sessions import PATIENCE_S, Sessions


class Clock:
    """Seconds, set by the test."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.at


def word(
    line: int, reached_ms: int, ends: dict[int, int] | None = None, *, done: bool = False, log: int = 1
) -> Progress:
    """A producer's word."""
    return Progress(log, line, reached_ms, ends or {}, done)


def test_a_word_counts_for_whoever_has_read_what_was_sent_before_it() -> None:
    """A partition that has not read that far does not know; one that got nothing of the log knows at once."""
    sessions = Sessions(Clock())
    sessions.hear(word(10, 5_000, {0: 7}))
    assert sessions.reached(0, 6) is None
    assert 5_000 == sessions.reached(0, 7)
    assert 5_000 == sessions.reached(1, 0)


def test_while_a_producer_is_at_work_no_partition_is_finished() -> None:
    """Its last word ends the session, for those that have read all of it."""
    sessions = Sessions(Clock())
    sessions.hear(word(0, 0))
    assert [True] == [sessions.open]
    sessions.hear(word(20, 9_000, {0: 12}, done=True))
    assert [False] == [sessions.open]
    assert [False, True] == [sessions.finished(0, read_to) for read_to in (11, 12)]
    sessions.hear(word(0, 0, log=2))
    assert not sessions.finished(0, 12)


def test_a_producer_that_is_silent_for_long_has_gone() -> None:
    """Nobody waits for it for ever."""
    clock = Clock()
    sessions = Sessions(clock)
    sessions.hear(word(5, 1_000))
    clock.at = PATIENCE_S + 1
    assert not sessions.open


def test_an_older_word_is_not_heard() -> None:
    """The exchange is read again from an earlier offset after a rebalance."""
    sessions = Sessions(Clock())
    sessions.hear(word(20, 9_000, done=True))
    sessions.hear(word(10, 5_000))
    assert [word(20, 9_000, done=True)] == sessions.words()
