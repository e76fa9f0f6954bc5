"""How does somebody see it work in a minute? `linewatch demo`: generated traffic, alerts as they come, in the terminal.

Everything but the traffic is real: lines of JSON go through the codec and the pipeline that a port would run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ops.demo_border import DemoBorder
    from ops.demo_screens import Screen

TICK_S = 0.1
STEP_MS = 6 * 3_600_000  # most simulated time handled between two pictures


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds of real time and how to wait; a test has its own."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the show runs and when it ends."""

    speed: float  # simulated days a second
    seconds: float | None  # of real time at most


@click.command()
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Another seed, another border.")
@click.option(
    "--speed",
    default=0.25,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Simulated days a second.",
)
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 365), help="Simulated days to show.")
@click.option("--plain", "--no-tui", is_flag=True, help="Lines of text; what is used when output is not a terminal.")
@click.option("--seconds", default=None, type=click.FloatRange(min=0), help="Stop the show after so many seconds.")
def demo(seed: int, speed: float, days: int, plain: bool, seconds: float | None) -> None:
    """Show generated border traffic at accelerated time, and the alerts it gives, each with its reasons.

    Needs nothing else. Sixty days of history are read first, so that vehicles have habits to break. Ctrl-C ends it.
    """
    from rich.console import Console

    from ops.demo_border import build
    from ops.demo_screens import LiveScreen, PlainScreen, preparing
    from ops.demo_summary import summary

    console = Console()
    plain = plain or not console.is_terminal
    try:
        with preparing(console, plain=plain) as told:
            border = build(seed, days, told)
            border.warm_up(told)
        screen: Screen = PlainScreen(console, border) if plain else LiveScreen(console, border)
        with screen:
            play(border, screen, Pace(speed, seconds), Clock())
    except KeyboardInterrupt:
        console.print("Stopped before the show began: nothing was written, `linewatch demo` starts again.")
        return
    console.print(summary(border))


def play(border: DemoBorder, screen: Screen, pace: Pace, clock: Clock) -> None:
    """Let simulated time run at the pace until the days, the seconds or the viewer's patience end."""
    started = clock.now()
    try:
        while border.now_ms < border.end_ms:
            elapsed = clock.now() - started
            if pace.seconds is not None and elapsed >= pace.seconds:
                return
            target = min(border.end_ms, border.live_from_ms + int(elapsed * pace.speed * 86_400_000))
            until = min(target, border.now_ms + STEP_MS)
            screen.show(border.advance(until), elapsed)
            if until == target < border.end_ms:
                clock.wait(TICK_S)
        screen.show(border.finish(), clock.now() - started)
    except KeyboardInterrupt:
        return
