"""Where are the ports, and how does each do? A map without tiles: places, a graticule, one symbol a port.

Equirectangular, with degrees of longitude narrowed by the cosine of the middle latitude, so that distances look right
near it. The area of a symbol is traffic, its shape the state; names are written where they do not cover another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from console.charts import attributes

WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 1000.0, 220.0, 560.0
MARGIN = 60.0
ODD = ("low", "high")
SMALLEST, LEAST_ODD, LARGEST = 5.0, 9.0, 18.0  # radius
LETTER, LINE = 7.4, 14.0  # a letter's width and a line's height, at the style sheet's size
STEPS = (0.25, 0.5, 1, 2, 5, 10, 20, 45)
FAR = LARGEST + LINE  # above or below, clear of a larger symbol beside it
LEAST_DEGREES = 1.0  # that a map shows across


class Place(NamedTuple):
    """One port on the map."""

    path: str  # of its page
    name: str
    latitude: float
    longitude: float
    traffic: float
    state: str  # low, high, usual, not enough history; "" for one that nothing is known of
    words: str


class Frame(NamedTuple):
    """From degrees to the picture."""

    west: float
    north: float
    scale: float  # units a degree of latitude
    narrow: float  # cosine of the middle latitude
    left: float
    top: float
    height: float

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        """x and y."""
        x = self.left + (longitude - self.west) * self.narrow * self.scale
        return x, self.top + (self.north - latitude) * self.scale


def frame(places: Sequence[Place]) -> Frame:
    """What holds them all, in the middle of a picture whose shape follows theirs."""
    south, north = _ends([place.latitude for place in places])
    west, east = _ends([place.longitude for place in places])
    narrow = max(math.cos(math.radians((south + north) / 2)), 0.1)
    room = WIDTH - 2 * MARGIN
    scale = min(room / ((east - west) * narrow), (MOST_HEIGHT - 2 * MARGIN) / (north - south))
    height = max(LEAST_HEIGHT, (north - south) * scale + 2 * MARGIN)
    left = (WIDTH - (east - west) * narrow * scale) / 2
    return Frame(west, north, scale, narrow, left, (height - (north - south) * scale) / 2, height)


def _ends(degrees: list[float]) -> tuple[float, float]:
    low, high = min(degrees), max(degrees)
    more = max(0.0, LEAST_DEGREES - (high - low)) / 2
    return low - more, high + more


def drawn(places: Sequence[Place]) -> Markup:
    """The map of places with a state (one at least); of the others those in between are small marks without a link."""
    shown = sorted((place for place in places if place.state), key=lambda place: -place.traffic)
    within = frame(shown)
    parts = [_graticule(within)]
    most = max([1.0, *(place.traffic for place in places)])
    taken: list[tuple[float, float, float, float]] = []
    for place in places:
        x, y = within.at(place.latitude, place.longitude)
        if not place.state and 0 <= x <= WIDTH and 0 <= y <= within.height:
            title = f"<title>{escape(place.name)}: {escape(place.words)}</title>"
            parts.append(f"<circle {attributes(class_='elsewhere', cx=x, cy=y, r=2.5)}>{title}</circle>")
    sizes = [max(LEAST_ODD if p.state in ODD else SMALLEST, LARGEST * math.sqrt(p.traffic / most)) for p in shown]
    for place, r in zip(shown, sizes, strict=True):
        x, y = within.at(place.latitude, place.longitude)
        taken.append((x - r, y - r, x + r, y + r))
    for place, r in zip(shown, sizes, strict=True):
        parts.append(_port(place, within, r, taken))
    box = attributes(class_="map", viewBox=f"0 0 {WIDTH:.0f} {within.height:.0f}", role="group", aria_label="Ports")
    return Markup(f"<svg {box}>{''.join(parts)}</svg>")  # noqa: S704 (made of numbers; words are escaped)


def _port(place: Place, within: Frame, r: float, taken: list[tuple[float, float, float, float]]) -> str:
    x, y = within.at(place.latitude, place.longitude)
    css = {"usual": "usual", "low": "low", "high": "high"}.get(place.state, "unknown")
    said = escape(f"{place.name}: {place.words}")
    name = _label(place, (x, y, r), within, taken)
    link = attributes(href=place.path, aria_label=f"{place.name}: {place.words}", class_=css)
    return f"<a {link}><title>{said}</title>{symbol(css, x, y, r)}{name}</a>"


def symbol(state: str, x: float, y: float, r: float) -> str:
    """Usual: a disc; low: a triangle that points down, high: up; unknown: a ring."""
    if state in ODD:
        up = -1 if state == "high" else 1
        corners = ((x - r, y - up * 0.6 * r), (x + r, y - up * 0.6 * r), (x, y + up * r))
        return f'<polygon class="sign" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>'
    return f"<circle {attributes(class_='sign', cx=x, cy=y, r=r)}/>"


def _label(
    place: Place, where: tuple[float, float, float], within: Frame, taken: list[tuple[float, float, float, float]]
) -> str:  # fmt: skip
    """The name beside its symbol, where there is room for it; what is not usual says so."""
    x, y, r = where
    text = f"{place.name}, {place.state}" if place.state in ODD else place.name
    width = LETTER * len(text)
    sides = (
        (x + r + 5, y + 4, "start", x + r + 5), (x - r - 5, y + 4, "end", x - r - 5 - width),
        (x, y - r - 5, "middle", x - width / 2), (x, y + r + LINE, "middle", x - width / 2),
        (x, y - FAR, "middle", x - width / 2), (x, y + FAR + LINE / 2, "middle", x - width / 2),
    )  # fmt: skip
    for at_x, at_y, anchor, left in sides:
        box = (left, at_y - LINE + 2, left + width, at_y + 3)
        inside = box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= within.height
        if inside and not any(_meet(box, other) for other in taken):
            taken.append(box)
            return f"<text {attributes(x=at_x, y=at_y, text_anchor=anchor)}>{escape(text)}</text>"
    return ""


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _graticule(within: Frame) -> str:
    """Parallels and meridians at round degrees, some four to eight of each."""
    wide = WIDTH / (within.scale * within.narrow)
    step = next((step for step in STEPS if wide / step <= 8), STEPS[-1])
    west = within.west - within.left / (within.scale * within.narrow)
    north = within.north + within.top / within.scale
    south = north - within.height / within.scale
    parts = []
    for k in range(math.ceil(west / step), math.floor((west + wide) / step) + 1):
        x, _ = within.at(0, k * step)
        parts.append(f"<line {attributes(class_='grid', x1=x, x2=x, y1=0.0, y2=within.height)}/>")
        words = _degrees(k * step, "E", "W")
        parts.append(f"<text {attributes(class_='tick', x=x + 3, y=within.height - 4)}>{words}</text>")
    for k in range(math.ceil(south / step), math.floor(north / step) + 1):
        _, y = within.at(k * step, 0)
        parts.append(f"<line {attributes(class_='grid', x1=0.0, x2=WIDTH, y1=y, y2=y)}/>")
        parts.append(f"<text {attributes(class_='tick', x=3.0, y=y - 3)}>{_degrees(k * step, 'N', 'S')}</text>")
    return "".join(parts)


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}° {positive if value >= 0 else negative}" if value else "0°"
