"""What does an operator see and do? The live queue, one alert with its reasons, the decision."""

from __future__ import annotations

from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from console.guard import field, form_route, user_of
from console.queue import CODES, MAY_DECIDE, UNDO_MS, Queue, history
from console.site import page, site_of

MAY_LOOK = ("operator", "supervisor", "analyst", "auditor", "admin")


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
    return page(request, name, values | {"port": port, "may_decide": user.role in MAY_DECIDE, "user": user})


def alert(request: Request) -> Response:
    """One alert; whoever may decide holds it from now on."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    alert_id, port = request.path_params["alert_id"], _port(request)
    with site.database.begin() as connection:
        some = Queue(connection, user, site.now)
        line = some.open(alert_id, hold=user.role in MAY_DECIDE)
        decisions = history(connection, alert_id)
    if line is None:
        raise HTTPException(404, "There is no such alert.")
    mine = line.held_by == user.name and not decisions
    values = {"line": line, "alert": line.alert, "decisions": decisions, "mine": mine, "codes": CODES, "port": port}
    return page(request, "alert.html", values | {"user": user, "now_ms": site.now(), "undo_ms": UNDO_MS})


def following(request: Request, form: FormData, connection: Connection) -> Response:
    """The next alert that nobody holds."""
    alert_id = _of(request, connection).next(field(form, "port") or None)
    return _go(f"/alerts/{alert_id}" if alert_id else "/queue", form)


def leave(request: Request, form: FormData, connection: Connection) -> Response:
    """Let go of an alert, and back to the queue."""
    _of(request, connection).leave(request.path_params["alert_id"])
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
    last = request.headers.get("last-event-id", "")
    stream = site_of(request).live.listen(_port(request), int(last) if last.isdigit() and len(last) < 19 else None)
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
    form_route("/alerts/{alert_id}/decide", decide, MAY_DECIDE),
    form_route("/decisions/{disposition_id}/undo", undo, MAY_DECIDE),
    Route("/feed", feed),
]
