"""How does somebody get in? The login, the one-time link with which a password is chosen, the way out."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.accounts import Accounts, RefusedError
from console.guard import COOKIE, field, form_of, session_of, with_session, without_session
from console.site import page, site_of


def login(request: Request) -> Response:
    """The form."""
    if request.state.session is not None:
        return RedirectResponse("/queue", 303)
    return page(request, "login.html", {})


async def log_in(request: Request) -> Response:
    """Name and password."""
    form = await form_of(request)
    return await run_in_threadpool(_log_in, request, field(form, "name").strip().lower(), field(form, "password"))


def _log_in(request: Request, name: str, password: str) -> Response:
    site, address = site_of(request), _address(request)
    with site.database.begin() as connection:
        accounts = Accounts(connection, site.now)
        try:
            token = accounts.log_in(accounts.check(name, password, address), address)
        except RefusedError as problem:
            return page(request, "login.html", {"problem": problem, "name": name}, status=401)
    return with_session(RedirectResponse("/queue", 303), token, request)


async def log_out(request: Request) -> Response:
    """End the session."""
    session_of(request)
    await form_of(request)
    await run_in_threadpool(_log_out, request)
    return without_session("/login")


def _log_out(request: Request) -> None:
    site = site_of(request)
    with site.database.begin() as connection:
        Accounts(connection, site.now).log_out(request.cookies[COOKIE])


def welcome(request: Request) -> Response:
    """The form of a one-time link."""
    site = site_of(request)
    with site.database.read() as connection:
        try:
            name = Accounts(connection, site.now).invited(request.path_params["token"])
        except RefusedError as problem:
            return page(request, "login.html", {"problem": problem}, status=410)
    return page(request, "welcome.html", {"name": name})


async def choose(request: Request) -> Response:
    """The password of a one-time link."""
    form = await form_of(request)
    return await run_in_threadpool(_choose, request, field(form, "password"))


def _choose(request: Request, password: str) -> Response:
    site, token = site_of(request), request.path_params["token"]
    with site.database.begin() as connection:
        accounts = Accounts(connection, site.now)
        name = None
        try:
            name = accounts.invited(token)
            accounts.accept(token, password)
            fresh = accounts.log_in(accounts.check(name, password, _address(request)), _address(request))
        except RefusedError as problem:
            return page(request, "welcome.html", {"problem": problem, "name": name}, status=422)
    return with_session(RedirectResponse("/queue", 303), fresh, request)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "-"


ROUTES = [
    Route("/login", login),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
    Route("/welcome/{token}", welcome),
    Route("/welcome/{token}", choose, methods=["POST"]),
]
