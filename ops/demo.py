"""How does somebody see it work in a minute? `linewatch demo`: generated traffic, in the console or the terminal.

Everything but the traffic is real: lines of JSON go through the codec and the pipeline that a port would run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
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
@click.option("--days", default=60, show_default=True, type=click.IntRange(1, 365), help="Simulated days to show.")
@click.option("--no-browser", is_flag=True, help="Print the link to the console, and open nothing.")
@click.option("--tui", is_flag=True, help="A picture in the terminal instead of the console.")
@click.option("--plain", "--no-tui", is_flag=True, help="Lines of text in the terminal instead of the console.")
@click.option("--seconds", default=None, type=click.FloatRange(min=0), help="Stop the show after so many seconds.")
def demo(
    seed: int, speed: float, days: int, no_browser: bool, tui: bool, plain: bool, seconds: float | None
) -> None:  # fmt: skip
    """Show generated border traffic at accelerated time in the operator console, alerts as they come.

    \b
    Examples:
      linewatch demo                     opens the console in the browser
      linewatch demo --no-browser        prints the link: http://127.0.0.1:8480, or another port where that is taken
      linewatch demo --tui               in the terminal

    Needs nothing else. Sixty days of history are read first, so that vehicles have habits to break. What is decided
    in the console is learnt from, half a minute later, when it can no longer be undone. Ctrl-C ends it, and nothing
    stays.
    """
    from rich.console import Console

    from ops.demo_border import build, settings_of_demo
    from ops.demo_screens import LiveScreen, PlainScreen, preparing
    from ops.demo_summary import summary
    from ops.signals import interruptible

    console = Console()
    told = console.is_terminal and not plain
    with ExitStack() as held:
        held.enter_context(interruptible())
        store = None
        try:
            if not (tui or plain):
                from ops.demo_console import DemoConsole

                show = DemoConsole(
                    settings_of_demo(), lambda text: console.out(text, highlight=False), browser=not no_browser
                )
                store = held.enter_context(show)
            with preparing(console, plain=not told) as ear:
                border = build(seed, days, ear)
                border.store = store
                border.warm_up(ear)
            screen: Screen = LiveScreen(console, border) if tui and told else PlainScreen(console, border)
            with screen:
                play(border, screen, Pace(speed, seconds), Clock())
                if store is not None and seconds is None:
                    stay(border, console.out)
        except KeyboardInterrupt:
            console.print("Stopped before the show began: nothing was written, `linewatch demo` starts again.")
            return
    console.print(summary(border))


def stay(border: DemoBorder, told: Callable[[str], None]) -> None:
    """After the last simulated day the console is there until Ctrl-C."""
    if border.now_ms >= border.end_ms:
        told("The simulated days are over; the console stays until Ctrl-C.")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


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
