"""What does an operator see and do? The live queue, one alert with its reasons, the decision."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from console import pictures, vehicles
from console.guard import COOKIE, field, form_route, user_of
from console.queue import CODES, MAY_DECIDE, MAY_LOOK, UNDO_MS, Queue, drawn, history, staff
from console.site import page, site_of
from schemas.models import Alert


class Gauge(NamedTuple):
    """How full a port's alert budget is."""

    port: str | None  # None: at none was any
    used: int
    of: float


def queue(request: Request) -> Response:
    """The page."""
    return _queue(request, "queue.html")


def lines(request: Request) -> Response:
    """The list alone, for a page that is open."""
    return _queue(request, "_lines.html")


def _queue(request: Request, name: str) -> Response:
    user, site, port = user_of(request, *MAY_LOOK), site_of(request), _port(request)
    with site.database.read() as connection:
        some = Queue(connection, user, site.now)
        values = {"lines": some.waiting(port), "waiting": some.count(port), "ports": some.ports()}
        values["hidden"] = some.hidden(port)
        fullest = some.last_hour(site.border_now(connection), port)
    budget = Gauge(*fullest or (port, 0), site.border.budget_per_hour)
    values |= {"budget": budget, "port": port, "may_decide": user.role in MAY_DECIDE, "user": user}
    return page(request, name, values)


def alert(request: Request) -> Response:
    """One alert; whoever may decide holds it from now on, unless they skim through the queue."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    alert_id, port = request.path_params["alert_id"], _port(request)
    skims = "skim" in request.query_params
    with site.database.begin() as connection:
        hold = user.role in MAY_DECIDE and not skims
        line = Queue(connection, user, site.now).open(alert_id, hold=hold)
        if line is None:
            raise HTTPException(404, "There is no such alert.")
    with site.database.read() as connection:  # apart: pictures take a while, and nobody could write meanwhile
        decisions = history(connection, alert_id)
        values = _beside(connection, line.alert) | {
            "staff": staff(connection), "drawn": bool(decisions) and drawn(connection, line.alert.crossing_id),
        }  # fmt: skip
        around = Queue(connection, user, site.now).around(alert_id, port) if skims else (None, None)
    mine = line.held_by == user.name and not decisions
    values |= {"skims": skims, "around": around, "may_decide": user.role in MAY_DECIDE}
    values |= {"line": line, "alert": line.alert, "decisions": decisions, "mine": mine, "codes": CODES, "port": port}
    return page(request, "alert.html", values | {"user": user, "now_ms": site.now(), "undo_ms": UNDO_MS})


def _beside(connection: Connection, alert: Alert) -> dict[str, Any]:
    """The pictures beside an alert: what was known of the vehicle when it crossed."""
    at_ms = round(alert.occurred_at.timestamp() * 1000)
    crossings = vehicles.history(connection, alert.vehicle, at_ms)
    this = next((one for one in reversed(crossings) if one.crossing_id == alert.crossing_id), None)
    return {
        "clock": pictures.clock(crossings, this),
        "strip": pictures.strip(crossings, this),
        "star": pictures.star(vehicles.company(connection, alert.vehicle, at_ms), alert.vehicle),
        "range_of": pictures.range_of,
    }


def following(request: Request, form: FormData, connection: Connection) -> Response:
    """The next alert that nobody holds."""
    alert_id = _of(request, connection).next(field(form, "port") or None)
    return _go(f"/alerts/{alert_id}" if alert_id else "/queue", form)


def leave(request: Request, form: FormData, connection: Connection) -> Response:
    """Let go of an alert, and back to the queue."""
    _of(request, connection).leave(request.path_params["alert_id"])
    return _go("/queue", form)


def assign(request: Request, form: FormData, connection: Connection) -> Response:
    """Give an alert to somebody, and back to the queue."""
    _of(request, connection).assign(request.path_params["alert_id"], field(form, "to") or None)
    return _go("/queue", form)


def decide(request: Request, form: FormData, connection: Connection) -> Response:
    """A decision; the page of the alert then leads to the next."""
    outcome, _, code = field(form, "decision").partition(" ")
    alert_id = request.path_params["alert_id"]
    _of(request, connection).decide(alert_id, outcome, code, field(form, "note").strip())
    return _go(f"/alerts/{alert_id}", form)


def undo(request: Request, form: FormData, connection: Connection) -> Response:
    """Take one's own decision back."""
    alert_id = _of(request, connection).undo(request.path_params["disposition_id"])
    return _go(f"/alerts/{alert_id}", form)


async def feed(request: Request) -> Response:
    """Server-sent events."""
    user_of(request, *MAY_LOOK)
    site, had = site_of(request), request.headers.get("last-event-id", "")
    # before the answer begins: the page is read after that, and hears of whatever comes from here on
    last = int(had) if had.isdigit() and len(had) < 19 else await site.live.newest()
    stream = site.live.listen(_port(request), last, request.cookies[COOKIE])
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _port(request: Request) -> str | None:
    return request.query_params.get("port") or None


def _of(request: Request, connection: Connection) -> Queue:
    return Queue(connection, user_of(request), site_of(request).now)


def _go(path: str, form: FormData) -> Response:
    """There, with the port that was looked at."""
    port = field(form, "port")
    return RedirectResponse(f"{path}?{urlencode({'port': port})}" if port else path, 303)


ROUTES = [
    Route("/queue", queue),
    Route("/queue/lines", lines),
    form_route("/queue/next", following, MAY_DECIDE),
    Route("/alerts/{alert_id}", alert),
    form_route("/alerts/{alert_id}/leave", leave, MAY_DECIDE),
    form_route("/alerts/{alert_id}/assign", assign, MAY_DECIDE),
    form_route("/alerts/{alert_id}/decide", decide, MAY_DECIDE),
    form_route("/decisions/{disposition_id}/undo", undo, MAY_DECIDE),
    Route("/feed", feed),
]
