"""How does somebody get in? The login, the one-time link with which a password is chosen, the way out."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.accounts import Accounts, RefusedError
from console.guard import COOKIE, field, form_route, with_session, without_session
from console.site import page, site_of


def login(request: Request) -> Response:
    """The form."""
    if request.state.session is not None:
        return RedirectResponse("/", 303)
    return page(request, "login.html", {})


def log_in(request: Request, form: FormData, connection: Connection) -> Response:
    """Name and password."""
    accounts, address = Accounts(connection, site_of(request).now), _address(request)
    name = field(form, "name").strip().lower()
    try:
        token = accounts.log_in(accounts.check(name, field(form, "password"), address), address)
    except RefusedError as problem:
        return page(request, "login.html", {"problem": problem, "name": name}, status=401)
    return with_session(RedirectResponse("/", 303), token, request)


def log_out(request: Request, _: FormData, connection: Connection) -> Response:
    """End the session."""
    Accounts(connection, site_of(request).now).log_out(request.cookies[COOKIE])
    return without_session("/login")


def welcome(request: Request) -> Response:
    """The form of a one-time link."""
    site = site_of(request)
    with site.database.read() as connection:
        try:
            name = Accounts(connection, site.now).invited(request.path_params["token"])
        except RefusedError as problem:
            return page(request, "login.html", {"problem": problem}, status=410)
    return page(request, "welcome.html", {"name": name})


def choose(request: Request, form: FormData, connection: Connection) -> Response:
    """The password of a one-time link."""
    accounts, address = Accounts(connection, site_of(request).now), _address(request)
    token, password = request.path_params["token"], field(form, "password")
    name = None
    try:
        name = accounts.invited(token)
        accounts.accept(token, password)
        fresh = accounts.log_in(accounts.check(name, password, address), address)
    except RefusedError as problem:
        return page(request, "welcome.html", {"problem": problem, "name": name}, status=422)
    return with_session(RedirectResponse("/", 303), fresh, request)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "-"


ROUTES = [
    Route("/login", login),
    form_route("/login", log_in, None),
    form_route("/logout", log_out, ()),
    Route("/welcome/{token}", welcome),
    form_route("/welcome/{token}", choose, None),
]
