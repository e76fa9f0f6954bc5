"""Is the generated border like a real one? Volumes of 2024, calendars of three countries, ports that open and close."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.events import Event, detour, draw_events
from evaluation.simulator.kinds import COMMUTER, KINDS, OCCASIONAL, SCHOOL
from evaluation.simulator.people import draw_people
from evaluation.simulator.ports import DAY_MS, Places, places
from evaluation.simulator.seasons import BEFORE, COUNTRIES, Seasons, draw_seasons
from evaluation.simulator.trips import NEW_BRIDGE, REOPENING
from evaluation.simulator.world import World

TRUCKS = (3, 4)


def rng(seed: int = 0) -> np.random.Generator:
    """A generator of random numbers for one test."""
    return np.random.Generator(np.random.PCG64(seed))


def world(**fixed: float) -> World:
    """A world with some of its values given."""
    return World.draw(rng(3), fixed)


@pytest.fixture(scope="module")
def large() -> Traffic:
    """A quarter over the twelve busiest ports."""
    return generate(seed=3, days=90, vehicles=60_000, ports=12, crossings=500_000, planted_rate=0)


def test_volumes_and_mix_are_those_of_2024(large: Traffic) -> None:
    """Cars at each port within a fifth of its share, trucks at large ports within two fifths, classes within 2 %."""
    truck, bus = np.isin(large.vehicle_class, TRUCKS), large.vehicle_class == 2
    real = large.places.crossings_2024 / large.places.crossings_2024.sum()
    assert abs(truck.mean() - real[1]) < 0.02
    assert abs(bus.mean() - real[2]) < 0.005
    cars = np.bincount(large.port[~truck & ~bus], minlength=12) / (~truck & ~bus).sum()
    assert (np.abs(cars / large.places.volume[0] - 1) < 0.2).all()
    trucks = np.bincount(large.port[truck], minlength=12) / truck.sum()
    busy = large.places.volume[1] > 0.05
    assert (np.abs(trucks / large.places.volume[1] - 1)[busy] < 0.4).all()
    assert trucks[large.places.volume[1] < 1e-6].max(initial=0.0) < 0.001  # San Ysidro has no lane for trucks


def test_cars_keep_the_hours_of_the_day_and_trucks_drive_at_night(large: Traffic) -> None:
    """Few cars from one to four in the morning; trucks are spread wider."""
    hour = large.places.to_local(large.time_ms, large.port) % DAY_MS // 3_600_000
    truck = np.isin(large.vehicle_class, TRUCKS)
    cars, trucks = (np.bincount(hour[of], minlength=24) / of.sum() for of in (~truck, truck))
    assert cars[1:5].sum() < 0.1
    assert trucks[1:5].sum() > 1.3 * cars[1:5].sum()
    assert cars.max() < 0.15


def seasons(start: str, days: int) -> Seasons:
    """A calendar with waves as high as can be."""
    return draw_seasons(world(holiday_wave=3.5), start, days, rng())


def test_each_side_has_its_own_holidays() -> None:
    """The 1st and 4th of July and the 16th of September 2026 are off in one country each, and draw travellers there."""
    calendar = seasons("2026-06-01", 120)
    for day, country in ((30, "CA"), (33, "US"), (107, "MX")):
        at = day + BEFORE
        off = [COUNTRIES[c] for c in range(3) if calendar.holiday[c, at]]
        assert country in off
        assert calendar.wave[COUNTRIES.index(country), at] > 1.15
    assert calendar.wave.max() <= 3.5
    assert (calendar.wave >= 1).all()


def test_weekdays_are_those_of_the_dates() -> None:
    """A log may begin on any day: the 1st of July 2026 is a Wednesday."""
    assert 2 == seasons("2026-07-01", 10).weekday[BEFORE]
    assert 0 == seasons("2026-01-05", 10).weekday[BEFORE]


def test_there_is_no_school_in_summer_at_christmas_and_at_weekends() -> None:
    """School runs stop when school does."""
    assert not seasons("2026-07-01", 60).school[BEFORE:].any()
    assert not seasons("2025-12-24", 10).school[BEFORE:].any()
    spring = seasons("2026-04-06", 28)
    assert not spring.school[spring.weekday >= 5].any()
    assert spring.school[BEFORE:].sum() >= 19


def test_summer_is_the_season_at_the_canadian_border() -> None:
    """Half as many again as in spring, as counted in 2024; the Mexican border hardly has seasons."""
    year = seasons("2026-01-01", 365)
    canada, mexico = year.season[0, 0, BEFORE:], year.season[1, 0, BEFORE:]
    assert canada[210] > 1.4 * canada[100]
    assert mexico.max() < 1.1 * mexico.min()


def border(count: int = 30, days: int = 90) -> Places:
    """The busiest ports."""
    return places(count, "2026-01-05", days, rng())


def test_a_closed_port_is_avoided_and_used_again() -> None:
    """In its span no leg goes over it, some are not made at all; before and after all do."""
    towns = border()
    event = Event(5, 30.0, 40.0, bridge=False)
    day = np.linspace(0, 89.9, 3_000)
    port, happens, note = detour(
        [event], world(divert=0.7), towns, day, np.full(3_000, 5, np.int16), np.zeros(3_000), rng()
    )
    shut = (day >= 30) & (day < 40)
    assert not (port[shut] == 5).any()
    assert (port[~shut] == 5).all()
    assert happens[~shut].all()
    assert 0.6 < happens[shut].mean() < 0.8
    assert (note[shut] == REOPENING).all()
    assert 0 == note[day < 30].max()


def test_a_bridge_is_not_crossed_before_it_opens() -> None:
    """Its traffic goes over the neighbour until then, and all of it happens."""
    towns = border()
    event = Event(9, -np.inf, 45.0, bridge=True)
    day = np.linspace(-20, 89.9, 2_000)
    slow = rng().exponential(5, 2_000)
    port, happens, note = detour([event], world(), towns, day, np.full(2_000, 9, np.int16), slow, rng())
    assert happens.all()
    assert np.array_equal(port == 9, day >= 45 + slow)
    assert np.array_equal(note == NEW_BRIDGE, (port == 9) & (day < 59 + slow))


def test_a_new_bridge_draws_regulars() -> None:
    """In a log with one, nobody crosses it before, and vehicles that had crossed nearby many times cross it after."""
    traffic = generate(3, 90, 20_000, 30, 0, crossings=250_000, fixed={"bridge": 0, "closure": 1})
    (code, what, _, until), *more = traffic.events
    assert ("bridge", []) == (what, more)
    port, opens = traffic.places.codes.index(code), int(np.datetime64(until[:-1], "ms").astype(int))
    here = traffic.port == port
    # a handful of journeys too short for the way round are left where they were
    assert (traffic.time_ms[here] < opens).mean() < 0.02
    old = np.bincount(traffic.vehicle[~here & (traffic.time_ms < opens)], minlength=len(traffic.vehicle_names)) >= 12
    new = np.unique(traffic.vehicle[here & (traffic.time_ms >= opens)])
    assert old[new].sum() > 10


def test_events_come_to_small_ports_with_a_neighbour_and_to_no_short_log() -> None:
    """Whatever the seed: at most one bridge and one closure, inside the log, at different ports."""
    towns = border()
    for seed in range(20):
        events = draw_events(world(bridge=0, closure=0), towns, 90, rng(seed))
        assert 2 == len({event.port for event in events}) == len(events)
        for event in events:
            assert towns.volume[0, event.port] < 0.06
            assert 20 < event.until_day < 90
    assert [] == draw_events(world(bridge=0, closure=0), towns, 14, rng())


def test_every_kind_of_vehicle_is_there_in_a_small_border() -> None:
    """Two of the rare kinds at least; occasional travellers are the most, commuters the most of the regulars."""
    people = draw_people(world(), border(), 2_000, 90, None, rng())
    count = Counter(people.kind.tolist())
    assert set(count) == set(range(len(KINDS)))
    assert min(count.values()) >= 2
    assert count[OCCASIONAL] > 0.5 * count.total()
    assert count[COMMUTER] > count[SCHOOL]


def test_who_lives_together_crosses_at_the_same_ports() -> None:
    """The second car of a household knows the ports of the first; a changed habit leads to one nearby."""
    towns = border()
    people = draw_people(world(household=0.3), towns, 5_000, 90, None, rng())
    second = np.flatnonzero(people.leader >= 0)
    assert len(second) > 100
    for ports in (people.home, people.second, people.third):
        assert np.array_equal(ports[second], ports[people.leader[second]])
    for ports in (people.second, people.third, people.change_port):
        assert towns.distance_km[people.home, ports].max() <= 250


def test_vehicles_come_and_go(large: Traffic) -> None:
    """Some regulars are first seen in the second half of the log, some last in the first, and nobody planted them."""
    count = np.bincount(large.vehicle)
    first = np.full(len(count), np.iinfo(np.int64).max)
    np.minimum.at(first, large.vehicle, large.time_ms)
    last = np.zeros(len(count), np.int64)
    np.maximum.at(last, large.vehicle, large.time_ms)
    regular = count > 20
    half = large.places.start_ms + 45 * DAY_MS
    assert 0.005 < (first[regular] > half).mean() < 0.15
    assert 0.005 < (last[regular] < half).mean() < 0.15
