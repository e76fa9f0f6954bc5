"""What do the readers do to a generated log, and does what a story says reach its lines?"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.bodies import COLOURS, MODELS
from evaluation.simulator.cast import draw_cast
from evaluation.simulator.columns import to_traffic
from evaluation.simulator.ground import Ground
from evaluation.simulator.people import draw_people
from evaluation.simulator.ports import DAY_MS, HOUR_MS, places
from evaluation.simulator.reads import read
from evaluation.simulator.reported import GROUPS, Reported
from evaluation.simulator.trips import BENIGN, MISREAD, plain_rows
from evaluation.simulator.world import World
from schemas.batch import LANE_TYPES

QUIET = {"missed_read": 0.0, "misread": 0.0, "outages": 0.0, "left_out": 0.0, "duplicate": 0.0, "late": 0.0}
VEHICLES = 600


def rng(seed: int = 0) -> np.random.Generator:
    """A generator of random numbers for one test."""
    return np.random.Generator(np.random.PCG64(seed))


def ground(*, reports: bool = True) -> tuple[Ground, World]:
    """Fifty crossings of each of six hundred vehicles, ten hours apart, at two ports that report all or nothing."""
    world = World.draw(rng(2), QUIET)
    town = places(["2304", "3801"], "2026-01-05", 30, rng())
    people = draw_people(world, town, VEHICLES, 30, None, rng()).grown(5)
    cast = draw_cast(world, people, town, 30, rng())
    cast = replace(cast, reported=Reported({group: np.full((2, 2), reports) for group in GROUPS}))
    vehicle, step = np.repeat(np.arange(VEHICLES), 50), np.tile(np.arange(50), VEHICLES)
    rows = plain_rows(
        vehicle, town.start_ms + step * 10 * HOUR_MS + vehicle * 7_000, vehicle % 2, step % 2, vehicle * 0
    )
    return Ground(rows, people, town, 30, rng(), VEHICLES, cast), world


def written(here: Ground, world: World) -> tuple[Traffic, dict[str, dict[str, object]]]:
    """The log, and its lines by vehicle and time."""
    traffic = to_traffic(9, world, here, read(here, world, rng(5)), [], rng(6))
    lines = [json.loads(line) for line in b"".join(traffic.lines()).splitlines()]
    return traffic, {f"{line['vehicle']} {line['occurred_at']}": line for line in lines}


def line_of(
    here: Ground, handle: int, told: tuple[Traffic, dict[str, dict[str, object]]], plate: int | None = None
) -> dict[str, object]:
    """The line of a crossing."""
    traffic, lines = told
    vehicle, time_ms, _, _ = here.at(handle)
    at = np.datetime_as_string(np.datetime64(time_ms, "ms"))
    return lines[f"{traffic.vehicle_names[vehicle if plate is None else plate]} {at}Z"]


def test_what_a_story_sets_is_written() -> None:
    """Every field that can be set shows in the line of that crossing, of a truck too; None leaves it out."""
    here, world = ground()
    car = int(np.flatnonzero(here.people.vehicle_class[:VEHICLES] == 0)[0]) * 50  # inbound
    for field, value in {
        "occupants": 7, "driver": here.fresh(), "model": 3, "colour": 4, "registered_on": 20_000,
        "owner_changed_on": 20_100, "rental": True, "officer": 12, "wait_s": 777, "inspection_s": 99, "lane": 0.0,
        "lane_type": 1, "vehicle_class": 5, "confidence": 0.5, "prequeue_lane": 1,
    }.items():  # fmt: skip
        here.set(car, field, value)
    here.set(car + 2, "driver", None)
    told = written(here, world)
    line = line_of(here, car, told)
    make, model, _ = MODELS[3]
    expected = {
        "occupants": 7, "make": make, "model": model, "colour": COLOURS[4], "registered_on": "2024-10-04",
        "owner_changed_on": "2025-01-12", "rental": True, "officer": "o0000c", "wait_s": 777, "inspection_s": 99,
        "lane": "R01", "lane_type": "ready", "vehicle_class": "other", "read_confidence": 0.5, "prequeue_lane": "R02",
    }  # fmt: skip
    assert expected == {name: line.get(name) for name in expected}
    assert line["driver"] != line_of(here, car + 4, told)["driver"]
    assert "driver" not in line_of(here, car + 2, told)


def test_papers_can_be_set_too() -> None:
    """A truck's weight by a factor or in kilograms, its parties, its trailer; an empty one carries nothing."""
    here, world = ground()
    truck = int(np.flatnonzero(here.people.vehicle_class[:VEHICLES] == 4)[0]) * 50
    here.set(truck, "weight_kg", 12_340.0)
    for field, value in {"laden": True, "carrier": 5, "shipper": 6, "declared_value": 1e6, "commodity": 0}.items():
        here.set(truck, field, value)
    here.set(truck + 2, "laden", False)
    told = written(here, world)
    line, other = line_of(here, truck, told), line_of(here, truck + 4, told)
    assert (12_340, True, 1_000_000, "0702") == tuple(
        line[name] for name in ("weight_kg", "laden", "declared_value", "commodity")
    )
    assert line["carrier"] != other["carrier"]
    empty = line_of(here, truck + 2, told)
    assert empty["laden"] is False
    assert not {"shipper", "consignee", "commodity", "declared_value"} & empty.keys()
    before = line_of(here, truck + 6, told)["weight_kg"]
    here.set(truck + 6, "weight", 2.0)
    after = line_of(here, truck + 6, written(here, world))["weight_kg"]
    assert (before, after) == (before, pytest.approx(2 * before, rel=0.01))  # type: ignore[operator]


def test_what_a_port_does_not_report_is_not_written() -> None:
    """Not even where a story sets it; lane and class are always there."""
    here, world = ground(reports=False)
    here.set(0, "driver", here.fresh())
    here.set(0, "lane", 0.0)
    line = line_of(here, 0, written(here, world))
    optional = {"driver", "occupants", "make", "rental", "officer", "wait_s", "weight_kg", "laden", "prequeue_lane"}
    assert not optional & line.keys()
    assert str(line["lane"]).endswith("01")


def test_another_body_under_the_plate_shows() -> None:
    """Plates swapped: the name is the plate's, class and make are the body's."""
    here, world = ground()
    car, truck = (int(np.flatnonzero(here.people.vehicle_class[:VEHICLES] == kind)[0]) for kind in (0, 4))
    handle = here.add(car, here.begin_ms + 5 * DAY_MS + 123, 1, 0, body=truck)
    line = line_of(here, handle, written(here, world))
    assert "tractor_trailer" == line["vehicle_class"]
    assert MODELS[here.bodies.model[truck]][1] == line["model"]
    assert "weight_kg" in line


def test_companions_stand_in_the_lanes_that_were_asked_for() -> None:
    """The same lane, or the next but round the end, of the same type, whatever the vehicles are."""
    here, world = ground()
    same, apart = here.beside(10, 9, 20), here.beside(10, 11, 40, lanes_apart=1)
    told = written(here, world)
    leader, first, second = (line_of(here, handle, told) for handle in (10, same, apart))
    assert leader["lane"] == first["lane"]
    assert leader["lane_type"] == first["lane_type"] == second["lane_type"]
    lanes = here.roster.lanes[here.at(10)[2], LANE_TYPES.index(str(leader["lane_type"]))]
    numbers = [int(str(line["lane"])[1:]) for line in (leader, second)]
    assert (numbers[0] + 1 - numbers[1]) % lanes == 0


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_the_share_of_misreads_is_the_one_asked_for(share: float) -> None:
    """Within a fifth; those that are wrong are less sure of themselves, not always; phantoms come again."""
    here, world = ground()
    world.values["misread"] = share
    result = read(here, world, rng(8))
    wrong = result.rows.note == MISREAD
    assert abs(wrong.mean() / share - 1) < 0.2
    assert (result.rows.vehicle[wrong] != result.rows.body[wrong]).all()
    assert (result.rows.vehicle[~wrong] == result.rows.body[~wrong]).all()
    assert result.confidence[wrong].mean() < result.confidence[~wrong].mean() - 0.15
    assert 0.02 < (result.confidence[wrong] > 0.9).mean() < 0.4
    plates = len(here.people.kind)
    phantoms = result.rows.vehicle[result.rows.vehicle >= plates]
    assert result.plates == plates + len(np.unique(phantoms))
    assert len(phantoms) > 0.8 * wrong.sum()
    assert len(phantoms) > 1.2 * len(np.unique(phantoms)) * (share > 0.04)


def test_some_plates_are_misread_more_than_others() -> None:
    """Confusable characters are the plate's own: the chance varies, and the wrong plate is one of two."""
    here, world = ground()
    world.values["misread"] = 0.2
    result = read(here, world, rng(8))
    wrong = result.rows.note == MISREAD
    count = np.bincount(result.rows.body[wrong], minlength=VEHICLES)[:VEHICLES]
    assert count.std() > 1.5 * np.sqrt(count.mean())
    pairs = np.unique(np.stack([result.rows.body[wrong], result.rows.vehicle[wrong]]), axis=1)
    assert np.bincount(pairs[0]).max() <= 2


def test_a_misread_crossing_has_no_label() -> None:
    """For its vehicle it was missed; for the other plate it is an innocent oddity."""
    traffic = generate(seed=6, days=60, vehicles=3_000, ports=10, planted_rate=0.02, fixed={"misread": 0.3})
    labelled = {crossing for crossing, _, _ in traffic.labels}
    misread = {crossing for crossing, label, _ in traffic.benign if label == "benign:misread"}
    assert labelled
    assert not labelled & misread
    assert abs(len(misread) / len(traffic) - 0.3) < 0.03


def test_no_misread_when_none_is_asked_for() -> None:
    """A share of nought is none at all."""
    traffic = generate(seed=6, days=20, vehicles=1_000, ports=5, planted_rate=0, fixed={"misread": 0})
    assert not [label for _, label, _ in traffic.benign if label == "benign:misread"]
    assert "misread" in BENIGN
