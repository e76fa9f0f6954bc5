"""What do the pages know of a vehicle, and who may see it?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette

from console import audit, vehicles
from console.app import make_app
from console.database import Database
from console.history import Crossed
from console.site import Border
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_app import Browser
from tests.console.travels import commuter, crossed, keep

PLATES = Pseudonymiser(bytes(32))
MINE = f"{1:032x}"  # the vehicle of alert 1


def test_a_history_ends_at_a_moment(database: Database) -> None:
    """Oldest first; what came later is not shown beside an alert."""
    some = list(commuter("v", 5))
    keep(database, *some, *commuter("w", 3))
    wanted = sorted(one.occurred_ms for one in some)
    with database.read() as connection:
        assert wanted == [one.occurred_ms for one in vehicles.history(connection, "v")]
        assert wanted[:4] == [one.occurred_ms for one in vehicles.history(connection, "v", wanted[3])]
        assert wanted[-3:] == [one.occurred_ms for one in vehicles.history(connection, "v", limit=3)]


def test_company_is_who_crosses_beside_it_on_three_days(database: Database) -> None:
    """At one port, in one direction, within two minutes; and who of them do so together."""
    near, late = list(commuter("near", 10, shift_s=60)), list(commuter("late", 10, shift_s=180))
    seldom, also = list(commuter("seldom", 2, shift_s=30)), list(commuter("also", 9, shift_s=-90, every=2))
    elsewhere = [one._replace(port="2604") for one in commuter("elsewhere", 10)]
    keep(database, *commuter("v", 10), *near, *late, *seldom, *also, *elsewhere)
    with database.read() as connection:
        found = vehicles.company(connection, "v")
    assert 20 == found.looked_at
    assert [("near", 10, 20), ("also", 5, 10)] == [tuple(one) for one in found.companions]
    assert [(0, 1)] == found.pairs


def test_days_are_counted_not_crossings(database: Database) -> None:
    """Twenty meetings on one day are one day."""
    hours = [6 + k / 2 for k in range(20)]
    keep(database, *(crossed("v", 1, hour) for hour in hours), *(crossed("w", 1, hour + 0.01) for hour in hours))
    with database.read() as connection:
        assert [] == vehicles.company(connection, "v").companions


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """With alerts of two vehicles, one of which has a plate that we know."""
    typed = PLATES.pseudonym("7ABC123", "US-CA")
    known: Iterator[Crossed] = commuter(typed, 10)
    keep(database, *commuter(MINE, 10), *known)
    fill(database, clock, [alert(1), alert(2)])
    for name, role in (("ana", "operator"), ("lea", "analyst"), ("ivo", "integrity")):
        user(database, clock, name, role)
    return make_app(database, clock, border=Border(Ports.open(), 6.0, PLATES.pseudonym))


def logged_in(app: Starlette, name: str) -> Browser:
    """A visitor."""
    browser = Browser(app)
    browser.log_in(name)
    return browser


def searches(database: Database) -> list[audit.Entry]:
    """What the audit says of them."""
    with database.read() as connection:
        return [entry for entry in audit.entries(connection) if entry.action == "vehicle.search"]


def test_a_plate_that_is_typed_is_hashed_and_found(app: Starlette, database: Database) -> None:
    """In no page, address or table is the plate; the purpose is in the audit."""
    ana = logged_in(app, "ana")
    ana.get("/vehicles")
    page = ana.post("/vehicles", plate="7abc 123", jurisdiction="us-ca", why="asked for by the duty officer")
    assert 200 == page.status_code
    typed = PLATES.pseudonym("7ABC123", "US-CA")
    assert f"/vehicles/{typed}" == page.url.path
    (entry,) = searches(database)
    assert ("ana", f"vehicle {typed}", "asked for by the duty officer") == (entry.user, entry.subject, entry.why)
    assert {"by": "plate", "found": True} == json.loads(entry.detail)
    with database.read() as connection:
        told = " ".join(" ".join(map(str, entry)) for entry in audit.entries(connection))
    for text in (page.text, str(page.url), told):
        assert "ABC123" not in text.upper()
        assert "ABC 123" not in text.upper()


def test_nobody_looks_without_a_purpose(app: Starlette, database: Database) -> None:
    """Not by the form, not by an address, not by another's search, not an hour later."""
    ana, lea = logged_in(app, "ana"), logged_in(app, "lea")
    assert 403 == ana.get(f"/vehicles/{MINE}").status_code
    assert 403 == ana.get(f"/vehicles/{MINE}?alert=a-2").status_code
    assert 422 == ana.post("/vehicles", vehicle=MINE, why="  ").status_code
    found = ana.post("/vehicles", vehicle=MINE, why="seen near the depot")
    assert 200 == found.status_code
    assert 403 == lea.get(f"{found.url.path}?{found.url.query.decode()}").status_code
    app.state.site.now.pass_s(3_601)
    assert 403 == ana.get(f"{found.url.path}?{found.url.query.decode()}").status_code
    with database.read() as connection:
        views = [entry.user for entry in audit.entries(connection) if entry.action == "vehicle.view"]
    assert ["ana"] == views


def test_an_alert_is_a_purpose(app: Starlette, database: Database) -> None:
    """Its page leads to the vehicle's; the audit says from where."""
    lea = logged_in(app, "lea")
    assert f"/vehicles/{MINE}?alert=a-1" in lea.get("/alerts/a-1").text
    page = lea.get(f"/vehicles/{MINE}?alert=a-1").text
    assert "20 crossings are kept" in page
    with database.read() as connection:
        (view,) = (entry for entry in audit.entries(connection) if entry.action == "vehicle.view")
    assert {"alert": "a-1"} == json.loads(view.detail)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"vehicle": "nobody"}, 404),
        ({"vehicle": "x" * 65}, 422),
        ({"vehicle": MINE, "plate": "7ABC123", "jurisdiction": "US-CA"}, 422),
        ({"plate": "7ABC123"}, 422),
        ({"plate": "---", "jurisdiction": "US-CA"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_looked_up_is_said(app: Starlette, fields: dict[str, Any], status: int) -> None:
    """And what was typed of a plate does not come back."""
    ana = logged_in(app, "ana")
    ana.get("/vehicles")
    page = ana.post("/vehicles", why="a good reason", **fields)
    assert status == page.status_code
    assert "7ABC123" not in page.text


def test_without_a_key_no_plate_is_asked_for(database: Database, clock: Clock) -> None:
    """The page says why."""
    user(database, clock, "ana")
    page = logged_in(make_app(database, clock), "ana").get("/vehicles").text
    assert 'name="plate"' not in page
    assert "plate_key_file" in page


def test_the_integrity_role_looks_at_no_vehicle(app: Starlette) -> None:
    """It has a page of its own."""
    assert 403 == logged_in(app, "ivo").get("/vehicles").status_code
