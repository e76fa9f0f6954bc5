"""How is the demo shown? A picture that is redrawn on a terminal, lines of text anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self

from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from ops.demo_view import View, line_of

if TYPE_CHECKING:
    from rich.console import Console

    from ops.demo_border import DemoBorder, Told
    from schemas.models import Alert


class Screen(Protocol):
    """Where alerts are shown."""

    def __enter__(self) -> Self:
        """Take the terminal."""

    def __exit__(self, *error: object) -> None:
        """Give it back."""

    def show(self, alerts: list[Alert], elapsed_s: float) -> None:
        """The alerts since the last time; `elapsed_s` of real time since the show began."""


class LiveScreen:
    """The picture: redrawn in place, on the terminal's other screen."""

    def __init__(self, console: Console, border: DemoBorder) -> None:
        self._view = View(border, ascii_only=console.options.ascii_only)
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, alerts: list[Alert], elapsed_s: float) -> None:  # noqa: ARG002  (the tally has them)
        """Redraw; what is shown is the border's tally."""
        self._live.update(self._view.render(elapsed_s, *self._live.console.size), refresh=True)


class PlainScreen:
    """One line an alert, one line a simulated day."""

    def __init__(self, console: Console, border: DemoBorder) -> None:
        self._console, self._border = console, border
        self._day = ""

    def __enter__(self) -> Self:
        self._line("DEMO: generated traffic, not real vehicles. Times are each port's own.")
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to give back."""

    def show(self, alerts: list[Alert], elapsed_s: float) -> None:
        """Print the alerts, and where we are when a day has passed."""
        border = self._border
        for alert in alerts:
            self._line(line_of(border, alert))
        day = f"{border.simulated_now():%Y-%m-%d}"
        if day != self._day:
            self._day = day
            self._line(f"{day} crossings {border.crossings:,} alerts {border.tally.alerts} after {elapsed_s:.0f} s")

    def _line(self, text: str) -> None:
        self._console.out(text, highlight=False)


class _PlainTold:
    """A line for each kind of work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = ""

    def progress(self, what: str, done: int, total: int) -> None:  # noqa: ARG002  (a line is said once)
        """Say what is being done, when that changes."""
        if what != self._said:
            self._said = what
            self._console.out(f"{what} ...", highlight=False)

    def alert(self, border: DemoBorder, alert: Alert) -> None:
        """Print it."""
        self._console.out(f"from the history: {line_of(border, alert)}", highlight=False)


class _BarTold:
    """A bar, and above it what there is to read."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def progress(self, what: str, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=what, completed=done, total=total or None)

    def alert(self, border: DemoBorder, alert: Alert) -> None:
        """Print it above the bar."""
        self._bar.console.print(Text(f"From the history: {line_of(border, alert)}\n"))


@contextmanager
def preparing(console: Console, *, plain: bool) -> Iterator[Told]:
    """Tells how far the preparations are: a bar on a terminal, a line for each kind of work elsewhere."""
    if plain:
        yield _PlainTold(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        yield _BarTold(bar)
