"""When does a worker end because it is stuck?"""

from __future__ import annotations

import pytest

from schemas.errors import Unavailable
from stream.worker_run import REST, Watchdog


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """One that stands."""
    return Clock()


@pytest.fixture
def watchdog(clock: Clock) -> Watchdog:
    """With a patience of ten seconds."""
    return Watchdog(clock, 10)


def test_who_moves_or_has_nothing_to_do_is_not_stuck(watchdog: Watchdog, clock: Clock) -> None:
    """However long it takes in all."""
    for moved in range(5):
        clock.at += 9
        watchdog.look(moved, behind=True)
    for _ in range(5):
        clock.at += 9
        watchdog.look(4, behind=False)


def test_who_does_not_move_although_records_wait_is_stuck(watchdog: Watchdog, clock: Clock) -> None:
    """After its patience."""
    watchdog.look(1, behind=True)
    clock.at += 10
    watchdog.look(1, behind=True)
    clock.at += 1
    with pytest.raises(Unavailable, match=r"not moved for 10 s.*worker_stuck_s"):
        watchdog.look(1, behind=True)


def test_a_rebalance_may_take_longer_but_not_for_ever(watchdog: Watchdog, clock: Clock) -> None:
    """States are restored in it; afterwards the patience begins anew."""
    watchdog.look(1, behind=True)
    watchdog.rest()
    clock.at += REST * 10
    watchdog.rest()
    watchdog.look(1, behind=True)
    clock.at += 9
    watchdog.look(1, behind=True)
    watchdog.rest()
    clock.at += REST * 10 + 1
    with pytest.raises(Unavailable, match="waited 50 s for its partitions"):
        watchdog.rest()
