"""Is every alert worked on once, by one, and can a mistake be taken back?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from console import audit, feed, queue
from console.accounts import User
from console.database import Database
from console.outbox import DecisionFile, Outbox
from console.queue import CODES, HOLD_MS, UNDO_MS, ConflictError, Queue
from console.tables import dispositions
from schemas.dispositions import decode
from schemas.models import OUTCOMES
from tests.console.stored import Clock, alert, fill, user

SEIZED = ("seizure", "narcotics", "behind the dashboard")


@pytest.fixture
def ana(database: Database, clock: Clock) -> User:
    """An operator."""
    return user(database, clock, "ana")


@pytest.fixture
def ben(database: Database, clock: Clock) -> User:
    """Another."""
    return user(database, clock, "ben")


@pytest.fixture(autouse=True)
def alerts(database: Database, clock: Clock) -> None:
    """Five, of two ports."""
    some = [alert(1, score=4), alert(2, score=6), alert(3, score=5, port="2604"), alert(4, score=3, priority=0.4)]
    fill(database, clock, [*some, alert(5, score=7, priority=0.1)])


def test_the_highest_is_first(database: Database, clock: Clock, ana: User) -> None:
    """By priority where there is one, then by score; a port of its own."""
    with database.read() as connection:
        some = Queue(connection, ana, clock)
        assert ["a-4", "a-5", "a-2", "a-3", "a-1"] == [line.alert.alert_id for line in some.waiting()]
        assert ["a-3"] == [line.alert.alert_id for line in some.waiting("2604")]
        assert (5, 1) == (some.count(), some.count("2604"))
        assert [("2504", 4), ("2604", 1)] == some.ports()


def test_two_never_work_on_the_same(database: Database, clock: Clock, ana: User, ben: User) -> None:
    """Who opens it holds it; the other sees by whom, gets the next one, and cannot decide it."""
    with database.begin() as connection:
        hers, his = Queue(connection, ana, clock), Queue(connection, ben, clock)
        assert "a-4" == hers.next() == his.next()
        opened = hers.open("a-4", hold=True)
        assert opened is not None
        assert "ana" == opened.held_by
        looked = his.open("a-4", hold=True)
        assert looked is not None
        assert "ana" == looked.held_by
        assert "a-5" == his.next()
        assert "a-4" == hers.next()
        with pytest.raises(ConflictError, match="Open the alert"):
            his.decide("a-4", *SEIZED)
        hers.leave("a-4")
        assert "a-4" == his.next()


def test_a_hold_ends_by_itself(database: Database, clock: Clock, ana: User, ben: User) -> None:
    """Somebody went home: the next takes over, and whoever comes back cannot decide behind their back."""
    with database.begin() as connection:
        hers, his = Queue(connection, ana, clock), Queue(connection, ben, clock)
        hers.open("a-4", hold=True)
        clock.ms += HOLD_MS
        assert "a-4" == his.next()
        taken = his.open("a-4", hold=True)
        assert taken is not None
        assert "ben" == taken.held_by
        with pytest.raises(ConflictError):
            hers.decide("a-4", *SEIZED)


def test_who_only_looks_holds_nothing(database: Database, clock: Clock, ana: User) -> None:
    """An auditor is in nobody's way; the look is noted."""
    with database.begin() as connection:
        looked = Queue(connection, ana, clock).open("a-4", hold=False)
        assert looked is not None
        assert looked.held_by is None
        assert Queue(connection, ana, clock).open("a-99", hold=True) is None
        assert ["alert.view"] == [e.action for e in audit.entries(connection) if e.subject == "alert a-4"]


def test_who_skims_goes_from_one_to_the_next(database: Database, clock: Clock, ana: User) -> None:
    """In the order of the queue; what does not wait has no neighbours."""
    with database.read() as connection:
        queue = Queue(connection, ana, clock)
        ids = [line.alert.alert_id for line in queue.waiting()]
        assert len(ids) > 2
        assert [(None, ids[1]), (ids[-2], None)] == [queue.around(ids[0]), queue.around(ids[-1])]
        assert [(a, c) for a, c in zip(ids, ids[2:], strict=False)] == [queue.around(b) for b in ids[1:-1]]
        assert (None, None) == queue.around("nobody")


def test_a_decision_is_made_once(database: Database, clock: Clock, ana: User) -> None:
    """Then the alert is gone from the queue, and the decision stands with it."""
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        some.open("a-2", hold=True)
        made = some.decide("a-2", *SEIZED)
        assert "a-2" not in [line.alert.alert_id for line in some.waiting()]
        assert [made] == queue.history(connection, "a-2")
        assert ana.pseudonym == made.by
        with pytest.raises(ConflictError, match="decided already"):
            some.decide("a-2", *SEIZED)


@pytest.mark.parametrize(("outcome", "code"), [("seizure", "documents"), ("", ""), ("arrest", "other")])
def test_what_is_no_outcome_or_no_reason_for_it_is_refused(
    outcome: str, code: str, database: Database, clock: Clock, ana: User
) -> None:  # fmt: skip
    """A decision needs a reason from the list."""
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        some.open("a-2", hold=True)
        with pytest.raises(ConflictError, match="no reason"):
            some.decide("a-2", outcome, code)
        with pytest.raises(ConflictError, match="1000 characters"):
            some.decide("a-2", "cleared", "other", "x" * 1_001)


def test_a_mistake_can_be_taken_back_for_half_a_minute(database: Database, clock: Clock, ana: User, ben: User) -> None:
    """By who made it."""
    with database.begin() as connection:
        hers, his = Queue(connection, ana, clock), Queue(connection, ben, clock)
        hers.open("a-2", hold=True)
        made = hers.decide("a-2", *SEIZED)
        with pytest.raises(ConflictError, match="your own"):
            his.undo(made.disposition_id)
        clock.ms += UNDO_MS
        assert "a-2" == hers.undo(made.disposition_id)
        assert [] == queue.history(connection, "a-2")
        again = hers.decide("a-2", "cleared", "known_traveller")
        clock.ms += UNDO_MS + 1
        with pytest.raises(ConflictError, match="30 s"):
            hers.undo(again.disposition_id)


def test_the_pipeline_hears_of_it_when_it_stands(database: Database, clock: Clock, ana: User, tmp_path: Path) -> None:
    """Once, as the contract has it; what was taken back is never told."""
    outbox = Outbox(database, DecisionFile(tmp_path / "d.jsonl"), clock)
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        for name in ("a-1", "a-2"):
            some.open(name, hold=True)
        some.undo(some.decide("a-1", "cleared", "other").disposition_id)
        made = some.decide("a-2", *SEIZED)
    assert 0 == outbox.deliver()
    clock.ms += UNDO_MS + 1
    assert [1, 0] == [outbox.deliver(), outbox.deliver()]
    (told,) = decode((tmp_path / "d.jsonl").read_bytes(), line=1, offset=0).given
    assert (made.at_ms, made.disposition_id, "c-2", "seizure", "alert") == told
    assert "narcotics: behind the dashboard" == json.loads((tmp_path / "d.jsonl").read_bytes())["note"]


def test_a_line_that_a_crash_cut_short_spoils_no_other(
    database: Database, clock: Clock, ana: User, tmp_path: Path
) -> None:  # fmt: skip
    """What was half written was not noted as sent, and comes again whole."""
    (tmp_path / "d.jsonl").write_bytes(b'{"disposition_id": "d-ha')
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        some.open("a-2", hold=True)
        made = some.decide("a-2", *SEIZED)
    clock.ms += UNDO_MS + 1
    assert 1 == Outbox(database, DecisionFile(tmp_path / "d.jsonl"), clock).deliver()
    decoded = decode((tmp_path / "d.jsonl").read_bytes(), line=1, offset=0)
    assert [made.disposition_id] == [one.disposition_id for one in decoded.given]
    assert 1 == len(decoded.rejects)


def test_an_alert_that_comes_again_keeps_what_was_decided(database: Database, clock: Clock, ana: User) -> None:
    """As after a crash of the pipeline; nobody is told of it anew."""
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        some.open("a-2", hold=True)
        some.decide("a-2", *SEIZED)
        before = feed.ends(connection)
    fill(database, clock, [alert(2, score=6)])
    with database.read() as connection:
        assert before == feed.ends(connection)
        assert 4 == Queue(connection, ana, clock).count()


def test_open_consoles_hear_of_every_step(database: Database, clock: Clock, ana: User) -> None:
    """In the order in which it happened."""
    with database.begin() as connection:
        before = feed.ends(connection)[1]
        some = Queue(connection, ana, clock)
        some.open("a-1", hold=True)
        some.leave("a-1")
        some.open("a-1", hold=True)
        some.undo(some.decide("a-1", "cleared", "other").disposition_id)
        kinds = [event.kind for event in feed.since(connection, before)]
        assert ["held", "open", "held", "decided", "undone"] == kinds
        assert {"a-1"} == {event.alert_id for event in feed.since(connection, before)}


def test_every_outcome_has_reasons_and_every_reason_is_short() -> None:
    """The six of the contract; a key each."""
    assert OUTCOMES == tuple(CODES)
    assert all(len(code) <= 32 for codes in CODES.values() for code in codes)


@pytest.mark.parametrize(
    ("looks", "expected_s"),
    [
        ((0, 60, 60), 125.0),  # opened again and again: since the first time
        ((0, HOLD_MS / 1000), 5.0),  # the hold had run out: it is another look
    ],
)
def test_time_on_an_alert_counts_from_the_first_look(
    looks: tuple[float, ...], expected_s: float, database: Database, clock: Clock, ana: User
) -> None:
    """Of a holding: looking again holds it longer, and makes no decision look quicker than it was."""
    with database.begin() as connection:
        some = Queue(connection, ana, clock)
        for wait_s in looks:
            clock.pass_s(wait_s)
            some.open("a-1", hold=True)
        clock.pass_s(5)
        some.decide("a-1", *SEIZED)
        at_ms, seen_ms = connection.execute(select(dispositions.c.at_ms, dispositions.c.seen_ms)).one()
    assert expected_s == (at_ms - seen_ms) / 1000
