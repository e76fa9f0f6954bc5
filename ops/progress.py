"""What does a person see while a log runs, and at its end? A bar or lines on standard error; a summary table."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from stream.selection import Rate, lift_of

if TYPE_CHECKING:
    from stream.runner import Seen
    from stream.tally import Tally

MODES = ("auto", "bar", "lines", "none")


LOGGER = "linewatch"


def say(text: str, event: str = "said", *, level: str = "info", **fields: Any) -> None:
    """One line on standard error; where a service has a log (ops/log.py), an event of this name with these fields."""
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        getattr(structlog.get_logger(LOGGER), level)(event, message=text, **fields)
    else:
        click.echo(f"linewatch: {text}", err=True)


class Words(NamedTuple):
    """What a display shows of a moment."""

    done: int  # lines, for the rate
    bytes_read: int
    line: str  # after "progress"
    about: str  # beside the rate


def _of_run(seen: Seen) -> Words:
    tally = seen.tally
    line = f"lines={tally.lines} alerts={tally.alerts} checkpoints={seen.checkpoints} bytes={seen.bytes_read}"
    return Words(tally.lines, seen.bytes_read, line, f"{tally.alerts:,} alerts")


@contextmanager
def display(mode: str, total: int | None, words: Callable[[Any], Words] = _of_run) -> Iterator[Callable[[Any], None]]:
    """A callback for the runner. `auto` is a bar on a terminal and nothing elsewhere; `total` is in bytes.

    `words` puts what the callback gets into words; by default that is a `Seen` of the runner.
    """
    if mode == "auto":
        mode = "bar" if sys.stderr.isatty() else "none"
    if mode == "bar":
        with _bar(total, words) as bar:
            yield bar
    elif mode == "lines":
        yield lambda seen: say(f"progress {words(seen).line}", "progress")
    else:
        yield lambda _: None


@contextmanager
def _bar(total: int | None, words: Callable[[Any], Words]) -> Iterator[Callable[[Any], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TextColumn("{task.fields[about]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total, about="compiling")
        started = time.monotonic()
        first: int | None = None

        def show(seen: Any) -> None:
            nonlocal first
            now = words(seen)
            first = now.done if first is None else first
            rate = (now.done - first) / max(time.monotonic() - started, 1e-3)
            progress.update(task, completed=now.bytes_read, about=f"{rate:,.0f} crossings/s  {now.about}")

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
