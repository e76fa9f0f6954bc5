"""How do the ports do, and how does one of them? Two pages: all ports with heat map and map, one with its readers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console import charts, port_map, port_view, traffic
from console.charts import Bar
from console.guard import user_of
from console.port_view import RATE, Cell, Line, Series
from console.queue import MAY_LOOK
from console.site import Site, page, site_of
from console.traffic import Seen
from console.usual import DAY_MS, HOUR_MS, Range
from console.words import span, utc

SHOWN = 20  # ports of one page
SHADES = (0.75, 1.5, 2.5, 4.0)  # times the mean rate, from which a cell is a shade darker
STATES = {"usual": "●", "low": "▼", "high": "▲", "not enough history": "○"}
READER_STATES = {"ok": "●", "unsure": "◐", "silent": "▼", "not enough history": "○"}
SHORT_HOURS, LONG_DAYS = 48, 14


class Shade(NamedTuple):
    """A cell of the heat map as it is shown."""

    text: str
    css: str
    title: str


class Row(NamedTuple):
    """A port as it is shown in the overview."""

    line: Line
    name: str
    path: str
    spark: Markup
    rate: float | None
    shades: list[Shade]


def overview(request: Request) -> Response:
    """All ports, `SHOWN` a page; the map has them all."""
    user_of(request, *MAY_LOOK)
    site = site_of(request)
    with site.database.read() as connection:
        now_ms = site.border_now(connection)
        known = traffic.ports(connection)
        lines = sorted(port_view.lines(connection, now_ms, known), key=lambda one: (name_of(site, one.code), one.code))
        pages = max(1, math.ceil(len(lines) / SHOWN))
        here = _page(request, pages)
        shown = lines[(here - 1) * SHOWN : here * SHOWN]
        codes = [line.code for line in shown]
        series = port_view.sparks(connection, now_ms, known, codes)
        cells = port_view.heat(connection, now_ms, codes)
        notices = traffic.said(connection, now_ms)
    mean = port_view.total(cell for row in cells.values() for cell in row).rate
    rows = [_row(site, line, series.get(line.code), cells[line.code], mean) for line in shown]
    values = {
        "rows": rows, "pages": pages, "here": here, "count": len(lines), "mean": mean, "shades": SHADES,
        "odd": [(line, name_of(site, line.code), path_of(line.code)) for line in lines if line.odd],
        "map": _map(site, lines), "notices": notices, "one_in": _one_in(mean),
    }  # fmt: skip
    return page(request, "ports.html", values | _common(site, now_ms))


def one(request: Request) -> Response:
    """One port."""
    user_of(request, *MAY_LOOK)
    site, code = site_of(request), request.path_params["code"]
    with site.database.read() as connection:
        known = traffic.ports(connection)
        if code not in known and code not in site.border.ports.codes:
            raise HTTPException(404, "There is no such port.")
        now_ms = site.border_now(connection)
        values = _port(connection, now_ms, code, known) if code in known else {}
        values["notices"] = traffic.said(connection, now_ms, code)
        values["waiting"] = traffic.waiting(connection).get(code, 0)
    return page(request, "port.html", values | _common(site, now_ms) | {"code": code, "name": name_of(site, code)})


def _port(connection: Connection, now_ms: int, code: str, known: dict[str, Seen]) -> dict[str, Any]:
    line = next(iter(port_view.lines(connection, now_ms, {code: known[code]})))
    alert_days = port_view.alert_days(connection, now_ms, code)
    return {
        "line": line,
        "short": _flows(port_view.flows(connection, now_ms, code, known, SHORT_HOURS), "an hour", _hour),
        "long": _flows(port_view.days(connection, now_ms, code, LONG_DAYS), "a day", _day),
        "readers": port_view.readers(connection, now_ms, code),
        "rate": _alert_bars(alert_days), "rate_of": port_view.total(cell for _, cell in alert_days),
        "typologies": traffic.typologies(connection, code, now_ms - port_view.HEAT_DAYS * DAY_MS, now_ms),
    }  # fmt: skip


def _common(site: Site, now_ms: int) -> dict[str, Any]:
    end_ms = now_ms // HOUR_MS * HOUR_MS
    return {
        "now_ms": now_ms, "hour_ms": end_ms - HOUR_MS, "end_ms": end_ms, "states": STATES,
        "reader_states": READER_STATES, "path_of": path_of, "name_of": lambda code: name_of(site, code),
    }  # fmt: skip


def _page(request: Request, pages: int) -> int:
    wanted = request.query_params.get("page", "1")
    return min(max(int(wanted), 1), pages) if wanted.isascii() and wanted.isdigit() and len(wanted) < 5 else 1


def name_of(site: Site, code: str) -> str:
    """What people call the port; its code where no name is known."""
    number = site.border.ports.codes.get(code)
    return code if number is None else site.border.ports.label_of(number)


def path_of(code: str) -> str:
    """Of the port's page."""
    return f"/ports/{quote(code, safe='')}"


# -- all ports ---------------------------------------------------------------------------------------------------------


def _row(site: Site, line: Line, series: Series | None, cells: list[Cell], mean: float) -> Row:
    counts, usual = (series.counts, series.usual) if series is not None else ([], [])
    words = f"Crossings an hour in the last 24 h: {min(counts, default=0):,} to {max(counts, default=0):,}"
    return Row(
        line, name_of(site, line.code), path_of(line.code), charts.spark(counts, usual, words),
        port_view.day_rate(line, series), [_shade(cell, mean, hour) for hour, cell in enumerate(cells)],
    )  # fmt: skip


def _one_in(mean: float) -> int:
    """Crossings that bring one alert at the mean rate."""
    return math.ceil(RATE / mean) if mean else 0


def _shade(cell: Cell, mean: float, hour: int) -> Shade:
    """One alert at the mean rate counts beside the cell's own, so that a few crossings do not make a high rate.

    That is the mean of the rate after the cell's counts, with a Gamma prior of one alert (Efron & Morris 1975).
    """
    title = f"{hour:02}:00, {cell.alerts:,} alerts of {cell.crossings:,} crossings"
    if not cell.crossings or not mean:
        return Shade("·", "few", title)
    rate = RATE * (cell.alerts + 1) / (cell.crossings + _one_in(mean))
    level = sum(rate >= times * mean for times in SHADES)
    return Shade(f"{rate:.{0 if rate >= 10 else 1}f}", f"h{level}", title)


def _map(site: Site, lines: Sequence[Line]) -> Markup | None:
    """None where no port has a place."""
    there = {line.code: line for line in lines}
    places = []
    for code, place in site.border.ports.codes.items():
        port = site.border.ports[place]
        if math.isnan(port.latitude):
            continue
        line = there.get(code)
        state, count = (line.state, line.crossed) if line is not None else ("", 0)
        words = f"{count:,} in the last hour, {state}" if line is not None else "nothing recorded"
        places.append(
            port_map.Place(path_of(code), port.name, port.latitude, port.longitude, count, state, words)
        )  # fmt: skip
    return port_map.drawn(places) if any(place.state for place in places) else None


# -- one port ----------------------------------------------------------------------------------------------------------


def _flows(directions: dict[str, Series], unit: str, words: Any) -> list[tuple[str, Markup]]:
    """A chart for each direction, on the same scale."""
    bars = {
        way: [
            Bar(count, usual, f"{words(start)[0]}: {count:,}, {_usually(usual)}", words(start)[1])
            for start, count, usual in zip(*series, strict=True)
        ]
        for way, series in sorted(directions.items())
    }
    most = charts.most_of(bar for some in bars.values() for bar in some)
    return [
        (way, charts.bars(some, f"Crossings {unit}, {way}, against the usual", most=most)) for way, some in bars.items()
    ]  # fmt: skip


def _usually(usual: Range) -> str:
    return "not enough history" if math.isnan(usual.median) else f"usually {span(usual.low, usual.high)}"


def _hour(local_ms: int) -> tuple[str, str]:
    """The words for an hour on the port's clock, and the mark on the axis."""
    moment = utc(local_ms)
    tick = f"{moment:%a %d}" if moment.hour == 0 else f"{moment:%H}" if moment.hour % 6 == 0 else ""
    return f"{moment:%a %H:%M}", tick


def _day(local_ms: int) -> tuple[str, str]:
    moment = utc(local_ms)
    return f"{moment:%a %d %b}", f"{moment:%a %d}"


def _alert_bars(some: Iterable[tuple[int, Cell]]) -> Markup:
    bars = [
        Bar(cell.rate, None, f"{_day(day)[0]}: {cell.alerts:,} of {cell.crossings:,}", f"{utc(day):%d}")
        for day, cell in some
    ]
    return charts.bars(bars, f"Alerts per {RATE:,} crossings, day by day")


ROUTES = [Route("/ports", overview), Route("/ports/{code:path}", one)]
