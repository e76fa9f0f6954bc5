"""What does the JSON API say of the ports? The same as the pages, over traffic that was made by hand."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from starlette.applications import Starlette

from console.app import make_app
from console.database import Database
from console.queue import MAY_LOOK
from console.site import Border
from console.tokens import SCOPES
from schemas.ports import Ports
from tests.console.crossed import HOUR, crossed, ms, notice, record, say
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_api import Program, entries, token
from tests.console.test_app import Browser
from tests.console.test_ports_page import END, busy, text_of


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """A console of the land ports of the United States at `END`, with an operator."""
    clock.ms = ms(END) + 600_000
    user(database, clock, "ana")
    return make_app(database, clock, border=Border(Ports.builtin()))


@pytest.fixture
def ana(app: Starlette, database: Database, clock: Clock) -> Program:
    """An operator's that may see the ports."""
    return Program(app, token(database, clock, "ana", ("ports:read",))[1])


def test_ports_are_listed_with_the_figures_of_the_overview(
    app: Starlette, ana: Program, database: Database, clock: Clock
) -> None:  # fmt: skip
    """Each as its line of the page says it; null where the page has a dash."""
    busy(database)
    fill(database, clock, [alert(1, port="2304").model_copy(update={"occurred_at": END - HOUR})])
    say(database, notice(1, END - HOUR))
    answer = ana.get("/ports")
    calexico, laredo, ysidro = answer["ports"]
    assert "2026-07-15T17:00:00.000Z" == answer["hour"]
    assert ("2503", "not enough history", None) == (calexico["code"], calexico["flow"], calexico["usual"])
    assert ("Laredo", 90, {"low": 10, "median": 10, "high": 10}, "high", 1, 1, 111.1) == (
        laredo["name"], laredo["crossed"], laredo["usual"], laredo["flow"],
        laredo["waiting"], laredo["alerts"], round(laredo["alert_rate"], 1),
    )  # fmt: skip
    assert (32.5, -117.0) == (round(ysidro["latitude"], 1), round(ysidro["longitude"], 1))
    assert {"ok": 1, "silent": 1, "unsure": 0, "not enough history": 0} == ysidro["reader_states"]
    assert (1, 0.0) == (ysidro["notices"], ysidro["alert_rate"])
    browser = Browser(app)
    browser.log_in("ana")
    page = text_of(browser.get("/ports").text)
    for port in (laredo, ysidro):
        assert re.search(
            f"{port['name']} {port['code']} {port['crossed']} {port['usual']['low']:g} . {port['flow']}", page
        )


def test_ports_come_a_page_at_a_time_by_name(ana: Program, database: Database) -> None:
    """Each once; twenty, as on the page, unless another number is asked for."""
    for k in range(23):
        record(database, crossed(END - HOUR, 1, port=f"x{k:02}", zone="UTC"))
    first = ana.get("/ports")
    rest = ana.get("/ports", cursor=first["next"])
    assert [20, 3] == [len(first["ports"]), len(rest["ports"])]
    assert [f"x{k:02}" for k in range(23)] == [one["code"] for one in [*first["ports"], *rest["ports"]]]
    assert rest["next"] is None
    everything = ana.get("/ports", limit=200)
    assert (23, None) == (len(everything["ports"]), everything["next"])
    assert 404 == ana.ask("GET", "/ports", params={"cursor": "bm8"}).status_code


def test_a_port_is_shown_with_readers_hours_and_typologies(ana: Program, database: Database, clock: Clock) -> None:
    """Hours in UTC and on the port's clock, with the usual; readers in trouble first."""
    busy(database)
    fill(database, clock, [alert(k).model_copy(update={"occurred_at": END - 5 * HOUR}) for k in range(1, 3)])
    shown = ana.get("/ports/2504")
    assert ("San Ysidro", 27, "usual") == (shown["name"], shown["crossed"], shown["flow"])
    assert [("2", "silent", 0), ("1", "ok", 27)] == [(r["lane"], r["state"], r["reads"]) for r in shown["readers"]]
    assert [None, 0.9] == [r["confidence"] and round(r["confidence"], 2) for r in shown["readers"]]
    (inbound,) = shown["hours"]
    assert ("inbound", 48) == (inbound["direction"], len(inbound["hours"]))
    last = {"at": "2026-07-15T17:00:00.000Z", "local": "2026-07-15T10:00", "crossed": 27}
    assert last | {"usual": {"low": 32, "median": 32, "high": 32}} == inbound["hours"][-1]
    assert "2026-07-13T18:00:00.000Z" == inbound["hours"][0]["at"]
    named = Counter(name for k in range(1, 3) for name in alert(k).typologies)
    assert named == {one["typology"]: one["alerts"] for one in shown["typologies"]}


def test_a_port_without_traffic_is_known_and_an_unknown_one_is_not(ana: Program) -> None:
    """As on the page: nothing has crossed, or 404."""
    shown = ana.get("/ports/2504")
    assert (0, None, "not enough history", None) == (
        shown["crossed"], shown["usual"], shown["flow"], shown["alert_rate"],
    )  # fmt: skip
    assert ([], [], []) == (shown["readers"], shown["hours"], shown["typologies"])
    for code in ("9999", "a/b"):
        assert "There is no such port." == ana.ask("GET", f"/ports/{code}").json()["error"]


def test_who_looked_at_ports_is_noted(app: Starlette, ana: Program, database: Database, clock: Clock) -> None:
    """With the token; without the scope nothing is shown."""
    ana.get("/ports")
    ana.get("/ports/2504")
    assert ["port.list", "port.view"] == [action for action, _ in entries(database, "ana")]
    other = Program(app, token(database, clock, "ana", ("alerts:read",))[1])
    assert [403, 403] == [other.ask("GET", path).status_code for path in ("/ports", "/ports/2504")]
    assert set(MAY_LOOK) == set(SCOPES["ports:read"])
