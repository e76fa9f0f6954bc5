"""How does a matplotlib figure become a picture inside a page? SVG without styles or ids, coloured by the page.

A page with a strict content security policy takes no `style` attribute, so they become presentation attributes; the
colours become the page's CSS variables, so that one picture serves light and dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

WIDTH_IN, HEIGHT_IN = 4.2, 3.0  # at 390 px of screen a picture stands about 1:1
# colour in the figure -> in the page
INK, SOFT, FAINT, BAD = "#010101", "#020202", "#030303", "#040404"
SERIES = tuple(f"#0500{k:02x}" for k in range(1, 9))
_PAGE = {INK: "var(--ink)", SOFT: "var(--soft)", FAINT: "var(--line)", BAD: "var(--bad)"} | {
    colour: f"var(--s{k})" for k, colour in enumerate(SERIES, 1)
}
_SVG = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_STYLES = {
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-dashoffset",
    "stroke-linecap", "stroke-linejoin", "opacity", "text-anchor", "font-size", "font-weight",
}  # fmt: skip
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and scaled
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same widths everywhere
    "font.size": 9.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.4,
    "axes.unicode_minus": False,
}


@contextmanager
def drawing(name: str, height_in: float = HEIGHT_IN) -> Iterator[Figure]:
    """A figure to draw in; `name` keeps its inner references apart from those of other pictures."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        yield Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def to_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The picture as an `<svg>` element with a title and a description for those who cannot see it."""
    buffer = io.BytesIO()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _LINK)
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 (what matplotlib has just written)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        _restyle(element, name)
    for key in ("width", "height"):
        root.attrib.pop(key, None)
    root.attrib |= {"class": "chart", "role": "img", "aria-labelledby": f"{name}-title {name}-text"}
    about = [ET.Element(f"{{{_SVG}}}title", id=f"{name}-title"), ET.Element(f"{{{_SVG}}}desc", id=f"{name}-text")]
    about[0].text, about[1].text = title, description
    root[:0] = about
    return re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>", "", ET.tostring(root, "unicode"), flags=re.DOTALL).strip()


def _restyle(element: ET.Element, name: str) -> None:
    style = element.attrib.pop("style", "")
    for part in style.split(";"):
        key, _, value = part.partition(":")
        if key.strip() in _STYLES:
            element.set(key.strip(), value.strip())
    for key, value in list(element.attrib.items()):
        if value in _PAGE:
            element.set(key, _PAGE[value])
    if element.tag == f"{{{_SVG}}}g":
        element.attrib.pop("id", None)
    elif "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    link = f"{{{_LINK}}}href"
    if link in element.attrib:
        element.set("href", f"#{name}-{element.attrib.pop(link).removeprefix('#')}")
    if "clip-path" in element.attrib:
        element.set("clip-path", element.get("clip-path", "").replace("#", f"#{name}-"))
