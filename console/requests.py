"""Which request was that, and how long did it take? Each gets an id, which its answer carries too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"
NO_ROUTE = "none"


class Asked(NamedTuple):
    """A request whose answer has begun."""

    request_id: str
    method: str
    route: str  # the pattern of the page: what was asked for may hold an id or a plate
    code: int
    seconds: float
    stays_open: bool  # a feed


class Requests:
    """Gives ids, and tells `asked` of every request."""

    def __init__(self, app: ASGIApp, asked: Callable[[Asked], None]) -> None:
        self._app, self._asked = app, asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began, route = secrets.token_hex(8), time.perf_counter(), _route_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
                feed = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
                took = time.perf_counter() - began
                self._asked(Asked(request_id, scope["method"], route, message["status"], took, feed))
            await send(message)

        await self._app(scope, receive, with_id)


def _route_of(scope: Scope) -> str:
    for route in scope["app"].routes:
        if route.matches(scope)[0] != Match.NONE:
            return str(getattr(route, "path", NO_ROUTE))
    return NO_ROUTE
