"""Can the page be read? Colours against their ground in light and dark, words that fit their figures."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import evaluation.report as room
from evaluation.report import words
from evaluation.report.svg import SERIES
from evaluation.results import Share, share_of

CSS = (Path(room.__file__).parent / "report.css").read_text(encoding="utf-8")


def palette(dark: bool) -> dict[str, str]:
    """The variables of the style sheet in one of the two schemes."""
    light, _, rest = CSS.partition("@media (prefers-color-scheme: dark)")
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", rest if dark else light))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_lines_stand_out(dark: bool) -> None:
    """4.5 to 1 for text, 3 to 1 for the lines of the curves, on the page and on its cards."""
    colours = palette(dark)
    for ground in ("paper", "card"):
        for text in ("ink", "soft", "accent", "bad", "good"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for k in range(1, len(SERIES) + 1):
            assert contrast(colours[f"s{k}"], colours[ground]) >= 3, (k, ground)
    assert contrast(colours["ink"], colours["mark"]) >= 4.5


def test_both_schemes_have_every_colour() -> None:
    """None is forgotten in the dark."""
    assert set(palette(dark=False)) == set(palette(dark=True))


def test_every_class_of_the_page_has_a_style() -> None:
    """A class without a rule is a typing error in one of the two files."""
    page = (Path(room.__file__).parent / "report.html.j2").read_text(encoding="utf-8")
    used = {name for names in re.findall(r'class="([a-z ]+)"', page) for name in names.split()}
    assert set() == {name for name in used if not re.search(rf"\.{name}\b", CSS)}


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (5.0, ", 5.0 times less than Linewatch"),
        (0.5, ", 2.0 times more than Linewatch"),
        (1.02, ""),
        (None, ""),
        (math.inf, ""),
    ],
)
def test_a_comparison_says_only_what_is_clear(times: float | None, text: str) -> None:
    """No multiples where the two are alike, and none of nothing."""
    assert text == words._times(times)


@pytest.mark.parametrize(
    ("kind", "crossings", "first", "expected"),
    [
        ("commuter", share_of(3, 100_000), share_of(0, 9), False),
        ("commuter", share_of(1, 400), share_of(0, 9), False),  # 0.25 %, and might be 0.04 %
        ("commuter", share_of(300, 100_000), share_of(0, 9), True),
        ("one_day_trip", share_of(9, 1000), share_of(1, 500), False),
        ("one_day_trip", share_of(9, 1000), share_of(60, 500), True),
    ],
)
def test_a_look_alike_is_loud_only_beyond_doubt(kind: str, crossings: Share, first: Share, expected: bool) -> None:
    """0.1 % of its crossings, 1 % of the first ones for one-day trips: the lower end of the interval decides."""
    assert expected is words._loud(kind, crossings, first)
