"""Are the planted stories what they say? Every kind there, possible, by disjoint vehicles, told by no single field."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
import numpy as np
import pytest

from evaluation.simulator import Traffic, generate
from evaluation.simulator.plant import LABELS, ROUNDS, STRENGTHS
from evaluation.simulator.stories import STORIES

HOUR_MS = 3_600_000
# several vehicles play in these
SHARED = {"convoy", "recurrent_group", "spotter", "party_burst", "outbound_run", "linked_to_seizure", "organisation"}
# two crossings of one direction, or a way that cannot be driven, are the point of these
UNNATURAL = {"same_direction_repeat", "flow_imbalance", "impossible_journey"}


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """A quarter over 30 ports, rich in stories."""
    return generate(seed=11, days=90, vehicles=12_000, ports=30, planted_rate=0.01, crossings=150_000)


def test_every_typology_is_planted_at_several_strengths(traffic: Traffic) -> None:
    """Three episodes or more of every kind, subtle and plain among them; no typology has more than a sixth of all."""
    planted = Counter(label for _, label, _ in traffic.labels)
    assert set(LABELS) == set(planted)
    assert max(planted.values()) < len(traffic.labels) / 6
    told = Counter(episode.label for episode in traffic.episodes)
    assert {story.label for story in STORIES} == set(told)
    assert min(told.values()) >= ROUNDS
    assert set(STRENGTHS) == {episode.strength for episode in traffic.episodes}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sparse_log_has_three_episodes_of_every_kind(seed: int) -> None:
    """At the default share a log of a million crossings has room for three episodes of each kind."""
    traffic = generate(seed=seed, days=90, vehicles=100_000, ports=30, crossings=1_000_000)
    told = Counter(episode.label for episode in traffic.episodes)
    assert {story.label for story in STORIES} == set(told)
    assert min(told.values()) >= ROUNDS
    assert abs(len(traffic.labels) / len(traffic) - 0.0005) < 0.00005


def test_labels_point_to_crossings_of_their_episode(traffic: Traffic) -> None:
    """Each label names one crossing, its episode is of that label or an organisation, and vehicles play in one only."""
    episodes = {episode.number: episode for episode in traffic.episodes}
    plays: dict[int, set[int]] = defaultdict(set)
    assert len(traffic.labels) == len({crossing for crossing, _, _ in traffic.labels})
    for crossing, label, number in traffic.labels:
        kind = episodes[number].label
        assert kind in {label, "organisation"}
        vehicle = int(traffic.vehicle[_row(crossing)])
        assert vehicle == episodes[number].vehicle or kind in SHARED
        plays[vehicle].add(number)
    assert {1} == set(map(len, plays.values()))


def test_an_organisation_has_many_faces(traffic: Traffic) -> None:
    """Its crossings carry several typologies, by several vehicles, over more than a week."""
    crossings: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for crossing, label, number in traffic.labels:
        crossings[number].append((_row(crossing), label))
    organisations = [e.number for e in traffic.episodes if e.label == "organisation"]
    for number in organisations:
        rows = np.array([row for row, _ in crossings[number]])
        assert len({label for _, label in crossings[number]}) >= 2
        assert np.ptp(traffic.time_ms[rows]) > 7 * 24 * HOUR_MS
    vehicles = [len(set(traffic.vehicle[[row for row, _ in crossings[n]]].tolist())) for n in organisations]
    assert np.mean(vehicles) > 2


def test_stories_are_possible(traffic: Traffic) -> None:
    """Vehicles in stories are no faster than 100 km/h as the crow flies, but for clones, and take turns in and out."""
    episodes = {episode.number: episode for episode in traffic.episodes}
    natural = [_row(c) for c, _, n in traffic.labels if episodes[n].label not in UNNATURAL]
    misread = [_row(c) for c, label, _ in traffic.benign if label == "benign:misread"]
    repeats, journeys = 0, 0
    for vehicle in np.unique(traffic.vehicle[natural]).tolist():
        rows = np.setdiff1d(np.flatnonzero(traffic.vehicle == vehicle), misread)
        told = np.isin(rows, natural)
        told = told[1:] | told[:-1]
        hours = np.diff(traffic.time_ms[rows]) / HOUR_MS
        km = traffic.places.distance_km[traffic.port[rows][1:], traffic.port[rows][:-1]]
        assert (km <= 100 * hours + 0.1)[told].all()
        repeats += int((np.diff(traffic.direction[rows]) == 0)[told].sum())
        journeys += int(told.sum())
    assert repeats < 0.07 * journeys  # missed reads


def _row(crossing: str) -> int:
    """The row of a crossing; ids end in its number."""
    return int(crossing.rsplit("-", 1)[1])


def test_pairs_keep_within_a_queue(traffic: Traffic) -> None:
    """Labelled crossings of a convoy have one of the companion within two minutes, unless that read was missed."""
    episodes = {e.number for e in traffic.episodes if e.label == "convoy"}
    rows = defaultdict(list)
    for crossing, _, number in traffic.labels:
        if number in episodes:
            rows[number].append(_row(crossing))
    near = [
        min(abs(int(traffic.time_ms[a]) - int(traffic.time_ms[b])) for b in own if b != a)
        for own in rows.values()
        for a in own
        if len(own) > 1
    ]
    assert np.mean(np.array(near) < 125_000) > 0.8
    assert all(len({int(traffic.vehicle[row]) for row in own}) == 2 for own in rows.values())


CATEGORIES = (
    "port", "lane", "direction", "lane_type", "vehicle_class", "make", "model", "colour", "rental", "laden",
    "commodity", "officer",
)  # fmt: skip
PAPERS = ("laden", "shipper", "consignee", "commodity", "declared_value", "weight_kg")
NAMES = ("driver", "trailer", "carrier", "shipper", "consignee")
AMOUNTS = ("read_confidence", "weight_kg", "wait_s", "inspection_s", "occupants", "declared_value")


def test_nothing_written_tells_a_planted_crossing(traffic: Traffic) -> None:
    """No category, field, set of papers, form of a name or amount is seen at planted crossings only.

    Names that are new there begin like any others. Amounts may be somewhat beyond the others: they have long tails.
    """
    planted = {crossing for crossing, _, _ in traffic.labels}
    seen: dict[bool, dict[str, Counter[object]]] = {True: defaultdict(Counter), False: defaultdict(Counter)}
    amounts: dict[bool, dict[str, list[float]]] = {True: defaultdict(list), False: defaultdict(list)}
    for line in b"".join(traffic.lines()).splitlines():
        crossing = msgspec.json.decode(line)
        odd = crossing["crossing_id"] in planted
        one = seen[odd]
        for name in CATEGORIES:
            one[name][crossing.get(name)] += 1
        one["fields"].update(list(crossing))
        one["papers"][tuple(crossing.get(name) if name == "laden" else name in crossing for name in PAPERS)] += 1
        for name in NAMES:
            if name in crossing:
                one[f"length of {name}"][len(crossing[name])] += 1
                one["first digit"][crossing[name][1]] += 1
        for name in AMOUNTS:
            if name in crossing:
                amounts[odd][name].append(crossing[name])
    for name, values in seen[True].items():
        assert set(values) <= set(seen[False][name]), name
    for name, numbers in amounts[True].items():
        assert 0.8 * min(amounts[False][name]) <= min(numbers), name
        assert max(numbers) <= 1.2 * max(amounts[False][name]), name
    first = {odd: one["first digit"] for odd, one in seen.items()}
    assert all(
        abs(first[True][d] / first[True].total() - n / first[False].total()) < 0.05 for d, n in first[False].items()
    )


def test_who_is_linked_to_a_seizure_crossed_with_the_seized_one(traffic: Traffic) -> None:
    """Before its labelled crossings there is a seizure of a vehicle that was beside it twice or more."""
    seized = {
        _row(d["crossing_id"]) for d in map(msgspec.json.decode, traffic.dispositions) if d["outcome"] == "seizure"
    }
    episodes = [e for e in traffic.episodes if e.label == "linked_to_seizure"]
    linked = 0
    for episode in episodes:
        labelled = [_row(c) for c, _, number in traffic.labels if number == episode.number]
        own = np.flatnonzero(traffic.vehicle == traffic.vehicle[labelled[0]])
        beside = Counter(
            int(traffic.vehicle[row])
            for at in own
            for row in np.flatnonzero(np.abs(traffic.time_ms - traffic.time_ms[at]) < 125_000)
            if traffic.port[row] == traffic.port[at]
        )
        linked += any(beside[int(traffic.vehicle[row])] > 1 for row in seized if row < labelled[0])
    assert linked > 0.8 * len(episodes)


def test_an_organisation_moves_on_after_it_was_looked_at(traffic: Traffic) -> None:
    """Some days after a disposition of one of its crossings it labels crossings at another port."""
    decided = {_row(msgspec.json.decode(line)["crossing_id"]) for line in traffic.dispositions}
    moved = 0
    organisations = [e.number for e in traffic.episodes if e.label == "organisation"]
    for number in organisations:
        rows = [_row(c) for c, label, n in traffic.labels if n == number and label != "broken_routine"]
        looked = [row for row in rows if row in decided]
        if looked:
            before = {int(traffic.port[row]) for row in rows if row <= looked[0]}
            moved += any(int(traffic.port[row]) not in before for row in rows if row > looked[0])
    assert moved > 0.5 * len(organisations)


def test_plain_stories_are_longer_than_subtle_ones(traffic: Traffic) -> None:
    """Of what is odd by being repeated, a plain story has more crossings than a subtle one."""
    labelled = Counter(number for _, _, number in traffic.labels)
    repeated = {"convoy", "frequency_burst", "new_vehicle_ramp", "port_shopping", "party_burst", "driver_churn"}
    sizes: dict[float, list[int]] = defaultdict(list)
    for episode in traffic.episodes:
        if episode.label in repeated:
            sizes[episode.strength].append(labelled[episode.number])
    assert np.mean(sizes[1.0]) > 1.3 * np.mean(sizes[0.0])


def test_plain_stays_are_further_from_the_habit(traffic: Traffic) -> None:
    """A long stay is longer, and a quick turnaround quicker, the plainer the story."""
    hours: dict[tuple[str, float], list[float]] = defaultdict(list)
    episodes = {episode.number: episode for episode in traffic.episodes}
    for crossing, label, number in traffic.labels:
        if label == episodes[number].label and label in {"long_stay", "quick_turnaround"}:
            row = _row(crossing)
            before = np.flatnonzero(traffic.vehicle[:row] == traffic.vehicle[row])[-1]
            hours[label, episodes[number].strength].append((traffic.time_ms[row] - traffic.time_ms[before]) / HOUR_MS)
    assert np.median(hours["long_stay", 1.0]) > 2 * np.median(hours["long_stay", 0.0])
    assert np.median(hours["quick_turnaround", 1.0]) < 0.5 * np.median(hours["quick_turnaround", 0.0])
