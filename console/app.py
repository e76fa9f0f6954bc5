"""What is the operator console? Pages over the store: login, queue, alert, audit; no script from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from console import audit_page, integrity_page, login_page, ports_page, queue_page, snooze_page, vehicle_page
from console.accounts import Accounts, Session
from console.api.app import PATH, make_api
from console.database import Database
from console.guard import COOKIE, Bounded, SafeHeaders, home_of
from console.ingest import LOCAL_HOSTS
from console.live import Live
from console.outbox import Outbox
from console.queue import ConflictError
from console.requests import Asked, Requests
from console.site import Border, Site, page, site_of
from console.words import FILTERS
from schemas.errors import LinewatchError
from schemas.ports import Ports

SEND_S = 1.0
# pages at work at once: threads take turns, and with forty at it (anyio's default) the feed hardly ever has its turn
THREADS = 4
AUTOMATIC = "x-linewatch-auto"  # a header of what console.js loads by itself
HERE = Path(__file__).parent


def make_app(
    database: Database, now: Callable[[], int], *, border: Border | None = None, hosts: Sequence[str] = (),
    watermark: str = "", outbox: Outbox | None = None, asked: Callable[[Asked], None] = lambda _: None,
    more: Sequence[Route] = (),
) -> Starlette:  # fmt: skip
    """The application. `hosts`: names under which it may be asked, beside those of this machine; `asked` is told."""
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters.update(FILTERS)
    live = Live(database, now)
    site = Site(database, now, live, templates, watermark, border or Border(Ports.open()))
    api = make_api()
    api.state.site = site

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        sending = asyncio.create_task(_send(outbox)) if outbox is not None else None
        try:
            yield
        finally:
            await live.close()
            if sending is not None:
                sending.cancel()

    app = Starlette(
        routes=[
            Route("/", lambda request: RedirectResponse(home_of(request.state.session), 303)),
            Route("/healthz", lambda _: PlainTextResponse("ok")),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
            Mount(PATH, api, name="api"),
            *login_page.ROUTES,
            *queue_page.ROUTES,
            *snooze_page.ROUTES,
            *vehicle_page.ROUTES,
            *audit_page.ROUTES,
            *ports_page.ROUTES,
            *integrity_page.ROUTES,
            *more,
        ],
        middleware=[
            Middleware(Requests, asked=asked),
            Middleware(SafeHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, *hosts]),
            Middleware(BaseHTTPMiddleware, dispatch=_with_session),
            Middleware(Bounded),
        ],
        exception_handlers={HTTPException: _explain, ConflictError: _explain},
        lifespan=lifespan,
    )
    app.state.site = site
    return app


async def _send(outbox: Outbox) -> None:
    """What was decided goes to the pipeline; while that fails it is tried again."""
    while True:
        with contextlib.suppress(LinewatchError):
            await run_in_threadpool(outbox.deliver)
        await asyncio.sleep(SEND_S)


async def _with_session(request: Request, call_next: RequestResponseEndpoint) -> Response:
    site = site_of(request)
    token = request.cookies.get(COOKIE)
    request.state.session = None
    if token and not request.url.path.startswith(("/static/", f"{PATH}/")):
        # an open page that reloads itself is not somebody who is there
        in_use = AUTOMATIC not in request.headers and request.url.path != "/feed"
        # in a thread: it may wait for a writer, and open feeds must not wait with it
        request.state.session = await run_in_threadpool(_session, site, token, in_use)
    return await call_next(request)


def _session(site: Site, token: str, in_use: bool) -> Session | None:
    """Read, since pages must not wait for whoever writes; while it is in use it is renewed now and then."""
    with site.database.read() as connection:
        session = Accounts(connection, site.now).session(token)
    if session is not None and session.ages and in_use:
        with site.database.begin() as connection:
            Accounts(connection, site.now).renew(token)
    return session


def _explain(request: Request, problem: Exception) -> Response:
    """A page that says what went wrong and what to do."""
    if isinstance(problem, ConflictError):
        problem = HTTPException(409, str(problem))
    assert isinstance(problem, HTTPException)
    if problem.status_code == 401:
        return RedirectResponse("/login", 303)
    return page(request, "error.html", {"problem": problem}, status=problem.status_code)
