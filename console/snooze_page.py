"""Where are snoozes made, seen and ended? Beside an alert, and on pages of their own with what each has hidden."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console import audit
from console.guard import field, form_route, user_of
from console.queue import MAY_DECIDE, MAY_LOOK
from console.site import page, site_of
from console.snoozes import Snoozes


def snoozes(request: Request) -> Response:
    """All of them."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    with site.database.read() as connection:
        some = Snoozes(connection, user, site.now).all()
    return page(request, "snoozes.html", {"snoozes": some, "now_ms": site.now()})


def snooze(request: Request) -> Response:
    """One, and what it hid."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    with site.database.begin() as connection:
        some = Snoozes(connection, user, site.now)
        one = some.get(request.path_params["snooze_id"])
        if one is None:
            raise HTTPException(404, "There is no such snooze.")
        audit.add(connection, site.now(), user.name, "snooze.view", f"snooze {one.snooze_id}")
        hidden = some.hidden(one.snooze_id)
    may = user.role in MAY_DECIDE
    return page(request, "snooze.html", {"one": one, "hidden": hidden, "may_decide": may, "now_ms": site.now()})


def add(request: Request, form: FormData, connection: Connection) -> Response:
    """Snooze a vehicle's typologies."""
    typologies = [name for name in form.getlist("typology") if isinstance(name, str)]
    days = field(form, "days")
    lasting = float(days) if days.isdigit() and len(days) < 4 else 0.0
    some = Snoozes(connection, user_of(request), site_of(request).now)
    some.add(request.path_params["vehicle"], typologies, lasting, field(form, "why").strip())
    return RedirectResponse("/queue", 303)


def end(request: Request, form: FormData, connection: Connection) -> Response:  # noqa: ARG001 (the form is empty)
    """End one early."""
    snooze_id = request.path_params["snooze_id"]
    Snoozes(connection, user_of(request), site_of(request).now).end(snooze_id)
    return RedirectResponse(f"/snoozes/{snooze_id}", 303)


ROUTES = [
    Route("/snoozes", snoozes),
    Route("/snoozes/{snooze_id}", snooze),
    form_route("/snoozes/{snooze_id}/end", end, MAY_DECIDE),
    form_route("/vehicles/{vehicle}/snooze", add, MAY_DECIDE),
]
