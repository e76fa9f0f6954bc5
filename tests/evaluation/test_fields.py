"""Do the optional fields of a generated log say what a real one would? Each against the life it is drawn from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.bodies import MODELS
from evaluation.simulator.cast import Cast, draw_cast
from evaluation.simulator.events import Event
from evaluation.simulator.fields import RENTERS
from evaluation.simulator.ground import Ground
from evaluation.simulator.kinds import TRUCKER
from evaluation.simulator.overrides import SETTABLE, Overrides
from evaluation.simulator.papers import NEW_TRAILERS
from evaluation.simulator.people import People, draw_people
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places, places
from evaluation.simulator.reported import GROUPS, draw_reported
from evaluation.simulator.roster import Roster, draw_roster
from evaluation.simulator.trips import plain_rows
from evaluation.simulator.world import World
from schemas.batch import NO_DAY


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """A quarter over ten ports; nothing planted, no plate misread: a plate is a body."""
    return generate(seed=4, days=90, vehicles=12_000, ports=10, crossings=150_000, planted_rate=0, fixed={"misread": 0})


def rng(seed: int = 0) -> np.random.Generator:
    """A generator of random numbers for one test."""
    return np.random.Generator(np.random.PCG64(seed))


def by_vehicle(traffic: Traffic, column: Array, known: Array) -> dict[int, list[int]]:
    """The known values of each vehicle, in order of time."""
    values = defaultdict(list)
    for vehicle, value in zip(traffic.vehicle[known].tolist(), column[known].tolist(), strict=True):
        values[vehicle].append(value)
    return values


def test_every_field_is_there_and_at_some_ports_only(traffic: Traffic) -> None:
    """Each optional column has values, and none has them for all crossings: some ports do not report it."""
    for name in ("occupants", "driver", "model", "colour", "rental", "officer", "wait_s", "prequeue_lane"):
        assert 0 < (getattr(traffic.fields, name) >= 0).mean() < 1
    for name in ("weight_kg", "laden", "trailer", "carrier", "shipper", "consignee", "commodity", "declared_value"):
        assert 0 < (getattr(traffic.freight, name) >= 0).mean() < 1
    reported = draw_reported(World.draw(rng()), 200, rng())
    for group, ports in reported.groups.items():
        assert 0.5 < ports[:, 0].mean() < 1
        assert not (ports[:, 1] & ~ports[:, 0]).any()
        assert reported.provides(GROUPS[group][0], 0) == ports[0, 0]


def test_a_port_reports_a_field_or_does_not(traffic: Traffic) -> None:
    """But for single values that are left out: nearly all inbound crossings of a port carry it, or none does."""
    for name in ("driver", "model", "rental", "officer", "wait_s", "prequeue_lane"):
        there = getattr(traffic.fields, name) >= 0
        for port in range(len(traffic.places.codes)):
            share = there[(traffic.port == port) & (traffic.direction == 0)].mean()
            assert share == 0 or share > 0.97
    leaving = traffic.direction == 1
    assert (traffic.fields.officer[leaving] == -1).all()
    assert (traffic.fields.prequeue_lane[leaving] == -1).all()


def test_a_vehicle_keeps_its_make_and_colour_but_for_the_camera(traffic: Traffic) -> None:
    """The most frequent model of a vehicle is nearly always the one that is seen, and never always for all."""
    models = by_vehicle(traffic, traffic.fields.model, traffic.fields.model >= 0)
    seen = [(max(map(values.count, set(values))), len(values)) for values in models.values() if len(values) > 10]
    usual = sum(most for most, _ in seen) / sum(count for _, count in seen)
    assert 0.96 < usual < 0.9999
    first = {vehicle: max(set(values), key=values.count) for vehicle, values in models.items()}
    vehicle_class = dict(zip(traffic.vehicle.tolist(), traffic.vehicle_class.tolist(), strict=True))
    right = np.mean([MODELS[model][2] == vehicle_class[vehicle] for vehicle, model in first.items()])
    assert right > 0.99


def test_a_driver_stays_for_the_trip(traffic: Traffic) -> None:
    """Out and back within a day is the same driver, far more often than two trips are."""
    driver, order = traffic.fields.driver, np.lexsort((traffic.time_ms, traffic.vehicle))
    vehicle, time_ms = traffic.vehicle[order], traffic.time_ms[order]
    pair = (vehicle[1:] == vehicle[:-1]) & (np.diff(time_ms) < DAY_MS) & (driver[order][1:] >= 0)
    pair &= (driver[order][:-1] >= 0) & (np.diff(traffic.direction[order]) != 0)
    same = driver[order][1:] == driver[order][:-1]
    days = np.diff((time_ms - traffic.places.start_ms) // (4 * HOUR_MS))
    assert same[pair & (days <= 1)].mean() > same[pair].mean() > 0.8
    assert same[pair].mean() < 0.999


def test_drivers_have_more_than_one_vehicle_and_vehicles_more_than_one_driver(traffic: Traffic) -> None:
    """Households and carriers share; a rented vehicle has somebody else every trip."""
    known = traffic.fields.driver >= 0
    pairs = np.unique(np.stack([traffic.fields.driver[known], traffic.vehicle[known]]), axis=1)
    vehicles = np.unique(pairs[0], return_counts=True)[1]
    assert 0.01 < (vehicles > 1).mean() < 0.3
    drivers = by_vehicle(traffic, traffic.fields.driver, known & (traffic.fields.rental == 1))
    assert all(min(who) >= RENTERS for who in drivers.values())
    assert np.mean([len(set(who)) > 1 for who in drivers.values() if len(who) > 6]) > 0.95


def test_registrations_are_old_and_never_in_the_future(traffic: Traffic) -> None:
    """Most are years ago, some are weeks ago; a sale within the log shows from its day on."""
    f = traffic.fields
    day = traffic.places.to_local(traffic.time_ms, traffic.port) // DAY_MS
    for column in (f.registered_on, f.owner_changed_on):
        known = column != NO_DAY
        assert (column[known] <= day[known]).all()
        assert 0.0005 < (day[known] - column[known] < 30).mean() < 0.06
    known = f.registered_on != NO_DAY
    assert np.median((day - f.registered_on)[known]) > 3 * 365
    changes = by_vehicle(traffic, f.owner_changed_on, f.owner_changed_on != NO_DAY)
    assert 0.001 < np.mean([values != sorted(values) or values[0] != values[-1] for values in changes.values()]) < 0.1
    assert all(values == sorted(values) for values in changes.values())


def test_trucks_keep_to_their_routes(traffic: Traffic) -> None:
    """One carrier a truck, few shippers, a weight that hardly varies; hauliers have a new trailer every trip."""
    f = traffic.freight
    truck = traffic.vehicle[f.row]
    known = f.carrier >= 0
    carriers = np.unique(np.stack([truck[known], f.carrier[known]]), axis=1)[0]
    assert len(carriers) == len(np.unique(carriers))
    assert 1 < len(np.unique(f.carrier[known])) < len(np.unique(truck)) / 2
    new = f.trailer >= NEW_TRAILERS
    trips = np.unique(np.stack([truck[new], f.trailer[new]]), axis=1)
    assert np.bincount(np.unique(f.trailer[new], return_inverse=True)[1]).max() <= 2  # there and back
    assert len(trips[1]) == len(np.unique(trips[1]))
    weight = f.weight_kg[f.weight_kg >= 0]
    assert weight.min() > 3_000
    assert weight.max() < 60_000
    full, empty = (f.weight_kg[(f.laden == k) & (f.weight_kg > 0)].mean() for k in (1, 0))
    assert full > 1.3 * empty
    assert (f.trailer[traffic.vehicle_class[f.row] == 3] >= 0).mean() < 0.02


def test_a_wait_grows_with_the_traffic(traffic: Traffic) -> None:
    """The mean wait of the busiest hours of a port is several times that of the quiet ones."""
    cell = traffic.port.astype(np.int64) * 10_000 + (traffic.time_ms - traffic.places.start_ms) // HOUR_MS
    busy = np.bincount(cell)[cell]
    inbound = traffic.fields.wait_s >= 0
    high, low = np.quantile(busy[inbound], [0.9, 0.1])
    wait = traffic.fields.wait_s
    assert wait[inbound & (busy >= high)].mean() > 2 * wait[inbound & (busy <= low)].mean()


def test_the_lane_before_the_booths_mostly_leads_to_it(traffic: Traffic) -> None:
    """Same lane for most, a neighbour for some, and always one of the same type."""
    known = traffic.fields.prequeue_lane >= 0
    before, lane = traffic.fields.prequeue_lane[known], traffic.lane[known]
    assert 0.75 < (before == lane).mean() < 0.99
    assert (before // 20 == lane // 20).all()


@pytest.fixture(scope="module")
def town() -> Places:
    """Six ports."""
    return places(6, "2026-03-01", 30, rng())


@pytest.fixture(scope="module")
def roster(town: Places) -> Roster:
    """Their officers."""
    return draw_roster(World.draw(rng(1)), town, rng(1))


def test_an_officer_is_at_one_booth_at_a_time(town: Places, roster: Roster) -> None:
    """No two lanes of a port have the same officer at any time, and ports share none."""
    seen: set[int] = set()
    for port in range(6):
        here: set[int] = set()
        for hour in range(0, 96, 5):
            at = town.start_ms + hour * HOUR_MS
            booths = np.concatenate([roster.at_booth(port, at, kind) for kind in range(6)])
            assert len(booths) == len(np.unique(booths))
            here |= set(booths.tolist())
        assert not here & seen
        seen |= here


def test_who_is_told_finds_his_officer(town: Places, roster: Roster) -> None:
    """`lane_of` leads to the officer asked for; an officer who is off duty is in no lane."""
    at = town.start_ms + 40 * HOUR_MS
    officers = roster.at_booth(0, at, 0).tolist()
    for number, officer in enumerate(officers):
        lane = roster.lane_of(officer, 0, at, 0)
        assert lane is not None
        assert number == int(lane * roster.lanes[0, 0])
    assert roster.lane_of(int(roster.base[1]), 0, at, 0) is None


def test_officers_change_when_the_shift_does(town: Places, roster: Roster) -> None:
    """The changes of a day stand at the hours that the roster names, and bring other people."""
    day = town.start_ms + 10 * DAY_MS
    changes = roster.changes(0, day, day + DAY_MS)
    local = town.to_local(changes, np.zeros(len(changes), np.int16)) % DAY_MS // HOUR_MS
    assert sorted(local.tolist()) == roster.hours(0)
    for at in changes.tolist():
        before, after = (set(roster.at_booth(0, at + step, 0).tolist()) for step in (-60_000, 60_000))
        assert not before & after


def ground(vehicles: int = 40) -> tuple[Ground, World]:
    """A little ground of one crossing a vehicle, an hour apart, all at the first port."""
    world = World.draw(rng(2))
    town = places(2, "2026-01-05", 30, rng())
    people: People = draw_people(world, town, vehicles, 30, None, rng()).grown(3)
    cast: Cast = draw_cast(world, people, town, 30, rng())
    each = np.arange(vehicles)
    rows = plain_rows(each, town.start_ms + each * HOUR_MS, each * 0, each * 0, each * 0)
    return Ground(rows, people, town, 30, rng(), vehicles, cast), world


def test_newcomers_are_new_and_few() -> None:
    """Each has a number nobody had, the habits of another and what is given; when none is left, None."""
    here, _ = ground()
    first = here.newcomer(7, home=1, registered_on=20_000)
    assert 40 == first
    assert 1 == here.people.home[40]
    assert 20_000 == here.bodies.registered_on[40]
    assert here.people.hour[7] == here.people.hour[40]
    assert -1 == here.people.leader[40]
    assert MODELS[here.bodies.model[40]][2] == here.people.vehicle_class[7]
    truck = here.newcomer(7, vehicle_class=4, kind=TRUCKER)
    assert 4 == MODELS[here.bodies.model[truck]][2]
    assert [42, None] == [here.newcomer(7) for _ in range(2)]
    with pytest.raises(AttributeError):
        ground()[0].newcomer(7, shoe_size=44)
    assert len({here.fresh() for _ in range(10)}) == 10


def test_a_joint_crossing_is_at_the_same_port_and_time() -> None:
    """`seconds` after it, in the same direction; beside one that fell outside the log there is none."""
    here, _ = ground()
    joined = here.beside(5, 9, 30, lanes_apart=1)
    assert (9, here.rows.time_ms[5] + 30_000, 0, 0) == here.at(joined)
    assert {joined: (5, 1)} == here.overrides.beside
    assert -1 == here.add(5, here.end_ms + 1, 0, 0)
    assert -1 == here.beside(-1, 9, 30)
    at, leader, apart = here.overrides.companions(np.array([joined, 3, 5]))
    assert ([0], [2], [1]) == (at.tolist(), leader.tolist(), apart.tolist())


def test_what_a_story_sets_is_found_where_the_crossing_stands() -> None:
    """By handle, wherever the row has gone; crossings that were not read are passed over, unknown fields refused."""
    said = Overrides()
    said.set(12, "driver", 5)
    said.set(3, "driver", None)
    said.set(99, "driver", 7)
    said.set(-1, "driver", 8)
    at, values = said.found("driver", np.array([40, 3, 12]))
    assert ([2, 1], [5, None]) == (at.tolist(), values)
    assert 0 == len(said.found("colour", np.array([1, 2]))[0])
    with pytest.raises(KeyError, match="shoe_size"):
        said.set(1, "shoe_size", 44)
    assert {name for names in GROUPS.values() for name in names} <= set(SETTABLE)


def test_nobody_crosses_at_a_closed_port() -> None:
    """What a story adds there goes over the nearest one that is open; a way over it is not feasible."""
    here, _ = ground()
    here.cast = replace(here.cast, events=(Event(1, 3.0, 5.0, bridge=False),))
    during, after = here.begin_ms + 4 * DAY_MS, here.begin_ms + 6 * DAY_MS
    assert (here.is_open(0, during), here.is_open(1, during), here.is_open(1, after)) == (True, False, True)
    assert 0 == here.at(here.add(3, during, 1, 0))[2]
    assert 1 == here.at(here.add(3, after, 1, 0))[2]
    assert not here.feasible(1, during, 1, here.begin_ms)
    assert here.feasible(1, after, 1, here.begin_ms)
