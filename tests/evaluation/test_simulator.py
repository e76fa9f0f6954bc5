"""Is the generated border what it says it is? Deterministic, possible, labelled as asked, readable by the codec."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.plant import STRENGTHS
from evaluation.simulator.stories import LABELS
from evaluation.simulator.trips import BENIGN
from evaluation.simulator.world import RANGES, World
from schemas.batch import DIRECTIONS
from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """A quarter over 30 ports, with a clock change in it, rich in oddities."""
    return generate(seed=6, days=90, vehicles=4_000, ports=30, planted_rate=0.005)


def test_the_same_arguments_give_the_same_files(tmp_path: Path) -> None:
    """Two runs of one seed are equal byte for byte, in every file."""
    for folder in ("one", "two"):
        generate(seed=7, days=40, vehicles=600, ports=12, planted_rate=0.01).write(tmp_path / folder)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "benign.csv", "crossings.jsonl", "dispositions.jsonl", "episodes.csv", "events.csv", "labels.csv",
        "outages.csv", "roster.json",
    ]  # fmt: skip
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_blocks_of_any_size_hold_the_same_bytes() -> None:
    """The size of a block changes nothing but the cuts."""
    traffic = generate(seed=7, days=10, vehicles=300, ports=5)
    assert b"".join(traffic.lines()) == b"".join(traffic.lines(batch=17))


def test_no_two_seeds_share_a_constant() -> None:
    """Every constant of a world is drawn from its range, so that nothing can be tuned to one of them."""
    worlds = [World.draw(np.random.default_rng(seed)) for seed in range(8)]
    for name, (low, high) in RANGES.items():
        values = [world[name] for world in worlds]
        assert len(set(values)) == len(values)
        assert all(low <= value <= high for value in values)


def test_seeds_give_other_traffic() -> None:
    """Two seeds have no pseudonym and no crossing in common."""
    one, two = (generate(seed, days=10, vehicles=300, ports=5) for seed in (1, 2))
    assert not set(one.vehicle_names) & set(two.vehicle_names)
    assert len(one) != len(two) or (one.time_ms != two.time_ms).all()


def test_columns_are_sorted_and_inside_the_span(traffic: Traffic) -> None:
    """Rows stand in order of time and none is before the first or after the last day."""
    assert (np.diff(traffic.time_ms) >= 0).all()
    hours = (traffic.time_ms - traffic.places.start_ms) / 3_600_000
    assert hours.min() >= 0
    assert hours.max() < 90 * 24


def test_directions_alternate_but_for_missed_reads(traffic: Traffic) -> None:
    """In and out take turns; the share of repeats is what the readers miss, 0.5 to 3 % of reads each way."""
    order = np.lexsort((traffic.time_ms, traffic.vehicle))
    order = order[~np.isin(order, _rows(traffic.labels))]
    same_vehicle = np.diff(traffic.vehicle[order]) == 0
    repeats = (np.diff(traffic.direction[order]) == 0)[same_vehicle].mean()
    assert 0.004 < repeats < 0.07


def test_ordinary_journeys_are_possible(traffic: Traffic) -> None:
    """Without planted clones and misreads, hardly any vehicle is faster than 110 km/h as the crow flies."""
    apart = np.union1d(_rows(traffic.labels), _rows(traffic.benign))
    rows = np.setdiff1d(np.arange(len(traffic)), apart)
    rows = rows[np.lexsort((traffic.time_ms[rows], traffic.vehicle[rows]))]
    hours = np.diff(traffic.time_ms[rows]) / 3_600_000
    km = traffic.places.distance_km[traffic.port[rows][1:], traffic.port[rows][:-1]]
    too_fast = (np.diff(traffic.vehicle[rows]) == 0) & (km > 110 * hours)
    assert too_fast.mean() < 1e-3


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01])
def test_the_planted_share_is_the_one_asked_for(rate: float) -> None:
    """Labelled crossings are the share asked for, within a tenth."""
    traffic = generate(seed=3, days=90, vehicles=4_000, ports=20, planted_rate=rate)
    assert abs(len(traffic.labels) / len(traffic) - rate) <= 0.1 * rate


def test_every_kind_is_planted_in_several_strengths(traffic: Traffic) -> None:
    """Each label occurs, none has more than a third of all, and strengths run from subtle to plain."""
    planted = Counter(label for _, label, _ in traffic.labels)
    assert set(LABELS) == set(planted)
    assert max(planted.values()) < len(traffic.labels) / 3
    assert set(STRENGTHS) == {episode.strength for episode in traffic.episodes}


def test_innocent_oddities_are_listed_apart(traffic: Traffic) -> None:
    """Every benign kind occurs, by name, and no crossing is both benign and an anomaly."""
    kinds = {label for _, label, _ in traffic.benign}
    assert kinds == {f"benign:{name}" for name in BENIGN if name}
    assert not {crossing for crossing, _, _ in traffic.benign} & {crossing for crossing, _, _ in traffic.labels}


def test_a_clock_change_moves_utc_and_not_the_habit(traffic: Traffic) -> None:
    """Commuters keep their wall clock: the median UTC hour moves by an hour in March, the local one does not."""
    zone = traffic.places.zone_names.index("America/Chicago")
    change = next(at_ms for changed, at_ms in traffic.places.clock_changes() if changed == zone)
    week = 7 * 86_400_000
    regular = np.bincount(traffic.vehicle)[traffic.vehicle] > 90
    here = regular & (traffic.places.zone[traffic.port] == zone) & (traffic.vehicle_class == 0)
    hours = []
    for start in (change - 2 * week, change):
        rows = here & (traffic.time_ms >= start) & (traffic.time_ms < start + 2 * week)
        local = traffic.places.to_local(traffic.time_ms[rows], traffic.port[rows])
        morning = (local % 86_400_000 / 3_600_000 > 4) & (local % 86_400_000 / 3_600_000 < 11)
        utc = traffic.time_ms[rows][morning] % 86_400_000 / 3_600_000
        hours.append((np.median(local[morning] % 86_400_000 / 3_600_000), np.median(utc)))
    (local_before, utc_before), (local_after, utc_after) = hours
    assert abs(local_after - local_before) < 0.35
    assert abs(utc_before - utc_after - 1) < 0.35


def test_the_codec_accepts_every_line(traffic: Traffic) -> None:
    """No line is a reject, over the registry of the US land ports, and the columns come back."""
    codec = Codec(Ports.builtin("us"), Pseudonymiser(bytes(32)))
    accepted, line = 0, 1
    for block in traffic.lines():
        decoded = codec.decode(block, line=line)
        rows = traffic.arrival[accepted : accepted + len(decoded.batch)]
        assert [] == decoded.rejects
        assert traffic.time_ms[rows].tolist() == decoded.batch.time_ms.tolist()
        assert traffic.direction[rows].tolist() == decoded.batch.direction.tolist()
        local = traffic.places.to_local(traffic.time_ms[rows], traffic.port[rows])
        assert local.tolist() == decoded.batch.local_ms.tolist()
        accepted += len(decoded.batch)
        line += decoded.lines
    assert len(traffic.arrival) == accepted


def test_nothing_is_read_in_an_outage(traffic: Traffic) -> None:
    """The readers of that direction give no crossing at all while they are down; the other direction goes on."""
    assert traffic.outages
    others = 0
    for code, direction, begin, end in traffic.outages:
        span = [int(np.datetime64(text[:-1], "ms").astype(int)) for text in (begin, end)]
        inside = (traffic.time_ms >= span[0] + 1_000) & (traffic.time_ms < span[1])
        inside &= traffic.port == traffic.places.codes.index(code)
        assert not (inside & (traffic.direction == DIRECTIONS.index(direction))).any()
        others += int(inside.sum())
    assert others > 0


def test_some_lines_come_twice_and_some_late() -> None:
    """On a busy border every row arrives, a few twice; few are out of order, and most of those by under 250 ms."""
    traffic = generate(seed=5, days=1, vehicles=40_000, ports=5, crossings=60_000)
    assert len(traffic) == len(np.unique(traffic.arrival))
    assert 0 < len(traffic.arrival) - len(traffic) < 0.005 * len(traffic)
    first = traffic.arrival[np.sort(np.unique(traffic.arrival, return_index=True)[1])]
    behind = np.maximum.accumulate(traffic.time_ms[first]) - traffic.time_ms[first]
    assert 0 < (behind > 250).sum() < (behind > 0).sum() / 2 < 0.005 * len(traffic)


def test_a_number_of_crossings_can_be_asked_for() -> None:
    """The mix follows the mean: few regulars at five crossings a vehicle, many at seventy."""
    sparse = generate(seed=2, days=90, vehicles=8_000, ports=10, crossings=40_000)
    dense = generate(seed=2, days=90, vehicles=800, ports=10, crossings=56_000)
    assert abs(len(sparse) - 40_000) < 2_000
    assert abs(len(dense) - 56_000) < 2_800
    assert np.median(np.bincount(sparse.vehicle)) < 6
    assert np.median(np.bincount(dense.vehicle)) > 60


def test_trucks_carry_papers_and_cars_do_not(traffic: Traffic) -> None:
    """Papers stand on the lines of trucks only, and no empty truck carries goods or has a shipper."""
    papers = {"weight_kg", "laden", "trailer", "carrier", "shipper", "consignee", "commodity", "declared_value"}
    classes: Counter[str] = Counter()
    for line in next(traffic.lines(batch=20_000)).splitlines():
        crossing = json.loads(line)
        if papers & crossing.keys():
            classes[crossing["vehicle_class"]] += 1
        if not crossing.get("laden", True):
            assert not {"shipper", "consignee", "commodity", "declared_value"} & crossing.keys()
    assert classes["truck"] + classes["tractor_trailer"] > 0.98 * classes.total()  # a few classes are misread


def test_more_ports_than_the_table_has_are_made_up() -> None:
    """Beyond the real ports there are synthetic ones, with codes of their own."""
    traffic = generate(seed=1, days=3, vehicles=2_000, ports=150)
    assert 150 == len(set(traffic.places.codes))
    assert any(code.startswith("X") for code in traffic.places.codes)


def test_tiny_borders_work() -> None:
    """One port, one day, one vehicle: no error, and nothing planted where there is no room."""
    traffic = generate(seed=1, days=1, vehicles=1, ports=1, planted_rate=0.1)
    assert b"".join(traffic.lines()).count(b"\n") == len(traffic.arrival)
    assert [] == traffic.labels


@pytest.mark.parametrize(
    ("days", "vehicles", "ports", "start", "crossings"),
    [
        (1, 2, 2, "2090-12-31", 1),
        (2, 3_000, ["3104", "0901"], "2024-02-29", 30_000),  # more than these can make in two days
        (30, 600, ["2506", "2304"], "1995-03-01", 30_000),  # so many a vehicle that nobody comes seldom
        (200, 50, 130, "2026-10-28", None),  # more ports than vehicles
    ],
)
def test_odd_borders_work(days: int, vehicles: int, ports: int | list[str], start: str, crossings: int | None) -> None:
    """Whatever is asked for makes a log that can be read: every line is accepted."""
    traffic = generate(4, days, vehicles, ports, 0.2, start, crossings, {"bridge": 0, "closure": 0, "misread": 0.3})
    codec = Codec(Ports.open(default_time_zone="UTC"), Pseudonymiser(bytes(32)))
    decoded = [codec.decode(block) for block in traffic.lines()]
    assert len(traffic.arrival) == sum(len(some.batch) for some in decoded)


@pytest.mark.parametrize("wrong", ["days", "vehicles", "ports", "crossings"])
def test_numbers_below_one_are_refused(wrong: str) -> None:
    """A border without days, vehicles or ports is a mistake, and said to be one."""
    with pytest.raises(ValueError, match="at least 1"):
        generate(
            seed=1,
            days=0 if wrong == "days" else 5,
            vehicles=0 if wrong == "vehicles" else 5,
            ports=0 if wrong == "ports" else 2,
            crossings=0 if wrong == "crossings" else None,
        )


def test_an_unknown_constant_is_refused() -> None:
    """A typing error in `fixed` does not pass for a border without misreads."""
    with pytest.raises(ValueError, match="misred"):
        generate(seed=1, days=5, vehicles=5, ports=1, fixed={"misred": 0.0})


def test_the_label_files_have_the_columns_of_the_contract(tmp_path: Path, traffic: Traffic) -> None:
    """labels.csv starts with crossing_id and label, as `linewatch evaluate` reads them."""
    traffic.write(tmp_path)
    with (tmp_path / "labels.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert ["crossing_id", "label", "episode"] == list(rows[0])
    assert [label for _, label, _ in traffic.labels] == [row["label"] for row in rows]


def _rows(marked: list[tuple[str, str, int]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows of marked crossings; ids end in the row's number."""
    return np.array([int(crossing.rsplit("-", 1)[1]) for crossing, _, _ in marked], np.int64)
