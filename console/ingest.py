"""How do crossings come in over HTTP?

`POST /crossings`: plates are replaced, the lines appended to the spool and synced, and then acknowledged.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.errors import Unavailable
from schemas.plates import Pseudonymiser

MEDIA_TYPES = ("application/x-ndjson", "application/jsonl", "application/json")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BODY_TIMEOUT_S = 30
SERVER = {"lifespan": "off", "timeout_keep_alive": 5, "limit_concurrency": 256, "timeout_graceful_shutdown": 10}
LOCAL_HOSTS = ["localhost", "127.0.0.1"]  # another name for loopback in `Host` is a web page that tries to reach us


class Spool(Protocol):
    """Where acknowledged lines go: returns when they are safe, Unavailable when they cannot be."""

    def append(self, data: bytes) -> None:
        """Whole lines."""


@dataclass(frozen=True)
class Limits:
    """Who may send how much. An empty token lets everybody in; ops/run.py allows that on loopback only."""

    max_body_bytes: int
    token: str
    local_only: bool


class _RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def make_app(
    spool: Spool, pseudonymiser: Pseudonymiser, limits: Limits, health: Callable[[], Mapping[str, Any]],
    metrics: Callable[[], bytes],
) -> Starlette:  # fmt: skip
    """The application. 202 means: on disk, and the runner will take every line exactly once.

    Lines are looked at later: a bad one goes to the dead letter. A sender that got no answer sends again; crossings
    that were stored already are dropped as duplicates by their id.
    """

    async def crossings(request: Request) -> JSONResponse:
        try:
            _authorise(request, limits.token)
            body = await asyncio.wait_for(_body(request, limits.max_body_bytes), BODY_TIMEOUT_S)
            lines = await run_in_threadpool(_store, spool, pseudonymiser, body)
        except _RefusedError as refused:
            headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
            return JSONResponse({"error": str(refused)}, refused.status, headers)
        except (TimeoutError, ClientDisconnect):
            return JSONResponse({"error": "the body did not come in time"}, 408)
        except Unavailable as problem:
            return JSONResponse({"error": str(problem)}, 503, {"Retry-After": "5"})
        return JSONResponse({"lines": lines, "bytes": len(body)}, 202)

    async def healthz(_: Request) -> JSONResponse:
        state = dict(health())
        return JSONResponse(state, 200 if state.get("status") == "ok" else 503)

    def metrics_page(request: Request) -> Response:  # in a thread of Starlette's: it may wait for the pipeline
        try:
            _bearer(request, limits.token)
        except _RefusedError as refused:
            return JSONResponse({"error": str(refused)}, refused.status, {"WWW-Authenticate": "Bearer"})
        return Response(metrics(), media_type=METRICS_TYPE)

    routes = [
        Route("/crossings", crossings, methods=["POST"]),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/metrics", metrics_page, methods=["GET"]),
    ]
    guard = [Middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS)] if limits.local_only else []
    return Starlette(routes=routes, middleware=guard)


def _bearer(request: Request, token: str) -> None:
    given = request.headers.get("authorization", "").encode()
    if token and not hmac.compare_digest(given, b"Bearer " + token.encode()):
        raise _RefusedError(401, "a bearer token is required (setting ingest_token)")


def _authorise(request: Request, token: str) -> None:
    _bearer(request, token)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA_TYPES:
        raise _RefusedError(415, f"Content-Type must be {MEDIA_TYPES[0]}: one JSON crossing a line")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _RefusedError(415, "send the body uncompressed")


async def _body(request: Request, limit: int) -> bytes:
    """The whole body; refused as soon as it is known to be too large."""
    too_large = _RefusedError(413, f"at most {limit:,} bytes a request (setting ingest_max_body_bytes)")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def _store(spool: Spool, pseudonymiser: Pseudonymiser, body: bytes) -> int:
    """Lines stored. No plate reaches the disk."""
    lines = [line for line in pseudonymiser.rewrite_plates(body).split(b"\n") if line.strip()]
    if lines:
        spool.append(b"\n".join(lines) + b"\n")
    return len(lines)


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
