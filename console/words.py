"""How do the pages say times, codes and numbers?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from schemas.models import Reason

SHAPES = {"low": "○", "medium": "◐", "high": "●", "critical": "◆"}  # beside the word: never colour alone


def words(code: str) -> str:
    """A code as words.

    >>> words("referred_nothing")
    'referred nothing'
    """
    return code.replace("_", " ")


def clock(moment: dt.datetime) -> str:
    """Time of day, in the zone it came with."""
    return moment.strftime("%H:%M:%S")


def day(moment: dt.datetime) -> str:
    """Date and weekday."""
    return moment.strftime("%a %d %b %Y")


def instant(at_ms: int) -> str:
    """Date and time in UTC, to the second.

    >>> instant(0)
    '1970-01-01 00:00:00'
    """
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def short(pseudonym: str) -> str:
    """The beginning of a pseudonym: enough to tell vehicles on one screen apart."""
    return pseudonym[:8]


def observed(reason: Reason) -> str:
    """What was seen, with its unit; where there is a number."""
    return "not known" if reason.observed is None else f"{number(reason.observed)} {reason.unit or ''}".strip()


def usual(reason: Reason) -> str:
    """The usual range, with its unit."""
    if reason.usual is None:
        return "not known"
    low, high = (number(value) for value in reason.usual)
    return f"{low} to {high} {reason.unit or ''}".strip()


def number(value: float | str) -> str:
    """Three significant digits, as in the sentences; no exponent where it can be helped.

    >>> number(38), number(0.01234), number(12345.6), number("left")
    ('38', '0.0123', '12,300', 'left')
    """
    if isinstance(value, str):
        return value
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def percent(share: float) -> str:
    """A share in whole percent.

    >>> percent(0.714)
    '71 %'
    """
    return f"{100 * share:.0f} %"


FILTERS: dict[str, Callable[..., Any]] = {
    "words": words, "clock": clock, "day": day, "instant": instant, "short": short, "observed": observed,
    "usual": usual, "number": number, "percent": percent, "shape": SHAPES.__getitem__,
}  # fmt: skip
