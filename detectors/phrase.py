"""How are durations and times said? Short, in the largest unit that fits, the same text for the same number."""

from __future__ import annotations

import math

UNITS = ((86400.0 * 2, 86400.0, "days"), (3600.0 * 1.5, 3600.0, "h"), (90.0, 60.0, "min"), (0.0, 1.0, "s"))


def unit_of(seconds: float) -> tuple[float, str]:
    """The unit a duration is said in: its seconds and its name."""
    return next((size, name) for least, size, name in UNITS if seconds >= least)


def amount(value: float, up: bool | None = None) -> str:
    """A number with two significant digits below 10, whole above; rounded up or down if it is to be a bound.

    >>> amount(2.26), amount(2.26, up=True), amount(38.0)
    ('2.3', '2.3', '38')
    """
    step = 0.1 if value < 9.95 else 1.0
    steps = value / step
    whole = round(steps) if up is None else math.ceil(steps) if up else math.floor(steps)
    return f"{whole * step:.1f}".removesuffix(".0")


def duration(seconds: float, up: bool | None = None) -> str:
    """A duration in its unit; `up` rounds it up (True) or down (False), for a bound that must hold.

    >>> duration(2280), duration(26 * 3600), duration(45), duration(80 * 86400)
    ('38 min', '26 h', '45 s', '80 days')
    """
    size, name = unit_of(seconds)
    return f"{amount(seconds / size, up)} {name}"


def said(seconds: float, up: bool | None = None) -> float:
    """The duration that `duration` says, in seconds; NaN for NaN.

    >>> said(2281), said(2281, up=True), said(36900, up=False)
    (2280.0, 2340.0, 36000.0)
    """
    if math.isnan(seconds):
        return math.nan
    size, _ = unit_of(seconds)
    return float(amount(seconds / size, up)) * size


def duration_range(low: float, high: float) -> str:
    """A range, with the unit once where both ends share it.

    >>> duration_range(25200, 39600), duration_range(1800, 7200)
    ('7 to 11 h', '30 min to 2 h')
    """
    first, last = duration(low), duration(high)
    if first.split()[1] == last.split()[1]:
        first = first.split()[0]
    return f"{first} to {last}"


def clock(hour: float) -> str:
    """Hours since midnight as HH:MM.

    >>> clock(23.999)
    '23:59'
    """
    minutes = int(hour * 60 + 1e-3) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def percent(share: float) -> str:
    """A share in per cent, with at most two significant digits below ten.

    >>> percent(0.0042), percent(0.00001), percent(0.31), percent(1.0)
    ('0.42 %', 'under 0.01 %', '31 %', '100 %')
    """
    if share < 1e-4:
        return "under 0.01 %"
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.2g} %"


def kilograms(value: float, up: bool | None = None) -> str:
    """A weight in kg to the nearest hundred; rounded up or down if it is to be a bound.

    >>> kilograms(17820.0), kilograms(17820.0, up=False), kilograms(17820.0, up=True)
    ('17,800', '17,800', '17,900')
    """
    hundreds = value / 100
    whole = round(hundreds) if up is None else math.ceil(hundreds) if up else math.floor(hundreds)
    return f"{100 * whole:,}"
