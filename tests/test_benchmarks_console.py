"""Does every open console hear of every alert? The benchmark's quick run, over real sockets; no time is looked at."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benchmarks import console_load
from benchmarks.console_clients import of_script
from benchmarks.console_load import QUICK, Heard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and cores are read from /proc")


@pytest.mark.slow
def test_every_console_hears_every_alert_once() -> None:
    """A real `linewatch console`, ten consoles that load their lists, forty alerts by another process."""
    found = console_load.of_console("console, with pages", of_script("RELOAD_MS") / 1_000, QUICK)
    assert (0, 0, 0) == (found.lost, found.doubled, found.afresh)
    assert QUICK.consoles * 40 == len(found.heard_ms) == len(found.shown_ms)
    assert min(found.heard_ms) > 0


def heard(**changes: Any) -> Heard:
    """A run."""
    return Heard("run", 1, 0, 0, 0, [5.0], [9.0], [1.0], [100.0], {"server": 0.1, "others": 0.2})._replace(**changes)


def test_growth_is_that_of_the_second_half() -> None:
    """What a server takes when it begins is no leak; 1 MB a second, told twice a second, is 60 a minute."""
    memory = [50.0, 80.0, 90.0, 95.0, *(100 + 0.5 * k for k in range(4))]
    assert pytest.approx(60) == heard(memory_mb=memory).slope
    assert 0 == heard(memory_mb=[1.0]).slope


def test_what_was_not_heard_misses_the_goal() -> None:
    """One alert at one console is enough."""
    for lost, doubled, expected in ((0, 0, "met"), (1, 0, "missed"), (0, 1, "missed")):
        full = heard(lost=lost, doubled=doubled)
        assert expected == console_load.result(heard(), heard(), full, QUICK).figures[0].verdict
