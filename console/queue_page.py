"""What does an operator see and do? The live queue, one alert with its reasons, the decision."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from console.guard import field, form_of, user_of
from console.queue import CODES, MAY_DECIDE, UNDO_MS, ConflictError, Queue, history
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


async def following(request: Request) -> Response:
    """The next alert that nobody holds."""
    user_of(request, *MAY_DECIDE)
    form = await form_of(request)
    return await run_in_threadpool(_following, request, field(form, "port") or None)


def _following(request: Request, port: str | None) -> Response:
    user, site = user_of(request, *MAY_DECIDE), site_of(request)
    with site.database.read() as connection:
        alert_id = Queue(connection, user, site.now).next(port)
    return _go(f"/alerts/{alert_id}" if alert_id else "/queue", port)


async def leave(request: Request) -> Response:
    """Let go of an alert, and back to the queue."""
    user_of(request, *MAY_DECIDE)
    form = await form_of(request)
    return await run_in_threadpool(_leave, request, field(form, "port") or None)


def _leave(request: Request, port: str | None) -> Response:
    user, site = user_of(request, *MAY_DECIDE), site_of(request)
    with site.database.begin() as connection:
        Queue(connection, user, site.now).leave(request.path_params["alert_id"])
    return _go("/queue", port)


async def decide(request: Request) -> Response:
    """A decision, then the next alert."""
    user_of(request, *MAY_DECIDE)
    form = await form_of(request)
    outcome, _, code = field(form, "decision").partition(" ")
    return await run_in_threadpool(
        _decide, request, (outcome, code, field(form, "note").strip()), field(form, "port") or None
    )


def _decide(request: Request, what: tuple[str, str, str], port: str | None) -> Response:
    user, site, alert_id = user_of(request, *MAY_DECIDE), site_of(request), request.path_params["alert_id"]
    with site.database.begin() as connection:
        try:
            Queue(connection, user, site.now).decide(alert_id, *what)
        except ConflictError as problem:
            raise HTTPException(409, str(problem)) from None
    return _go(f"/alerts/{alert_id}", port)


async def undo(request: Request) -> Response:
    """Take one's own decision back."""
    user_of(request, *MAY_DECIDE)
    form = await form_of(request)
    return await run_in_threadpool(_undo, request, field(form, "port") or None)


def _undo(request: Request, port: str | None) -> Response:
    user, site = user_of(request, *MAY_DECIDE), site_of(request)
    with site.database.begin() as connection:
        try:
            alert_id = Queue(connection, user, site.now).undo(request.path_params["disposition_id"])
        except ConflictError as problem:
            raise HTTPException(409, str(problem)) from None
    return _go(f"/alerts/{alert_id}", port)


async def feed(request: Request) -> Response:
    """Server-sent events."""
    user_of(request, *MAY_LOOK)
    last = request.headers.get("last-event-id", "")
    stream = site_of(request).live.listen(_port(request), int(last) if last.isdigit() and len(last) < 19 else None)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _port(request: Request) -> str | None:
    return request.query_params.get("port") or None


def _go(path: str, port: str | None) -> Response:
    request_path = path if port is None else f"{path}?port={port}"
    return RedirectResponse(request_path, 303)


ROUTES = [
    Route("/queue", queue),
    Route("/queue/lines", lines),
    Route("/queue/next", following, methods=["POST"]),
    Route("/alerts/{alert_id}", alert),
    Route("/alerts/{alert_id}/leave", leave, methods=["POST"]),
    Route("/alerts/{alert_id}/decide", decide, methods=["POST"]),
    Route("/decisions/{disposition_id}/undo", undo, methods=["POST"]),
    Route("/feed", feed),
]
