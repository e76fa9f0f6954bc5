"""What does a person see while a log runs, and at its end? A bar or lines on standard error; a summary table."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from stream.selection import Rate, lift_of

if TYPE_CHECKING:
    from stream.runner import Seen
    from stream.tally import Tally

MODES = ("auto", "bar", "lines", "none")


def say(text: str) -> None:
    """One line on standard error."""
    click.echo(f"linewatch: {text}", err=True)


@contextmanager
def display(mode: str, total: int | None) -> Iterator[Callable[[Seen], None]]:
    """A callback for the runner. `auto` is a bar on a terminal and nothing elsewhere; `total` is in bytes."""
    if mode == "auto":
        mode = "bar" if sys.stderr.isatty() else "none"
    if mode == "bar":
        with _bar(total) as bar:
            yield bar
    else:
        show = _line if mode == "lines" else _nothing
        yield show


def _nothing(_: Seen) -> None:
    """No display."""


def _line(seen: Seen) -> None:
    tally = seen.tally
    say(f"progress lines={tally.lines} alerts={tally.alerts} checkpoints={seen.checkpoints} bytes={seen.bytes_read}")


@contextmanager
def _bar(total: int | None) -> Iterator[Callable[[Seen], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TextColumn("{task.fields[about]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total, about="compiling")
        started = time.monotonic()
        first: int | None = None

        def show(seen: Seen) -> None:
            nonlocal first
            first = seen.tally.lines if first is None else first
            rate = (seen.tally.lines - first) / max(time.monotonic() - started, 1e-3)
            about = f"{rate:,.0f} crossings/s  {seen.tally.alerts:,} alerts"
            progress.update(task, completed=seen.bytes_read, about=about)

        yield show


def summary(tally: Tally, *, lines_now: int, seconds: float, reject_file: str) -> str:
    """The table at the end; `lines_now` of the lines were read in these `seconds`, the others by an earlier run."""
    rejected = sum(tally.rejected.values())
    rows: list[tuple[str, str]] = [("lines", f"{tally.lines:,}"), ("  accepted", f"{tally.accepted:,}")]
    rows.append(("  rejected", f"{rejected:,}" + (f"  (see {reject_file})" if rejected else "")))
    rows += [(f"    {reason}", f"{count:,}") for reason, count in sorted(tally.rejected.items())]
    rows.append(("  duplicates", f"{tally.duplicates:,}"))
    rows.append(("late", f"{tally.late:,}"))
    rows.append(("alerts", f"{tally.alerts:,}"))
    by_count = sorted(tally.typologies.items(), key=lambda item: (-item[1], item[0]))
    rows += [(f"  {typology}", f"{count:,}") for typology, count in by_count]
    rows += _people(tally)
    rows.append(("seconds", f"{seconds:.1f}"))
    rows.append(("crossings/s", f"{lines_now / max(seconds, 1e-9):,.0f}"))
    if tally.lines > lines_now:
        rows.append(("resumed after", f"{tally.lines - lines_now:,} lines"))
    text = "\n".join(f"{name:<26}{value}" for name, value in rows)
    return f"{text}\n{_calibration(tally)}" if tally.accepted else text


def _people(tally: Tally) -> list[tuple[str, str]]:
    """Notices, the control sample, and what people found."""
    rows = [("notices", f"{sum(tally.notices.values()):,}")] if tally.notices else []
    rows += [(f"  {kind}", f"{count:,}") for kind, count in sorted(tally.notices.items())]
    rows.append(("control sample", f"{tally.control:,}"))
    heard = {key: count for key, count in tally.dispositions.items() if " " in key}
    if not heard and not tally.dispositions_rejected:
        return rows
    rows.append(("dispositions", f"{sum(heard.values()):,}"))
    rejected = {"rejected": tally.dispositions_rejected}
    rows += [(f"  {key}", f"{count:,}") for key, count in (rejected | _troubles(tally)).items() if count]
    found = lift_of(heard)
    rows += [("found among alerts", _rate(found.alert)), ("found at random", _rate(found.random))]
    if not math.isnan(found.ratio):
        rows.append(("lift", f"{found.ratio:.1f}  (95 %: {found.low:.1f} to {found.high:.1f})"))
    return rows


def _troubles(tally: Tally) -> dict[str, int]:
    return {key: tally.dispositions[key] for key in ("repeated", "late", "unmatched")}


def _rate(rate: Rate) -> str:
    if not rate.looked:
        return "nobody looked"
    share = f"{100 * rate.rate:.2g} %  (95 %: {100 * rate.low:.2g} to {100 * rate.high:.2g} %)"
    return f"{rate.found:,} of {rate.looked:,} = {share}"


def _calibration(tally: Tally) -> str:
    """Share of calibrated p below each level; on ordinary traffic it is about the level itself."""
    head = f"\n{'calibrated p':<26}{'evaluated':>12}{'p < 0.01':>12}{'p < 0.001':>12}"
    rows = [
        f"  {name:<24}{count:>12,}" + "".join(f"{'-' if math.isnan(s) else f'{s:.5f}':>12}" for s in shares)
        for name, count, shares in tally.shares()
    ]
    return "\n".join([head, *rows])
