"""Does every page and every form write into the audit what it should? Each route is here, with what it writes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from console import audit
from console.accounts import Accounts
from console.app import make_app
from console.database import Database
from console.snoozes import Snoozes
from tests.console.stored import PASSWORD, Clock, alert, fill, user
from tests.console.test_app import Browser

VEHICLE = f"{1:032x}"
WHY = "a test of it"


class Step(NamedTuple):
    """A route, who goes there, and what that writes: nothing where it shows no more than the queue or a form."""

    method: str
    route: str
    user: str | None
    writes: str | None
    fields: dict[str, str] = {}  # noqa: RUF012 (never changed)
    path: str = ""  # with a query; the route's own with the names filled in


# in this order, since one prepares the next
STEPS = [
    Step("GET", "/", "ana", None),
    Step("GET", "/healthz", None, None),
    Step("GET", "/login", None, None),
    Step("POST", "/login", None, "login", {"name": "ana", "password": PASSWORD}),
    Step("GET", "/welcome/{token}", None, None),
    Step("POST", "/welcome/{token}", None, "user.password", {"password": PASSWORD}),
    Step("GET", "/queue", "ana", None),
    Step("GET", "/queue/lines", "ana", None),
    Step("GET", "/feed", "itg", None),  # refused here; it tells which alerts change, and no more
    Step("POST", "/queue/next", "ana", "alert.view"),
    Step("POST", "/alerts/{alert_id}/assign", "sue", "alert.assign", {"to": "ana"}),
    Step("GET", "/alerts/{alert_id}", "ana", "alert.view"),
    Step("POST", "/alerts/{alert_id}/decide", "ana", "alert.decide", {"decision": "cleared other"}),
    Step("POST", "/decisions/{disposition_id}/undo", "ana", "alert.undo"),
    Step("POST", "/alerts/{alert_id}/leave", "ana", None),
    Step("POST", "/vehicles", "ana", "vehicle.search", {"vehicle": VEHICLE, "why": WHY}),
    Step("GET", "/vehicles", "ana", None),
    Step("GET", "/vehicles/{vehicle}", "ana", "vehicle.view", path=f"/vehicles/{VEHICLE}?alert=a-1"),
    Step("POST", "/vehicles/{vehicle}/snooze", "ana", "snooze.add", {"typology": "new_port", "days": "1", "why": WHY}),
    Step("GET", "/snoozes", "ana", None),
    Step("GET", "/snoozes/{snooze_id}", "ana", "snooze.view"),
    Step("POST", "/snoozes/{snooze_id}/end", "ana", "snooze.end"),
    Step("GET", "/ports", "ana", None),  # counts, no vehicle
    Step("GET", "/ports/{code:path}", "ana", None, path="/ports/2504"),
    Step("GET", "/audit", "aud", "audit.view"),
    Step("POST", "/audit/export", "aud", "audit.export", {"kind": "csv", "why": WHY}),
    Step("GET", "/audit/chain", "aud", "audit.verify"),
    Step("GET", "/audit/decisions", "aud", "decisions.view"),
    Step("GET", "/integrity", "itg", "integrity.view"),
    Step("POST", "/logout", "ana", "logout"),
]
MOUNTS = {"static", "api"}  # files; the API's own tests


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """With an alert and people."""
    for name, role in (("ana", "operator"), ("sue", "supervisor"), ("aud", "auditor"), ("itg", "integrity")):
        user(database, clock, name, role)
    fill(database, clock, [alert(1)])
    return make_app(database, clock)


def test_every_route_is_here(app: Starlette) -> None:
    """A new one needs a step above, with the action that it writes, or None."""
    there = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert there == {(step.method, step.route) for step in STEPS}
    assert {route.name for route in app.routes if isinstance(route, Mount)} <= MOUNTS


def test_every_route_writes_what_it_should(app: Starlette, database: Database, clock: Clock) -> None:
    """Who, when and what: the first new entry after each step, or none."""
    browsers: dict[str | None, Browser] = {}
    for name in ("ana", "sue", "aud", "itg"):
        browsers[name] = Browser(app)
        browsers[name].log_in(name)
    names = {"alert_id": "a-1", "vehicle": VEHICLE}
    with database.begin() as connection:
        names["token"] = Accounts(connection, clock).add("cleo", "operator", by="test")
        ana = next(one for one, _ in Accounts(connection, clock).all() if one.name == "ana")
        (names["snooze_id"],) = Snoozes(connection, ana, clock).add(VEHICLE, ["quick_turnaround"], 1, WHY)
    for step in STEPS:
        browser = browsers[step.user] if step.user is not None else Browser(app)
        if step.method == "POST" and step.user is not None:
            browser.get("/audit" if step.user == "aud" else "/queue")  # where a form's token is
        with database.read() as connection:
            before = audit.newest(connection, 1)[0].seq
        path = step.path or step.route.format_map(names)
        go: Any = browser.get if step.method == "GET" else browser.post
        go(path, **step.fields)
        found = re.search(r"/decisions/(d-[0-9a-f]+)/undo", browser.page.text)
        names["disposition_id"] = found[1] if found is not None else ""
        with database.read() as connection:
            new = audit.following(connection, before)
        written = new[0] if new else None
        assert step.writes == (written.action if written is not None else None), step
        if written is not None:
            assert (step.fields.get("name") or step.user or "cleo", clock()) == (written.user, written.at_ms)
