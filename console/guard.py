"""What stands before every page? Headers, the session of the cookie, and the proof that a form is ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.accounts import Session, User, same
from console.site import site_of

COOKIE = "linewatch"
BODY_BYTES = 16_384
FIELDS = 20
LEAST_PURPOSE, MOST_PURPOSE = 5, 500  # characters of "why do you look?"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer browsers send forms with the origin "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class SafeHeaders:
    """Adds them to every answer; what is under /static may be kept for a while."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/static/"):
                    headers["cache-control"] = "max-age=3600"
            await send(message)

        await self._app(scope, receive, with_headers)


class Bounded:
    """Lets no request's body be longer than `BODY_BYTES`, whether its length is told or not: 413.

    Addresses with a NUL, which no text of PostgreSQL can hold, are 400.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            await _refused(scope["path"], "An address with the character NUL is refused.")(scope, receive, send)
            return
        left = BODY_BYTES
        told = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0 or (told.isdigit() and int(told[:19]) > BODY_BYTES):
                raise HTTPException(413, f"A body has {BODY_BYTES:,} bytes at most.")
            return message

        await self._app(scope, bounded, send)


def _refused(path: str, text: str) -> Response:
    """400, for programs in the shape of the API's other errors."""
    return JSONResponse({"error": text}, 400) if path.startswith("/api/") else PlainTextResponse(text, 400)


def session_of(request: Request) -> Session:
    """The session; 401 (which shows the login) without one."""
    session: Session | None = request.state.session
    if session is None:
        raise HTTPException(401)
    return session


def home_of(session: Session | None) -> str:
    """Where somebody begins."""
    return "/integrity" if session is not None and session.user.role == "integrity" else "/queue"


def user_of(request: Request, *roles: str) -> User:
    """Who asks; 403 for somebody whose role is not among those."""
    user = session_of(request).user
    if roles and user.role not in roles:
        raise HTTPException(403, f"This page is for the roles {', '.join(roles)}; yours is {user.role}.")
    return user


async def form_of(request: Request) -> FormData:
    """The fields of a form that our page sent. 403 for one from elsewhere, 400 for a NUL, which no database holds."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}":
        raise HTTPException(403, "This form was sent from another site.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "This form was sent from another site.")
    form = await request.form(max_files=0, max_fields=FIELDS, max_part_size=BODY_BYTES)
    if any("\0" in str(part) for item in form.multi_items() for part in item):
        raise HTTPException(400, "A text must not hold the character NUL.")
    session: Session | None = request.state.session
    if session is not None and not same(str(form.get("csrf", "")), session.csrf):
        raise HTTPException(403, "This form is from an earlier login. Go back, load the page again, and send it anew.")
    return form


Act = Callable[[Request, FormData, Connection], Response]


def form_route(path: str, act: Act, roles: Sequence[str] | None) -> Route:
    """Where a form of those roles goes (`()`: of anybody who is logged in, None: of anybody).

    `act` runs in a thread, within a transaction that is undone when it raises.
    """

    def within(request: Request, form: FormData) -> Response:
        with site_of(request).database.begin() as connection:
            return act(request, form, connection)

    async def posted(request: Request) -> Response:
        if roles is not None:
            user_of(request, *roles)
        return await run_in_threadpool(within, request, await form_of(request))

    return Route(path, posted, methods=["POST"], name=act.__name__)


def with_session(response: Response, token: str, request: Request) -> Response:
    """The answer, with the session in a cookie that no script reads and no other site sends."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
    return response


def without_session(url: str) -> Response:
    """Go there, and forget the cookie."""
    response = RedirectResponse(url, 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def field(form: FormData, name: str) -> str:
    """A text field; empty where it is not there."""
    value: Any = form.get(name, "")
    return value if isinstance(value, str) else ""
