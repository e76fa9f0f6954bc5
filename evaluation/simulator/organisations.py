"""What does an organisation look like over weeks? Loads that cross by turns, a spotter ahead, plates that are swapped.

The loads are ordinary vehicles of one town that make some of their trips for it: at its hour, shorter than they would
stay. When one of them is looked at (a disposition), it lets some days pass, and goes on over another port at another
hour; then it lends plates to other cars and puts loads into the cars of commuters who do not know. Every crossing has
the label that fits it best, and all share the episode. What any one of them shows is a little; when subtle, very
little: the sum of it is what can be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from evaluation.simulator.ground import Decided, Ground, Mark
from evaluation.simulator.lives import UNMARKED, clear, fits, leg, midnight, recruit, trips, usual_stay_ms
from evaluation.simulator.people import COMMUTER, OCCASIONAL, SHOPPER
from evaluation.simulator.plant import called
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.stories_pairs import scout
from evaluation.simulator.trips import MINUTE_MS

REFERRED = 3  # runs, then somebody looks


@dataclass(slots=True)
class _Plan:
    """What the organisation does at present, and what it has done so far."""

    port: int
    hour: float
    strength: float
    mark: Mark
    spotter: int
    scouted: int = 0
    resume_ms: float = 0
    lost: int = -1  # the vehicle that was seized
    runs: list[tuple[int, float, float]] = field(default_factory=list)  # vehicle, from, to


def organisation(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Four to ten runs in three to eight weeks by two to four vehicles and a spotter, with a referral among them."""
    rng = ground.rng
    start = ground.begin_ms + rng.uniform(0.3, 0.5) * (ground.end_ms - ground.begin_ms)
    end = start + min(rng.uniform(21, 56) * DAY_MS, 0.45 * (ground.end_ms - ground.begin_ms))
    loads = [vehicle, *_of_town(ground, vehicle, int(rng.integers(1, 4)), (SHOPPER, OCCASIONAL))]
    runs = _runs(ground, loads, start, end, 7 + round(3 * strength))
    crew = [other for other in recruit(ground, vehicle, 1 + len(loads)) if other not in loads]
    if len(runs) < REFERRED + 2 or not crew:
        return False
    clear(ground, crew[0], start - 2 * DAY_MS, end + 2 * DAY_MS)
    plan = _Plan(int(ground.people.home[vehicle]), rng.uniform(0, 24), strength, mark, crew[0])
    for row in runs:
        if len(plan.runs) == REFERRED and not plan.resume_ms:
            _referred(ground, plan)
        if ground.rows.time_ms[row] > plan.resume_ms and ground.rows.vehicle[row] != plan.lost:
            _run(ground, plan, row)
    _unwitting(ground, plan, vehicle, start, end)
    ground.used[[*loads, crew[0]]] = True
    return True


def _of_town(ground: Ground, vehicle: int, count: int, kinds: tuple[int, ...]) -> list[int]:
    """Others of the same town and side that cross now and then, in no story yet."""
    people = ground.people
    could = np.isin(people.kind, kinds) & (people.home == people.home[vehicle]) & ~ground.used
    could &= (people.inside == people.inside[vehicle]) & (np.diff(ground.first) >= 8) & (people.leader < 0)
    could[vehicle] = False
    index = np.flatnonzero(could)
    chosen: list[int] = ground.rng.choice(index, min(count, len(index)), replace=False).tolist()
    return chosen


def _runs(ground: Ground, loads: list[int], start: float, end: float, count: int) -> list[int]:
    """The trips that are made for the organisation: a day or more apart, never two of one vehicle in a row."""
    index: Array = np.concatenate([trips(ground, load, before=4, earliest=0.1) for load in loads]).astype(np.int64)
    time_ms = ground.rows.time_ms[index]
    index = index[(time_ms > start) & (time_ms < end)]
    index = index[np.argsort(ground.rows.time_ms[index], kind="stable")]
    chosen: list[int] = []
    for row in index.tolist():
        apart = not chosen or ground.rows.time_ms[row] > ground.rows.time_ms[chosen[-1]] + 30 * HOUR_MS
        if apart and row - 2 not in chosen and ground.rng.random() < 0.8:
            chosen.append(row)
    return chosen[:count]


def _run(ground: Ground, plan: _Plan, row: int) -> None:
    """One run: the trip drawn towards the hour of the organisation, over its port, and back sooner than usual."""
    rng, strength, vehicle = ground.rng, plan.strength, int(ground.rows.vehicle[row])
    (go, own), (back, _) = leg(ground, row), leg(ground, row + 1)
    wanted = midnight(ground, go, own) + (plan.hour + rng.uniform(-1, 1)) * HOUR_MS
    at, port = go + (0.3 + 0.7 * strength) * (wanted - go), plan.port
    stay = min(back - go, usual_stay_ms(ground, vehicle)) * 10 ** -(0.15 + 0.6 * strength * rng.uniform(0.6, 1))
    stay = max(stay, min(20 * MINUTE_MS, back - go))
    if not fits(ground, row, at, at + stay, port):
        at, port = float(go), own
    swapped = plan.resume_ms > 0 and rng.random() < 0.4
    body = _other_car(ground, vehicle) if swapped else None
    label = _label(ground, row, abs(at - go) > 2 * HOUR_MS, port, swapped)
    scouting = rng.random() < 0.5 + 0.5 * strength and all(abs(at - t) > 8 * HOUR_MS for _, t, _ in plan.runs)
    plan.scouted += scouting
    known = scouting and plan.scouted > 4
    first = called("spotter" if known and label == "quick_turnaround" else label, plan.mark)
    last = called("quick_turnaround" if label == "odd_hour" else label, plan.mark)
    away = ground.away(vehicle)
    ground.remove(np.array([row, row + 1]))
    went = ground.add(vehicle, at, port, away, first, int(ground.rows.note[row]), body)
    ground.add(vehicle, at + stay, port, 1 - away, last, int(ground.rows.note[row + 1]), body)
    if scouting:
        scout(ground, went, plan.spotter, strength, called("spotter", plan.mark) if known else UNMARKED)
    plan.runs.append((vehicle, at, at + stay))


def _label(ground: Ground, row: int, shifted: bool, port: int, swapped: bool) -> str:
    """What is oddest about a run."""
    if swapped:
        return "vehicle_mismatch"
    if port not in ground.rows.port[ground.first[ground.rows.vehicle[row]] : row]:
        return "new_port"
    return "odd_hour" if shifted else "quick_turnaround"


def _other_car(ground: Ground, vehicle: int) -> int:
    """A vehicle of the same class: the plate is screwed onto it."""
    people = ground.people
    alike = np.flatnonzero(people.vehicle_class[: ground.vehicles] == people.vehicle_class[vehicle])
    return int(ground.rng.choice(alike))


def _referred(ground: Ground, plan: _Plan) -> None:
    """Somebody looked at the last run: some days of rest, then another port and another hour.

    Where the load was found, that vehicle is gone.
    """
    rng = ground.rng
    vehicle, _, at = plan.runs[-1]
    found = rng.random() < 0.2 + 0.4 * plan.strength
    ground.decided.append(Decided(vehicle, int(at), "seizure" if found else "referred_nothing"))
    if found:
        plan.lost = vehicle
        own = np.arange(ground.first[vehicle], ground.first[vehicle + 1])
        ground.remove(own[ground.rows.time_ms[own] > at])
    plan.resume_ms = at + rng.uniform(2, 6) * DAY_MS
    near = np.argsort(ground.places.distance_km[plan.port], kind="stable")[1:4]
    near = near[ground.places.distance_km[plan.port, near] < 300]
    plan.port = int(rng.choice(near)) if len(near) else plan.port
    plan.hour = (plan.hour + rng.uniform(4, 14)) % 24


def _unwitting(ground: Ground, plan: _Plan, vehicle: int, start: float, end: float) -> None:
    """Commuters who carry and do not know: a little later, a little longer, for one day."""
    for commuter in _of_town(ground, vehicle, 1 + round(plan.strength), (COMMUTER,)):
        days = trips(ground, commuter, before=16)
        days = days[(ground.rows.time_ms[days] > start) & (ground.rows.time_ms[days] < end)]
        if not len(days):
            continue
        row = int(ground.rng.choice(days))
        (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
        late = ground.rng.uniform(0.5, 1 + 2.5 * plan.strength) * HOUR_MS
        if fits(ground, row, go + late, back + 1.7 * late):
            said = called("broken_routine", plan.mark)
            ground.move(row, go + late, said)
            ground.move(row + 1, back + 1.7 * late, said, port)
            ground.used[commuter] = True
