"""What can a program learn of the ports? Their flow, readers, alerts and notices: the figures of the pages."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, HTTPException, Query

from console import audit, cursor, port_view, traffic
from console.api.bearer import Caller, PortsReader
from console.api.inputs import PortCode, PortsPage, problems
from console.api.port_models import FlowOf, OnePort, PortFigures, PortReader, Ports, TypologyAlerts, UsualRange
from console.port_view import Line, Series
from console.ports_page import SHORT_HOURS, name_of
from console.site import Site
from console.traffic import Seen
from console.usual import DAY_MS, HOUR_MS, Reading
from schemas.models import moment_of

router = APIRouter(tags=["ports"])


@router.get("/ports", responses=problems(404))
def list_ports(caller: PortsReader, which: Annotated[PortsPage, Query()]) -> Ports:
    """How each port with traffic does: its flow in the last full hour, its alerts, its readers."""
    site = caller.site

    def place(code: str) -> tuple[str, str]:
        return name_of(site, code), code

    last = None if which.cursor is None else place(cursor.read(which.cursor, "ports", (str,))[0])
    with site.database.read() as connection:
        now_ms = site.border_now(connection)
        known = traffic.ports(connection)
        lines = sorted(port_view.lines(connection, now_ms, known), key=lambda one: place(one.code))
        left = [line for line in lines if last is None or place(line.code) > last]
        shown = left[: which.limit]
        days = port_view.sparks(connection, now_ms, known, [line.code for line in shown])
    _note(caller, "port.list", "ports", count=len(shown))
    return Ports(
        hour=moment_of(_end_of(now_ms) - HOUR_MS),
        ports=[PortFigures(**_figures(site, line, days.get(line.code))) for line in shown],
        next=cursor.write("ports", [shown[-1].code]) if len(left) > len(shown) else None,
    )


@router.get("/ports/{port:path}", responses=problems(404))
def show_port(caller: PortsReader, port: PortCode) -> OnePort:
    """One port: its readers, its flow in the last 48 full hours, and what its alerts of 28 days name."""
    site = caller.site
    with site.database.read() as connection:
        known = traffic.ports(connection)
        if port not in known and port not in site.border.ports.codes:
            raise HTTPException(404, "There is no such port.")
        now_ms = site.border_now(connection)
        here = {port: known.get(port, Seen(now_ms, now_ms))}  # where nothing has crossed yet nothing is usual
        (line,) = port_view.lines(connection, now_ms, here)
        day = port_view.sparks(connection, now_ms, here, [port]).get(port)
        readers = port_view.readers(connection, now_ms, port)
        flows = port_view.flows(connection, now_ms, port, here, SHORT_HOURS)
        named = traffic.typologies(connection, port, now_ms - port_view.HEAT_DAYS * DAY_MS, now_ms)
    _note(caller, "port.view", f"port {port}")
    end_ms = _end_of(now_ms)
    return OnePort(
        **_figures(site, line, day),
        hour=moment_of(end_ms - HOUR_MS),
        readers=[PortReader.of(one) for one in readers],
        hours=[FlowOf.of(way, series, end_ms) for way, series in sorted(flows.items())],
        typologies=[TypologyAlerts(typology=typology, alerts=count) for typology, count in named],
    )


def _end_of(now_ms: int) -> int:
    """Of the last full hour."""
    return now_ms // HOUR_MS * HOUR_MS


def _note(caller: Caller, action: str, subject: str, **detail: int) -> None:
    """After the figures were read: meanwhile nobody waits to write."""
    with caller.begin() as connection:
        audit.add(connection, caller.site.now(), caller.user.name, action, subject, detail=detail)


def _figures(site: Site, line: Line, day: Series | None) -> dict[str, Any]:
    """The fields of `PortFigures`; `day` are the port's last 24 full hours."""
    number = site.border.ports.codes.get(line.code)
    place = {} if number is None else site.border.ports[number].to_json()
    return {
        "code": line.code, "name": name_of(site, line.code),
        "latitude": place.get("latitude"), "longitude": place.get("longitude"),
        "crossed": line.crossed, "usual": UsualRange.of(line.usual), "flow": line.state,
        "waiting": line.waiting, "alerts": line.alerts, "alert_rate": port_view.day_rate(line, day),
        "reader_states": {state: line.readers[state] for state in get_args(Reading)}, "notices": line.notices,
    }  # fmt: skip
