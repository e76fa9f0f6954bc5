"""Are the figures of the ports right? Against traffic that was made by hand."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pytest

from console import port_view, traffic
from console.database import Database
from console.port_view import Cell, Line
from tests.console.crossed import HOUR, WEEK, crossed, ms, notice, record, say
from tests.console.stored import Clock, alert, fill

END = dt.datetime(2026, 7, 15, 18, tzinfo=dt.UTC)  # a Wednesday, 11:00 in Tijuana
LAST = END - HOUR  # the last full hour


def weeks(database: Database, counts: Sequence[int], *, before: dt.datetime = LAST, **where: str) -> None:
    """So many in the same hour of the weeks before, the newest first."""
    record(database, *(crossed(before - (k + 1) * WEEK, count, **where) for k, count in enumerate(counts)))  # type: ignore[arg-type]


def line(database: Database, now: dt.datetime = END, port: str = "2504") -> Line:
    """A port's, as the overview has it."""
    with database.read() as connection:
        known = traffic.ports(connection)
        return next(one for one in port_view.lines(connection, ms(now), known) if one.code == port)


def test_usual_are_the_quartiles_of_the_same_hour_of_eight_weeks(database: Database) -> None:
    """A ninth week does not count, nor does the hour before or the one that has not ended."""
    weeks(database, [10, 12, 14, 16, 18, 20, 22, 24, 400])
    record(database, crossed(LAST, 17), crossed(LAST - HOUR, 99), crossed(END, 50), crossed(END - WEEK, 99))
    one = line(database, END + dt.timedelta(minutes=20))
    assert (17, (13.5, 17.0, 20.5, 8), "usual") == (one.crossed, tuple(one.usual), one.state)


@pytest.mark.parametrize(("count", "state"), [(0, "low"), (2, "low"), (6, "usual"), (28, "usual"), (33, "high")])
def test_flow_is_low_or_high_beyond_the_fences(database: Database, count: int, state: str) -> None:
    """Quartiles of 13.5 and 20.5 lie seven apart: beyond 3 and 31 it is odd."""
    weeks(database, [10, 12, 14, 16, 18, 20, 22, 24])
    record(database, crossed(LAST, count))
    assert state == line(database).state


def test_with_three_weeks_there_is_not_enough_history(database: Database) -> None:
    """That is neither low nor high, however little crosses."""
    weeks(database, [10, 12, 14])
    one = line(database)
    assert ("not enough history", 3) == (one.state, one.usual.samples)
    assert math.isnan(one.usual.median)


def test_an_hour_without_crossings_counts_once_the_port_is_known(database: Database) -> None:
    """Before its first crossing it does not."""
    record(database, crossed(LAST - 6 * WEEK, 5), crossed(LAST - WEEK, 5))
    assert (0.0, 0.0, 3.75, 6) == tuple(line(database).usual)


@pytest.mark.parametrize(
    "changed",
    [dt.datetime(2026, 3, 8, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, tzinfo=dt.UTC)],
    ids=["spring", "autumn"],
)
def test_the_same_hour_is_that_of_the_ports_clock(database: Database, changed: dt.datetime) -> None:
    """Where clocks were changed two weeks ago, what was at that time of day lies an hour off in UTC."""
    now = changed + 2 * WEEK + dt.timedelta(days=3, hours=18)
    shift = -HOUR if changed.month == 11 else HOUR
    same = [now - k * WEEK + (shift if now - k * WEEK < changed else dt.timedelta()) for k in range(9)]
    for hour in same[1:]:
        record(database, crossed(hour, 10), crossed(hour - HOUR, 3), crossed(hour + HOUR, 30))
    record(database, crossed(now, 11))
    assert (10.0, 10.0, 10.0, 8) == tuple(line(database, now + HOUR).usual)


def test_an_hour_that_was_taken_away_or_given_twice_has_that_many_samples(database: Database) -> None:
    """On the Sunday of the change 02:00 is missing in spring; in autumn 01:00 comes twice."""
    for month, day, hour, expected in ((3, 15, 9, 7), (11, 8, 9, 9)):
        now = dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)  # 02:00 and 01:00 in Tijuana, a week later
        port = f"port {month}"
        hours = (now - k * WEEK + shift * HOUR for k in range(10) for shift in (-2, -1, 0, 1, 2))
        record(database, *(crossed(each, 5, port=port) for each in hours))
        assert expected == line(database, now + HOUR, port).usual.samples


def test_a_reader_is_silent_where_it_usually_reads(database: Database) -> None:
    """One that is closed at this hour is not, nor is one that was read moments ago unsure for nothing."""
    for lane, usual in (("1", [20] * 8), ("2", [0] * 7), ("3", [20] * 8)):
        weeks(database, usual, lane=lane)
    record(database, crossed(LAST, 20, lane="3"), crossed(END - 5 * WEEK - 3 * HOUR, 4, lane="2"))
    with database.read() as connection:
        found = {one.lane: one.state for one in port_view.readers(connection, ms(END), "2504")}
    assert {"1": "silent", "2": "ok", "3": "ok"} == found
    assert {"silent": 1, "ok": 1} == line(database).readers


def test_a_reader_is_unsure_where_its_confidence_has_fallen(database: Database) -> None:
    """From 0.9 to 0.7; the figures are means over the reads."""
    weeks(database, [20] * 8)
    record(database, crossed(LAST, 12, confidence=0.7))
    with database.read() as connection:
        (one,) = port_view.readers(connection, ms(END), "2504")
    assert ("unsure", 12) == (one.state, one.reads)
    assert pytest.approx([0.7, 0.9]) == [one.confidence, one.usually]
    assert ms(LAST) <= one.last_ms < ms(END)


def test_a_new_reader_has_not_enough_history(database: Database) -> None:
    """Whatever it read in its first weeks."""
    weeks(database, [20] * 3, lane="9")
    with database.read() as connection:
        (one,) = port_view.readers(connection, ms(END), "2504")
    assert "not enough history" == one.state


def test_directions_are_told_apart_and_a_spark_has_both(database: Database) -> None:
    """Hour by hour, on the port's clock."""
    record(database, crossed(LAST, 4), crossed(LAST, 3, direction="outbound"), crossed(LAST - 2 * HOUR, 1))
    with database.read() as connection:
        known = traffic.ports(connection)
        flows = port_view.flows(connection, ms(END), "2504", known, 4)
        sparks = port_view.sparks(connection, ms(END), known, ["2504"])
    assert {"inbound": [0, 1, 0, 4], "outbound": [0, 0, 0, 3]} == {way: series.counts for way, series in flows.items()}
    assert [0] * 21 + [1, 0, 7] == sparks["2504"].counts
    assert ms(dt.datetime(2026, 7, 15, 10, tzinfo=dt.UTC)) == flows["inbound"].starts[-1]


def test_days_are_those_of_the_port_against_their_weekday(database: Database) -> None:
    """22:00 in Tijuana belongs to that day, though it is the next in UTC; today is not whole, and left out."""
    late = dt.datetime(2026, 7, 15, 5, tzinfo=dt.UTC)  # Tuesday 22:00
    record(database, crossed(late, 9), crossed(END, 50), *(crossed(late - k * WEEK, 2 + k) for k in range(1, 9)))
    record(database, crossed(late - 8 * WEEK - 24 * HOUR, 1))
    with database.read() as connection:
        days = port_view.days(connection, ms(END), "2504", 2)["inbound"]
    assert [0, 9] == days.counts
    assert (4.75, 6.5, 8.25, 8) == tuple(days.usual[-1])


def test_alerts_are_told_for_so_many_crossings(database: Database, clock: Clock) -> None:
    """By hour of the port's day, which lay an hour off three days before, and over all."""
    start = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)  # of the alerts: midnight in Tijuana
    record(database, crossed(start, 400), crossed(start - dt.timedelta(days=3) - HOUR, 100))
    fill(database, clock, [alert(k) for k in range(3)])
    with database.read() as connection:
        cells = port_view.heat(connection, ms(start + 2 * HOUR), ["2504"])["2504"]
    assert [Cell(500, 3)] + [Cell(0, 0)] * 23 == cells
    assert 60.0 == cells[0].rate == port_view.total(cells).rate
    one = line(database, start + HOUR)
    assert (3, 3) == (one.waiting, one.alerts)


def test_typologies_are_counted(database: Database, clock: Clock) -> None:
    """Of one port's alerts."""
    fill(database, clock, [alert(1), alert(2), alert(3, port="2304")])
    with database.read() as connection:
        found = traffic.typologies(connection, "2504", 0, clock() + 3_600_000)
    assert [("new_port", 2), ("quick_turnaround", 2)] == found


def test_what_the_integrity_role_is_told_is_not_asked_for(database: Database) -> None:
    """Neither said nor counted."""
    say(
        database, notice(1, LAST), notice(2, END, kind="reader_fault", audience="operator"),
        notice(3, END, kind="integrity", audience="integrity"), notice(4, LAST, kind="drift", port=None),
    )  # fmt: skip
    with database.read() as connection:
        said = [one.notice_id for one in traffic.said(connection, ms(END))]
        here = [one.notice_id for one in traffic.said(connection, ms(END), "2504")]
        counted = traffic.notices_at(connection, ms(END - WEEK), ms(END))
    assert (["n-2", "n-1", "n-4"], ["n-2", "n-1"], {"2504": 2}) == (said, here, counted)


def test_an_empty_store_has_no_ports(database: Database) -> None:
    """Every figure can be asked for."""
    with database.read() as connection:
        assert {} == traffic.ports(connection)
        assert [] == port_view.lines(connection, ms(END), {})
        assert {} == port_view.sparks(connection, ms(END), {}, [])
        assert {} == port_view.heat(connection, ms(END), [])
        assert {} == port_view.days(connection, ms(END), "2504", 14)
        assert [] == port_view.readers(connection, ms(END), "2504")
        assert [] == port_view.alert_days(connection, ms(END), "2504")
