"""Do the pictures show what they say?"""

from __future__ import annotations

import pytest

from console import pictures
from console.history import Crossed
from console.vehicles import Companion, Company, Crossing
from schemas.models import Reason
from tests.console.travels import commuter, crossed


def seen(*some: Crossed) -> list[Crossing]:
    """As the history gives them."""
    made = [Crossing(*(getattr(one, name) for name in Crossing._fields)) for one in some]
    return sorted(made, key=lambda one: one.occurred_ms)


def test_the_weekly_clock_counts_by_day_and_hour() -> None:
    """On the port's wall clock; this crossing is not among the earlier ones."""
    some = seen(*commuter("v", 14), crossed("v", 0, 3.2))
    picture = pictures.clock(some, some[-1])
    assert {(mark.kind, mark.title[-1]) for mark in picture.marks} == {("inbound", "2"), ("outbound", "2")}
    assert 14 == len(picture.marks)
    assert picture.now is not None
    assert "this one: Mon 2 Nov 03:12" == picture.now.title
    words = "28 earlier crossings; none of them inbound at Mon 03:00 to 04:00, when it crossed now."
    assert words == picture.words


def test_more_crossings_are_a_larger_area() -> None:
    """The largest is the hour with most."""
    some = seen(*commuter("v", 28), crossed("v", 1, 12), crossed("v", 1, 12.5))
    sizes = {mark.title: mark.r for mark in pictures.clock(some, None).marks}
    assert sizes["Sun 12:00 inbound: 2"] < sizes["Sun 07:00 inbound: 4"] == max(sizes.values())


def test_the_strip_has_a_row_for_each_port_in_the_order_of_time() -> None:
    """Twenty at most, the newest at the right end."""
    some = seen(*commuter("v", 14), crossed("v", 0, 3.2, port="2604"))
    picture = pictures.strip(some, some[-1])
    assert ["2504", "2604"] == [row.text for row in picture.rows]
    assert 20 == len(picture.marks)
    places = [mark.x for mark in picture.marks]
    assert sorted(places) == places
    assert "now" == picture.marks[-1].kind
    assert picture.words.endswith("19 at 2504, 1 at 2604.")


@pytest.mark.parametrize("some", [[], seen(crossed("v", 0, 3.2))])
def test_little_history_is_a_picture_too(some: list[Crossing]) -> None:
    """Of a vehicle that was never seen before, or whose crossings are no longer kept."""
    now = some[-1] if some else None
    assert len(some) == len(pictures.strip(some, now).marks)
    assert [] == pictures.clock(some, now).marks


def test_the_star_has_a_spoke_for_each_and_for_each_pair() -> None:
    """Thicker for more days, all within the frame."""
    company = Company(20, [Companion(f"{k:032x}", 10 - k, 20) for k in range(6)], [(0, 1), (2, 5)])
    picture = pictures.star(company, "v" * 32)
    assert 6 + 2 == len(picture.spokes)
    assert 1 + 6 == len(picture.nodes)
    widths = [spoke.width for spoke in picture.spokes[:6]]
    assert sorted(widths, reverse=True) == widths
    for x, y in [(mark.x, mark.y) for mark in picture.nodes] + [(label.x, label.y) for label in picture.labels]:
        assert 0 < x < picture.width
        assert 0 < y < picture.height


def reason(observed: float | str | None, usual: tuple[float, float] | None, unit: str | None = None) -> Reason:
    """With these numbers."""
    return Reason(
        detector="turnaround@1", typology="quick_turnaround", p_value=0.01, share=1.0, sentence="So.",
        observed=observed, unit=unit, usual=None if usual is None else list(usual),
    )  # fmt: skip


@pytest.mark.parametrize(("observed", "usual"), [(38, (420, 660)), (500, (420, 660)), (9, (0.0, 0.1)), (1, (1, 1))])
def test_what_was_seen_lies_where_it_should(observed: float, usual: tuple[float, float]) -> None:
    """Against what is usual, within the frame; a wide range is drawn on a logarithmic scale."""
    found = pictures.range_of(reason(observed, usual))
    assert found is not None
    assert all(0 <= place <= 100 for place in found)
    assert found.low <= found.high
    assert (observed < usual[0], observed > usual[1]) == (found.seen < found.low, found.seen > found.high)


@pytest.mark.parametrize(("observed", "usual"), [(None, (1, 2)), ("left", (1, 2)), (3, None)])
def test_what_is_no_number_is_not_drawn(observed: str | None, usual: tuple[float, float] | None) -> None:
    """The words stand alone."""
    assert pictures.range_of(reason(observed, usual)) is None


def test_hours_of_the_day_are_not_drawn_on_a_line() -> None:
    """Usual from 22:30 to 06:00 goes round midnight; the weekly clock shows it."""
    assert pictures.range_of(reason(2.72, (22.5, 6.0), "h")) is None
