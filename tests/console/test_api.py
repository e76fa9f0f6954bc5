"""What does the JSON API let which token do? The real application, asked over HTTP without sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from console import audit, history
from console.accounts import Accounts
from console.app import make_app
from console.audit_page import MAY_LOOK as MAY_AUDIT
from console.database import Database
from console.failures import TRIES
from console.guard import BODY_BYTES
from console.history import Crossed
from console.queue import MAY_DECIDE, MAY_LOOK
from console.store import put_notices
from console.tokens import DAYS, SCOPES, Tokens
from schemas.errors import ConfigError
from schemas.models import Notice
from tests.console.stored import DIGEST, START, Clock, alert, fill, user

OPERATOR = ("alerts:read", "alerts:decide", "snoozes:read", "snoozes:write", "notices:read")


class Program:
    """One that has a token."""

    def __init__(self, app: Starlette, secret: str | None) -> None:
        self._app = app
        self._headers = {} if secret is None else {"authorization": f"Bearer {secret}"}

    def get(self, path: str, **query: Any) -> Any:
        """What is answered with 200."""
        return self.ask("GET", path, params=query).raise_for_status().json()

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """The answer, whatever its status."""
        return self.ask("POST", path, json=fields)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        headers = self._headers | more.pop("headers", {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
                return await client.request(method, path, headers=headers, **more)

        return anyio.run(send)


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """With five alerts and a user of each kind."""
    fill(database, clock, [alert(k, score=3 + k, port="2504" if k % 2 else "2501") for k in range(1, 6)])
    for name, role in (("ana", "operator"), ("ben", "operator"), ("sue", "supervisor"), ("ina", "integrity")):
        user(database, clock, name, role)
    return make_app(database, clock)


def token(database: Database, clock: Clock, name: str, scopes: Sequence[str], days: int = DAYS) -> tuple[str, str]:
    """A new one: its id and the secret."""
    with database.begin() as connection:
        return Tokens(connection, clock).add(name, scopes, label="a test", days=days, by="test")


@pytest.fixture
def ana(app: Starlette, database: Database, clock: Clock) -> Program:
    """An operator's, with all that an operator may."""
    return Program(app, token(database, clock, "ana", OPERATOR)[1])


@pytest.fixture
def sue(app: Starlette, database: Database, clock: Clock) -> Program:
    """A supervisor's."""
    return Program(app, token(database, clock, "sue", (*OPERATOR, "alerts:assign", "audit:read"))[1])


def entries(database: Database, name: str) -> list[tuple[str, dict[str, Any]]]:
    """What a user did, as the audit has it."""
    with database.read() as connection:
        return [(one.action, json.loads(one.detail)) for one in audit.entries(connection) if one.user == name]


def test_a_token_says_whose_it_is(app: Starlette, database: Database, clock: Clock) -> None:
    """And what it may."""
    token_id, secret = token(database, clock, "ana", ("alerts:read",))
    me = Program(app, secret).get("/me")
    assert ("ana", "operator", token_id, ["alerts:read"]) == (me["name"], me["role"], me["token"], me["scopes"])


def test_only_the_hash_of_a_token_is_kept(database: Database, clock: Clock) -> None:
    """Who reads the database cannot use it."""
    user(database, clock, "ana")
    _, secret = token(database, clock, "ana", ("alerts:read",))
    with database.read() as connection:
        kept = [str(row) for row in Tokens(connection, clock).all()]
        raw = connection.exec_driver_sql("SELECT * FROM tokens").all()
    assert not any(secret in text for text in [*kept, str(raw)])


def test_alerts_are_listed_in_the_order_of_the_queue(ana: Program) -> None:
    """A page at a time, each once; by port."""
    first = ana.get("/alerts", limit=2)
    second = ana.get("/alerts", limit=2, cursor=first["next"])
    third = ana.get("/alerts", limit=2, cursor=second["next"])
    listed = [one["alert"]["alert_id"] for page in (first, second, third) for one in page["alerts"]]
    assert ["a-5", "a-4", "a-3", "a-2", "a-1"] == listed
    assert third["next"] is None
    assert ["a-4", "a-2"] == [one["alert"]["alert_id"] for one in ana.get("/alerts", port="2501")["alerts"]]
    for other in ({"state": "decided", "cursor": first["next"]}, {"cursor": "bm8"}):
        assert "no such page" in ana.ask("GET", "/alerts", params=other).json()["error"]


def test_an_alert_is_as_the_pipeline_wrote_it(ana: Program) -> None:
    """In the shape of the contract."""
    shown = ana.get("/alerts/a-3")
    written = json.loads(alert(3, score=6, port="2504").to_json())
    assert written == {name: value for name, value in shown["alert"].items() if value is not None}
    assert shown["held_by"] is None
    assert [] == shown["decisions"]


def test_an_alert_is_taken_decided_and_taken_back(ana: Program, sue: Program, clock: Clock) -> None:
    """As on the pages; meanwhile others are told that it is held."""
    taken = ana.post("/alerts/next", port=None).json()
    assert ("a-5", "ana") == (taken["alert"]["alert_id"], taken["held_by"])
    assert "2026-11-02T08:02:00.000Z" == taken["held_until"]
    assert "ana is working on this alert." == sue.post("/alerts/a-5/hold").json()["error"]
    assert 409 == sue.post("/alerts/a-5/decide", outcome="cleared", code="other").status_code
    made = ana.post("/alerts/a-5/decide", outcome="seizure", code="narcotics", note="in the tank")
    assert 201 == made.status_code
    assert "2026-11-02T08:00:30.000Z" == made.json()["undo_until"]
    assert [made.json()] == sue.get("/alerts/a-5")["decisions"]
    assert ["a-5"] == [one["alert"]["alert_id"] for one in sue.get("/alerts", state="decided")["alerts"]]
    assert 409 == ana.post("/alerts/a-5/hold").status_code
    undo = f"/decisions/{made.json()['disposition_id']}/undo"
    assert 409 == sue.post(undo).status_code
    assert {"alert_id": "a-5"} == ana.post(undo).json()
    assert 204 == ana.post("/alerts/a-5/leave").status_code
    clock.pass_s(31)
    assert 200 == sue.post("/alerts/a-5/hold").status_code
    assert 404 == ana.post("/alerts/a-9/decide", outcome="cleared", code="other").status_code


def test_none_is_taken_where_none_waits(ana: Program) -> None:
    """204, without a body."""
    answer = ana.post("/alerts/next", port="9999")
    assert (204, b"") == (answer.status_code, answer.content)


def test_a_supervisor_gives_alerts_to_operators(ana: Program, sue: Program) -> None:
    """An operator does not."""
    assert 403 == ana.post("/alerts/a-5/assign", to="ana").status_code
    assert 204 == sue.post("/alerts/a-5/assign", to="ben").status_code
    assert "ben" == ana.get("/alerts/a-5")["assigned_to"]
    assert "a-4" == ana.post("/alerts/next").json()["alert"]["alert_id"]
    assert 409 == sue.post("/alerts/a-5/assign", to="ina").status_code


def test_a_snooze_hides_until_it_is_ended(ana: Program) -> None:
    """What it hides can be listed."""
    vehicle, both = f"{3:032x}", ["quick_turnaround", "new_port"]
    made = ana.post("/snoozes", vehicle=vehicle, typologies=both, days=7, why="weekly market")
    assert (201, 2) == (made.status_code, len(made.json()["snooze_ids"]))
    (hidden,) = ana.get("/alerts", state="hidden")["alerts"]
    assert ("a-3", True) == (hidden["alert"]["alert_id"], hidden["hidden_by"] in made.json()["snooze_ids"])
    listed = ana.get("/snoozes", vehicle=vehicle, active="true")["snoozes"]
    assert [("ana", "weekly market", "2026-11-09T08:00:00.000Z")] * 2 == [
        (one["by"], one["why"], one["until"]) for one in listed
    ]
    end = f"/snoozes/{made.json()['snooze_ids'][0]}/end"
    assert 204 == ana.post(end).status_code
    assert 409 == ana.post(end).status_code
    assert [] == ana.get("/alerts", state="hidden")["alerts"]


def test_a_vehicle_is_shown_for_a_purpose(app: Starlette, database: Database, clock: Clock) -> None:
    """Which is in the audit, whether anything is known of it or not."""
    vehicle = f"{3:032x}"
    with database.begin() as connection:
        history.record(connection, [Crossed(vehicle, 1_000, "c-1", 1_000, "2504", "1", "inbound", "general", "bus", 1)])
    ana = Program(app, token(database, clock, "ana", ("vehicles:read",))[1])
    shown = ana.post(f"/vehicles/{vehicle}", why="asked by the court").json()
    assert [("c-1", "1970-01-01T00:00:01.000Z", "2504")] == [
        (one["crossing_id"], one["occurred_at"], one["port"]) for one in shown["crossings"]
    ]
    assert [("a-3", None, False)] == [(a["alert"]["alert_id"], a["outcome"], a["hidden"]) for a in shown["alerts"]]
    assert 422 == ana.post(f"/vehicles/{vehicle}", why="").status_code
    assert 404 == ana.post("/vehicles/nobody", why="asked by the court").status_code
    with database.read() as connection:
        looked = [(one.subject, one.why) for one in audit.entries(connection) if one.action == "vehicle.view"]
    assert [(f"vehicle {vehicle}", "asked by the court"), ("vehicle nobody", "asked by the court")] == looked


def test_notices_go_to_their_audience(app: Starlette, database: Database, clock: Clock) -> None:
    """Those about officers to the integrity role and to nobody else."""
    some = [
        Notice.model_validate({
            "notice_id": f"n-{who}", "occurred_at": START, "kind": "integrity" if who == "integrity" else "drift",
            "audience": who, "sentence": f"For {who}.", "config": DIGEST,
        })
        for who in ("operator", "supervisor", "integrity")
    ]  # fmt: skip
    with database.begin() as connection:
        put_notices(connection, some, clock())
    seen = {}
    for name in ("ana", "sue", "ina"):
        program = Program(app, token(database, clock, name, ("notices:read",))[1])
        first = program.get("/notices", limit=1)
        rest = program.get("/notices", cursor=first["next"])["notices"] if first["next"] else []
        seen[name] = [one["notice_id"] for one in [*first["notices"], *rest]]
    assert {"ana": ["n-operator"], "sue": ["n-operator", "n-supervisor"], "ina": ["n-integrity"]} == seen


def test_what_a_program_does_is_noted_with_its_token(app: Starlette, database: Database, clock: Clock) -> None:
    """As done by its user; the chain holds."""
    token_id, secret = token(database, clock, "ana", OPERATOR)
    ana = Program(app, secret)
    ana.get("/alerts")
    ana.get("/alerts/a-2")
    ana.post("/alerts/a-2/hold")
    ana.post("/alerts/a-2/decide", outcome="cleared", code="other")
    done = entries(database, "ana")
    assert ["alert.list", "alert.view", "alert.view", "alert.decide"] == [action for action, _ in done]
    assert {token_id} == {detail["token"] for _, detail in done}
    assert "token.add" in [action for action, _ in entries(database, "test")]
    with database.read() as connection:
        assert audit.verify(connection).broken_at is None


def test_the_audit_is_read_a_page_at_a_time(sue: Program, ana: Program) -> None:
    """Newest first, without a gap; an operator does not read it."""
    for _ in range(3):
        sue.get("/alerts")
    first = sue.get("/audit", limit=2)
    second = sue.get("/audit", limit=200, cursor=first["next"])
    numbers = [entry["seq"] for entry in [*first["entries"], *second["entries"]]]
    assert list(range(numbers[0], 0, -1)) == numbers
    assert second["next"] is None
    answer = ana.ask("GET", "/audit")
    assert (403, "audit:read") == (answer.status_code, answer.json()["error"].split("the scope ")[1].split()[0])


@pytest.mark.parametrize("shown", [None, "Bearer lw_wrong", "Basic YTpi", "Bearer ", f"Bearer {'x' * 300}"])
def test_nothing_is_told_without_a_token(shown: str | None, app: Starlette) -> None:
    """Not even which paths are there to be refused."""
    headers = {} if shown is None else {"authorization": shown}
    answer = Program(app, None).ask("GET", "/alerts", headers=headers)
    assert (401, 'Bearer realm="linewatch"') == (answer.status_code, answer.headers["www-authenticate"])
    assert ["error"] == list(answer.json())


def test_the_cookie_of_a_login_is_not_accepted(app: Starlette, database: Database, clock: Clock) -> None:
    """So that no page can make a browser use the API."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        session = accounts.log_in(next(one for one, _ in accounts.all() if one.name == "ana"), "127.0.0.1")
    answer = Program(app, None).ask("GET", "/me", headers={"cookie": f"linewatch={session}"})
    assert 401 == answer.status_code


def test_a_token_ends(app: Starlette, database: Database, clock: Clock) -> None:
    """By its day, by hand, and with its user."""
    _, short = token(database, clock, "ana", ("alerts:read",), days=1)
    by_hand, other = token(database, clock, "ana", ("alerts:read",))
    _, third = token(database, clock, "ana", ("alerts:read",))
    programs = [Program(app, secret) for secret in (short, other, third)]

    def answers() -> list[int]:
        clock.pass_s(3_600)  # so that failures are forgotten
        return [one.ask("GET", "/me").status_code for one in programs]

    assert [200, 200, 200] == answers()
    clock.pass_s(23 * 3_600)
    assert [401, 200, 200] == answers()
    with database.begin() as connection:
        Tokens(connection, clock).end(by_hand, by="test")
    assert [401, 401, 200] == answers()
    with database.begin() as connection:
        Accounts(connection, clock).disable("ana", by="test")
    assert [401, 401, 401] == answers()


def test_an_address_that_guesses_must_wait(app: Starlette, ana: Program, clock: Clock) -> None:
    """As with passwords; a token that stands opens all the same."""
    stranger = Program(app, "lw_guess")
    assert [401] * TRIES == [stranger.ask("GET", "/me").status_code for _ in range(TRIES)]
    answer = stranger.ask("GET", "/me")
    assert (429, "1") == (answer.status_code, answer.headers["retry-after"])
    assert "ana" == ana.get("/me")["name"]
    clock.pass_s(2)
    assert 401 == stranger.ask("GET", "/me").status_code


def test_a_token_never_may_more_than_its_user(app: Starlette, database: Database, clock: Clock) -> None:
    """Neither when it is made nor when the role changes afterwards."""
    with pytest.raises(ConfigError, match="is not for the role operator"):
        token(database, clock, "ana", ("audit:read",))
    _, secret = token(database, clock, "sue", ("alerts:read", "audit:read"))
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET role = 'operator' WHERE name = 'sue'")
    sue = Program(app, secret)
    assert ["alerts:read"] == sue.get("/me")["scopes"]
    assert 403 == sue.ask("GET", "/audit").status_code


@pytest.mark.parametrize(
    ("scopes", "label", "days", "said"),
    [
        ((), "x", 1, "needs a scope"),
        (("alerts:rule",), "x", 1, "'alerts:rule': one of alerts:read"),
        (("alerts:read",), "", 1, "label"),
        (("alerts:read",), "a\nb", 1, "label"),
        (("alerts:read",), "x", 366, "days"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(
    scopes: tuple[str, ...], label: str, days: int, said: str, database: Database, clock: Clock
) -> None:  # fmt: skip
    """It says what is required."""
    user(database, clock, "ana")
    with database.begin() as connection, pytest.raises(ConfigError, match=said):
        Tokens(connection, clock).add("ana", scopes, label=label, days=days, by="test")


def test_scopes_are_for_the_roles_of_the_pages() -> None:
    """What a role may not do there it may not do here."""
    assert set(MAY_LOOK) == set(SCOPES["alerts:read"])
    assert set(MAY_DECIDE) == set(SCOPES["alerts:decide"]) == set(SCOPES["snoozes:write"])
    assert set(MAY_AUDIT) == set(SCOPES["audit:read"])


MISTAKES = [
    ("GET", "/nowhere", b"", 404),
    ("DELETE", "/alerts", b"", 405),
    ("GET", "/alerts/a-99", b"", 404),
    ("GET", "/alerts/a%00b", b"", 400),
    ("GET", "/alerts?limit=1000", b"", 422),
    ("GET", "/alerts?port=%00", b"", 400),
    ("GET", "/alerts?prt=2504", b"", 422),
    ("GET", "/alerts?cursor=%00", b"", 400),
    ("POST", "/alerts/a-1/decide", b"{", 422),
    ("POST", "/alerts/a-1/decide", b"\xff\xfe", 422),
    ("POST", "/alerts/a-1/decide", b'{"outcome":"cleared","code":"other","note":"\\u0000"}', 422),
    ("POST", "/alerts/a-1/decide", b'{"outcome":"cleared","code":"other","note":"\\ud800"}', 422),
    ("POST", "/alerts/a-1/decide", b'{"outcome":"cleared","code":"other","more":1}', 422),
    ("POST", "/alerts/a-1/decide", b'{"note":"' + b"x" * 20_000 + b'"}', 413),
    ("POST", "/alerts/a-1/decide", b"[" * 9_000, 400),
]


def test_a_mistake_is_answered_with_what_is_wrong(ana: Program) -> None:
    """As JSON, with one field, and nothing of what is inside."""
    for method, path, body, code in MISTAKES:
        answer = ana.ask(method, path, content=body, headers={"content-type": "application/json"})
        assert (path, code, ["error"]) == (path, answer.status_code, list(answer.json()))
        assert "Traceback" not in answer.text
        assert "sql" not in answer.text.lower()


def test_a_body_whose_length_is_not_told_is_read_to_its_limit(ana: Program) -> None:
    """And no further."""
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1_000)
            yield b" " * 1_000

    answer = ana.ask("POST", "/alerts/next", content=endless(), headers={"content-type": "application/json"})
    assert (413, True) == (answer.status_code, sum(read) < 2 * BODY_BYTES)


def test_answers_have_the_headers_of_the_pages(ana: Program) -> None:
    """Nothing is kept by caches, nothing runs."""
    answer = ana.ask("GET", "/openapi.json")
    assert "3.1.0" == answer.json()["openapi"]
    assert "no-store" == answer.headers["cache-control"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 404 == ana.ask("GET", "/docs").status_code
