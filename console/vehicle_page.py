"""How does somebody look at a vehicle? By its pseudonym or its plate, for a purpose; the purpose is in the audit.

A plate that is typed in becomes a pseudonym at once; it goes into no page, address, log or table. Who comes from an
alert of the vehicle has a purpose already: the alert.
"""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import Connection, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console import audit, pictures, vehicles
from console.accounts import User
from console.guard import LEAST_PURPOSE, MOST_PURPOSE, field, form_route, user_of
from console.queue import MAY_LOOK
from console.site import Site, page, site_of
from console.snoozes import Snoozes
from console.tables import alerts
from console.tables import audit as audit_table

PURPOSE_MS = 3_600_000  # how long a search opens the vehicle's page
VEHICLE_CHARACTERS, PLATE_CHARACTERS = 64, 32


def search(request: Request) -> Response:
    """The form."""
    user_of(request, *MAY_LOOK)
    return _form(request)


def _form(request: Request, *, vehicle: str = "", problem: str = "", status: int = 200) -> Response:
    plates = site_of(request).border.pseudonym is not None
    return page(request, "search.html", {"vehicle": vehicle, "problem": problem, "plates": plates}, status=status)


def find(request: Request, form: FormData, connection: Connection) -> Response:
    """Look a vehicle up, and go to its page."""
    user, site = user_of(request), site_of(request)
    vehicle, plate, jurisdiction, why = (field(form, n).strip() for n in ("vehicle", "plate", "jurisdiction", "why"))
    if not LEAST_PURPOSE <= len(why) <= MOST_PURPOSE:
        problem = f"Say why you look, in {LEAST_PURPOSE} to {MOST_PURPOSE} characters."
        return _form(request, vehicle=vehicle, problem=problem, status=422)
    if bool(vehicle) == bool(plate) or len(vehicle) > VEHICLE_CHARACTERS or len(plate) > PLATE_CHARACTERS:
        return _form(request, problem="Give either a pseudonym or a plate.", status=422)
    if plate:
        if site.border.pseudonym is None or not jurisdiction:
            return _form(request, problem="A plate needs its jurisdiction.", status=422)
        try:
            vehicle = site.border.pseudonym(plate, jurisdiction)
        except ValueError:
            return _form(request, problem="A plate has letters or digits.", status=422)
    known = vehicles.known(connection, vehicle)
    detail = {"by": "plate" if plate else "pseudonym", "found": known}
    entry = audit.add(connection, site.now(), user.name, "vehicle.search", f"vehicle {vehicle}", why=why, detail=detail)
    if not known:
        return _form(request, problem="Nothing is known of this vehicle. That you looked is in the audit.", status=404)
    return RedirectResponse(f"/vehicles/{quote(vehicle, safe='')}?search={entry.seq}", 303)


def vehicle(request: Request) -> Response:
    """Everything that is kept of a vehicle, for who has said why."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    which = request.path_params["vehicle"]
    alert_id, number = request.query_params.get("alert", ""), request.query_params.get("search", "")
    with site.database.begin() as connection:
        purpose = _purpose(connection, site, user, which, (alert_id, number))
        if purpose is None:
            return _form(request, vehicle=which[:VEHICLE_CHARACTERS], problem="First say why you look.", status=403)
        audit.add(connection, site.now(), user.name, "vehicle.view", f"vehicle {which}", detail=purpose)
    with site.database.read() as connection:
        crossings = vehicles.history(connection, which)
        values = {
            "vehicle": which, "alert_id": alert_id, "crossings": crossings,
            "found": vehicles.alerts_of(connection, which),
            "snoozes": Snoozes(connection, user, site.now).all(vehicle=which, active=True),
            "clock": pictures.clock(crossings, None), "strip": pictures.strip(crossings, None),
            "star": pictures.star(vehicles.company(connection, which), which),
        }  # fmt: skip
    return page(request, "vehicle.html", values)


def _purpose(
    connection: Connection, site: Site, user: User, which: str, given: tuple[str, str]
) -> dict[str, object] | None:
    """The alert or the search that opens a vehicle's page; None: neither does."""
    alert_id, number = given
    if alert_id:
        of = select(alerts.c.vehicle).where(alerts.c.alert_id == alert_id)
        return {"alert": alert_id} if connection.execute(of).scalar() == which else None
    if not number.isdigit() or len(number) > 18:
        return None
    mine = select(audit_table.c.at_ms).where(
        audit_table.c.seq == int(number),
        audit_table.c.user == user.name,
        audit_table.c.action == "vehicle.search",
        audit_table.c.subject == f"vehicle {which}",
        audit_table.c.at_ms > site.now() - PURPOSE_MS,
    )
    return {"search": int(number)} if connection.execute(mine).first() is not None else None


ROUTES = [
    Route("/vehicles", search),
    form_route("/vehicles", find, MAY_LOOK),
    Route("/vehicles/{vehicle}", vehicle),
]
