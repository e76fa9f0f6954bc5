"""Does a snooze hide what it should, and nothing else?"""

from __future__ import annotations

import pytest

from console import audit
from console.accounts import User
from console.database import Database
from console.queue import ConflictError, Queue
from console.snoozes import DAY_MS, Snoozes
from schemas.models import Alert
from tests.console.stored import Clock, alert, fill, user

BOTH = ("quick_turnaround", "new_port")
WHY = "a new depot"


@pytest.fixture
def sue(database: Database, clock: Clock) -> User:
    """Who snoozes."""
    return user(database, clock, "sue", "supervisor")


def again(number: int, *typologies: str) -> Alert:
    """Another alert of the vehicle of alert 1."""
    return alert(number).model_copy(update={"vehicle": alert(1).vehicle, "typologies": list(typologies)})


def waiting(database: Database, sue: User, clock: Clock) -> set[str]:
    """What the queue shows."""
    with database.read() as connection:
        queue = Queue(connection, sue, clock)
        lines = {line.alert.alert_id for line in queue.waiting()}
        assert len(lines) == queue.count() == sum(count for _, count in queue.ports())
        return lines


def snooze(database: Database, sue: User, clock: Clock, *typologies: str, days: float = 7) -> list[str]:
    """Of the vehicle of alert 1."""
    with database.begin() as connection:
        return Snoozes(connection, sue, clock).add(alert(1).vehicle, typologies, days, WHY)


def test_what_waits_and_what_comes_is_hidden(database: Database, clock: Clock, sue: User) -> None:
    """Of this vehicle and these typologies; it is stored, and shown beside the snooze."""
    fill(database, clock, [alert(1), alert(2)])
    first, _ = snooze(database, sue, clock, *BOTH)
    fill(database, clock, [again(3, "new_port"), again(4, "new_port", "odd_hour"), again(5, *BOTH)])
    assert {"a-2", "a-4"} == waiting(database, sue, clock)
    with database.read() as connection:
        some = Snoozes(connection, sue, clock)
        assert {"a-1", "a-5"} == {one.alert_id for one in some.hidden(first)}
        assert [1, 2] == sorted(one.hid for one in some.all())
        assert 3 == Queue(connection, sue, clock).hidden()
        assert Queue(connection, sue, clock).next() in ("a-2", "a-4")


def test_it_runs_out(database: Database, clock: Clock, sue: User) -> None:
    """What comes from then on waits; what it hid stays where it is."""
    fill(database, clock, [alert(1)])
    snooze(database, sue, clock, *BOTH, days=1)
    clock.ms += DAY_MS
    fill(database, clock, [again(3, "new_port")])
    assert {"a-3"} == waiting(database, sue, clock)
    with database.read() as connection:
        assert [] == Snoozes(connection, sue, clock).all(active=True)


def test_ending_it_brings_back_what_nobody_decided(database: Database, clock: Clock, sue: User) -> None:
    """Once."""
    fill(database, clock, [alert(1), again(3, "new_port")])
    quick, new = snooze(database, sue, clock, *BOTH)
    with database.begin() as connection:
        queue = Queue(connection, sue, clock)
        queue.open("a-3", hold=True)
        queue.decide("a-3", "cleared", "other")
        Snoozes(connection, sue, clock).end(new)
    assert {"a-1"} == waiting(database, sue, clock)
    with database.begin() as connection, pytest.raises(ConflictError, match="has ended"):
        Snoozes(connection, sue, clock).end(new)
    with database.read() as connection:
        assert [quick] == [one.snooze_id for one in Snoozes(connection, sue, clock).all(active=True)]


def test_a_snooze_is_in_the_audit_with_its_reason(database: Database, clock: Clock, sue: User) -> None:
    """So is its end."""
    fill(database, clock, [alert(1)])
    (made,) = snooze(database, sue, clock, "new_port")
    with database.begin() as connection:
        Snoozes(connection, sue, clock).end(made)
        noted = [(e.action, e.why) for e in audit.entries(connection) if e.action.startswith("snooze")]
    assert [("snooze.add", WHY), ("snooze.end", "")] == noted


@pytest.mark.parametrize(
    ("typologies", "days", "why"),
    [(BOTH, 7, ""), (BOTH, 91, WHY), (BOTH, 0, WHY), ((), 7, WHY), (("'; drop",), 7, WHY), (BOTH, 7, "x" * 501)],
)
def test_a_snooze_needs_a_reason_and_an_end(
    database: Database, clock: Clock, sue: User, typologies: tuple[str, ...], days: float, why: str
) -> None:
    """And something to hide."""
    fill(database, clock, [alert(1)])
    with database.begin() as connection, pytest.raises(ConflictError):
        Snoozes(connection, sue, clock).add(alert(1).vehicle, typologies, days, why)


def test_nothing_is_hidden_of_a_vehicle_without_alerts(database: Database, clock: Clock, sue: User) -> None:
    """A snooze is made beside one."""
    with database.begin() as connection, pytest.raises(ConflictError, match="no alert"):
        Snoozes(connection, sue, clock).add("nobody", BOTH, 7, WHY)


def test_an_alert_is_given_to_who_can_decide(database: Database, clock: Clock, sue: User) -> None:
    """Then the others' `next` passes it over, and whoever it is for gets it first in its turn."""
    ana = user(database, clock, "ana")
    user(database, clock, "lea", "analyst")
    fill(database, clock, [alert(1, score=5), alert(2)])
    with database.begin() as connection:
        Queue(connection, sue, clock).assign("a-1", "ana")
        assert "a-2" == Queue(connection, sue, clock).next()
        assert "a-1" == Queue(connection, ana, clock).next()
        Queue(connection, sue, clock).assign("a-1", None)
        assert "a-1" == Queue(connection, sue, clock).next()
    for to in ("lea", "nobody"):
        with database.begin() as connection, pytest.raises(ConflictError, match="no operator or supervisor"):
            Queue(connection, sue, clock).assign("a-1", to)
