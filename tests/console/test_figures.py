"""Do the console's numbers follow what people do, on both databases, and do requests have ids?"""

from __future__ import annotations

import re

import pytest

from console.accounts import User
from console.app import make_app
from console.database import Database
from console.figures import Figures, figures
from console.queue import UNDO_MS, Queue
from console.requests import HEADER, Asked
from console.snoozes import Snoozes
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_app import Browser

BOUNDS = (10.0, 60.0)


def now(database: Database, clock: Clock) -> Figures:
    """The numbers."""
    with database.read() as connection:
        return figures(connection, clock(), BOUNDS)


@pytest.fixture
def ana(database: Database, clock: Clock) -> User:
    """An operator; five alerts of two ports have just come."""
    fill(database, clock, [alert(k, port="2604" if k == 3 else "2504") for k in range(1, 6)])
    return user(database, clock, "ana")


def decide(database: Database, clock: Clock, ana: User, number: int, outcome: str, code: str) -> str:
    """As an operator does; the disposition's id."""
    with database.begin() as connection:
        queue = Queue(connection, ana, clock)
        queue.open(f"a-{number}", hold=True)
        return queue.decide(f"a-{number}", outcome, code).disposition_id


def test_what_waits_is_counted_by_port(database: Database, clock: Clock, ana: User) -> None:
    """And how long the oldest has waited."""
    clock.pass_s(20)
    found = now(database, clock)
    assert {"2504": 4, "2604": 1} == found.waiting
    assert (20.0, {}, [0, 0, 0], 0) == (found.oldest_s, found.decided, found.took, found.unsent)
    assert ana.name == "ana"


def test_a_decision_counts_once_it_stands(database: Database, clock: Clock, ana: User) -> None:
    """With the time from the alert's arrival; one that is taken back never does."""
    clock.pass_s(10)
    decide(database, clock, ana, 1, "seizure", "narcotics")
    clock.pass_s(35)
    decide(database, clock, ana, 2, "cleared", "known_traveller")
    again = decide(database, clock, ana, 3, "cleared", "known_traveller")
    with database.begin() as connection:
        Queue(connection, ana, clock).undo(again)
    clock.pass_s(1)
    found = now(database, clock)
    assert ({"seizure": 1}, [1, 0, 0], 10.0) == (found.decided, found.took, found.took_s)
    assert (2, {"2504": 2, "2604": 1}) == (found.unsent, found.waiting)
    clock.pass_s(UNDO_MS / 1000)
    found = now(database, clock)
    assert ({"seizure": 1, "cleared": 1}, [1, 1, 0], 55.0) == (found.decided, found.took, found.took_s)


def test_what_a_snooze_hides_does_not_wait(database: Database, clock: Clock, ana: User) -> None:
    """While it lasts; what it hid stays hidden."""
    with database.begin() as connection:
        Snoozes(connection, ana, clock).add(alert(4).vehicle, alert(4).typologies, 1.0, "known driver")
    found = now(database, clock)
    assert (2, 1, 4) == (found.snoozes, found.hidden, sum(found.waiting.values()))
    clock.pass_s(2 * 86_400)
    assert (0, 1) == (now(database, clock).snoozes, now(database, clock).hidden)


def test_every_request_has_an_id_and_is_told_by_its_pattern(database: Database, clock: Clock, ana: User) -> None:
    """The answer carries the id; what was asked for is never told."""
    told: list[Asked] = []
    browser = Browser(make_app(database, clock, asked=told.append))
    browser.log_in(ana.name)
    ids = [browser.get(path).headers[HEADER] for path in ("/alerts/a-1", "/static/console.css", "/no/such/7ABC123")]
    last = {one.request_id: one for one in told}
    assert [("/alerts/{alert_id}", 200), ("/static", 200), ("none", 404)] == [
        (last[one].route, last[one].code) for one in ids
    ]
    assert all(re.fullmatch(r"[0-9a-f]{16}", one.request_id) and one.seconds >= 0 for one in told)
    assert len(told) == len(last) >= 6
    assert "7ABC123" not in str(told)
