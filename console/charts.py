"""How is a series drawn? Small SVG pictures by pure functions: a sparkline, and bars before the band of what is usual.

No colour and no font stands in them: classes take those from the style sheet, in light and in dark. Every picture says
in words what it shows (`aria-label`), and every bar its numbers (`title`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from console.usual import Range

SPARK_WIDTH, SPARK_HEIGHT = 120, 28
WIDTH, HEIGHT = 720, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 8, 20
NICE = (1, 2, 2.5, 5, 10)


class Bar(NamedTuple):
    """One value of a chart, what is usual where that is known, and its words."""

    value: float
    usual: Range | None
    title: str
    tick: str = ""  # written below, where the axis has a mark


def attributes(**some: object) -> str:
    """As SVG has them; numbers to a tenth, an underscore at the end of a name is left out."""
    said = ((name.rstrip("_").replace("_", "-"), value) for name, value in some.items())
    return " ".join(f'{name}="{_number(v) if isinstance(v, float) else escape(v)}"' for name, v in said)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def nice(most: float) -> float:
    """The next round number.

    >>> nice(0), nice(7), nice(1_234)
    (1.0, 10.0, 2000.0)
    """
    if most <= 1:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return next(step * unit for step in NICE if step * unit >= most)


def _known(usual: Range | None) -> bool:
    return usual is not None and not math.isnan(usual.median)


def _runs(usual: Iterable[Range | None]) -> Iterable[list[tuple[int, Range]]]:
    """Stretches over which something is known."""
    run: list[tuple[int, Range]] = []
    for place, one in enumerate(usual):
        if one is not None and _known(one):
            run.append((place, one))
        elif run:
            yield run
            run = []
    if run:
        yield run


def spark(values: Sequence[int], usual: Sequence[Range], label: str) -> Markup:
    """A line of values over the band between the usual quartiles; a dot at the last."""
    most = max([1.0, *values, *(one.high for one in usual if _known(one))])
    step = (SPARK_WIDTH - 6) / max(len(values) - 1, 1)

    def at(place: int, value: float) -> str:
        return f"{_number(2 + place * step)},{_number(2 + (SPARK_HEIGHT - 4) * (1 - value / most))}"

    parts = [
        f'<polygon class="band" points="{" ".join(_around(run, at))}"/>' for run in _runs(usual)
    ]  # fmt: skip
    parts.append(f'<polyline class="seen" points="{" ".join(at(k, value) for k, value in enumerate(values))}"/>')
    if values:
        x, y = at(len(values) - 1, values[-1]).split(",")
        parts.append(f'<circle class="last" cx="{x}" cy="{y}" r="2.5"/>')
    box = attributes(class_="spark", viewBox=f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}", role="img", aria_label=label)
    return Markup(f"<svg {box}>{''.join(parts)}</svg>")  # noqa: S704 (made of numbers; words are escaped)


def _around(run: list[tuple[int, Range]], at: object) -> list[str]:
    assert callable(at)
    return [at(k, one.high) for k, one in run] + [at(k, one.low) for k, one in reversed(run)]


def bars(some: Sequence[Bar], label: str, *, most: float | None = None) -> Markup:
    """Bars with an axis; the usual range as a band over each, its median as a line. `most`: the end of the axis."""
    top = nice(most if most is not None else most_of(some))
    step = (WIDTH - LEFT - RIGHT) / max(len(some), 1)
    base = HEIGHT - BOTTOM

    def y(value: float) -> float:
        return base - (base - TOP) * min(value / top, 1.0)

    parts = [_axis(top, y)]
    for k, bar in enumerate(some):
        x = LEFT + k * step
        inside = ""
        if bar.usual is not None and _known(bar.usual):
            low, median, high = y(bar.usual.low), y(bar.usual.median), y(bar.usual.high)
            inside = f"<rect {attributes(class_='band', x=x, y=high, width=step, height=max(low - high, 1.0))}/>"
            line = f"<line {attributes(class_='median', x1=x, x2=x + step, y1=median, y2=median)}/>"
        else:
            line = ""
        wide = {"x": x + 0.15 * step, "width": 0.7 * step}
        body = f"<rect {attributes(class_='value', y=y(bar.value), height=base - y(bar.value), **wide)}/>"
        all_of_it = f"<rect {attributes(class_='reach', x=x, y=float(TOP), width=step, height=float(base - TOP))}/>"
        parts.append(f"<g><title>{escape(bar.title)}</title>{inside}{body}{line}{all_of_it}</g>")
        if bar.tick:
            place = {"x": x + step / 2, "y": float(HEIGHT - 5)}
            parts.append(f"<text {attributes(class_='tick', text_anchor='middle', **place)}>{escape(bar.tick)}</text>")
    box = attributes(class_="bars", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label)
    return Markup(f"<svg {box}>{''.join(parts)}</svg>")  # noqa: S704 (as above)


def most_of(some: Iterable[Bar]) -> float:
    """The highest of values and usual ranges."""
    return max([0.0, *(max(b.value, b.usual.high if b.usual and _known(b.usual) else 0) for b in some)])


def _axis(top: float, y: object) -> str:
    assert callable(y)
    parts = []
    for value in (0.0, top / 2, top):
        line = attributes(class_="grid", x1=float(LEFT), x2=float(WIDTH - RIGHT), y1=y(value), y2=y(value))
        text = attributes(class_="tick", x=float(LEFT - 6), y=y(value) + 4, text_anchor="end")
        parts.append(f"<line {line}/><text {text}>{value:,.4g}</text>")
    return "".join(parts)
