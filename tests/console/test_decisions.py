"""Does the meter count what people decided, and warn where nobody can have read it?"""

from __future__ import annotations

import pytest
from starlette.applications import Starlette

from console import audit
from console.app import make_app
from console.audit import DAY_MS
from console.database import Database
from console.decisions import BINS, EVERYBODY, LEAST, Made, Meter, meter, meters
from console.queue import UNDO_MS, Queue
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_app import Browser


def made(outcome: str, seconds: float, *, undone: bool = False) -> Made:
    """A decision."""
    return Made("ana", outcome, seconds, undone)


def test_a_meter_counts_what_stands() -> None:
    """Shares of what stands; what was taken back is counted as that alone."""
    some = [made("cleared", 1), made("cleared", 3), made("seizure", 50), made("not_examined", 130)]
    found = meter("ana", [*some, made("cleared", 1, undone=True)])
    assert 4 == found.decided
    assert [1 / 2, 1 / 3, pytest.approx(1 / 5)] == [found.quick, found.confirmed, found.undone]
    assert (2.5, 26.5, 70.0) == found.quartiles
    assert [("cleared", 2), ("seizure", 1), ("not_examined", 1)] == found.outcomes
    assert [1, 1, 0, 0, 1, 0, 1] == found.bins
    assert len(BINS) == len(found.bins)


def test_a_meter_of_few_or_none_is_no_error() -> None:
    """Nothing is claimed of nothing."""
    assert Meter("ana", 0, None, 0.0, None, 0.0, [], [0] * len(BINS)) == meter("ana", [])
    assert (7.0, 7.0, 7.0) == meter("ana", [made("cleared", 7)]).quartiles


@pytest.mark.parametrize(
    ("some", "warns"),
    [
        ([made("cleared", 2)] * LEAST, True),
        ([made("cleared", 2)] * (LEAST - 1), False),
        ([made("cleared", 6)] * LEAST, False),
        ([made("cleared", 2)] * 9 + [made("seizure", 2)] * 11, False),
        ([made("cleared", 2)] * 18 + [made("seizure", 2)] * 2, True),
    ],
    ids=["alike and quick", "few", "slow", "different", "nearly alike"],
)
def test_who_decides_all_alike_in_a_few_seconds_is_pointed_out(some: list[Made], warns: bool) -> None:
    """By all three parts of the rule."""
    assert warns == bool(meter("ana", some).warning)


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """Ana decides two alerts in 3 and 40 s, Ben takes his decision back; one is long ago."""
    people = {name: user(database, clock, name) for name in ("ana", "ben")}
    for name, role in (("aud", "auditor"), ("sue", "supervisor"), ("adm", "admin")):
        user(database, clock, name, role)
    fill(database, clock, [alert(k) for k in range(1, 5)])
    steps = [("ana", "a-4", 9), ("", "", 40 * DAY_MS / 1_000), ("ana", "a-1", 3), ("ana", "a-2", 40), ("ben", "a-3", 8)]
    with database.begin() as connection:
        for name, alert_id, seconds in steps:
            if name:
                queue = Queue(connection, people[name], clock)
                queue.open(alert_id, hold=True)
            clock.pass_s(seconds)
            if name:
                decision = queue.decide(alert_id, "cleared", "other")
        assert UNDO_MS > 1_000
        Queue(connection, people["ben"], clock).undo(decision.disposition_id)
    return make_app(database, clock)


@pytest.mark.usefixtures("app")
def test_meters_are_of_everybody_and_of_each(database: Database, clock: Clock) -> None:
    """Within the period."""
    with database.read() as connection:
        found = {one.name: one for one in meters(connection, clock() - 30 * DAY_MS)}
        assert 3 == meters(connection, 0)[0].decided
    assert [EVERYBODY, "ana", "ben"] == list(found)
    assert [2, 2, 0] == [one.decided for one in found.values()]
    assert (12.25, 21.5, 30.75) == found["ana"].quartiles
    assert 1.0 == found["ben"].undone


@pytest.mark.parametrize(("name", "expected"), [("ana", 403), ("aud", 200), ("sue", 200), ("adm", 200)])
def test_the_meters_are_for_those_who_oversee(name: str, expected: int, app: Starlette, database: Database) -> None:
    """And each look is in the audit."""
    browser = Browser(app)
    browser.log_in(name)
    page = browser.get("/audit/decisions?days=7")
    assert expected == page.status_code
    with database.read() as connection:
        last = audit.newest(connection, 1)[0]
    assert (expected == 200) == (("decisions.view", '{"days":7}') == (last.action, last.detail))
    assert (expected == 200) == ("21.5 s" in page.text)
