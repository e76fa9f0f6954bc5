"""What does each planted oddity look like? One function a kind; strength 0 is hard to see, 1 is plain.

A function returns False, having changed nothing, when the vehicle's life has no room for the story.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.people import BUS, COMMUTER, OCCASIONAL, SHIFT, SHOPPER, TRUCKER
from evaluation.simulator.plant import Ground, Mark, Story
from evaluation.simulator.ports import DAY_MS, HOUR_MS
from evaluation.simulator.trips import MINUTE_MS


def odd_hour(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A whole trip some hours away from the vehicle's hour."""
    row = ground.trip(vehicle, before=12)
    if row is None:
        return False
    before, after = ground.room(vehicle, row)
    go, back = (int(t) for t in ground.rows.time_ms[row : row + 2])
    for sign in ground.rng.permutation([-1, 1]):
        shift = int(sign * (2.5 + 8.5 * strength + ground.rng.uniform(-0.5, 0.5)) * HOUR_MS)
        if before + 30 * MINUTE_MS < go + shift and back + shift < after - 30 * MINUTE_MS:
            ground.move(row, go + shift, mark)
            ground.move(row + 1, back + shift, mark)
            return True
    return False


def new_port(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A trip over a port where the vehicle never was: a neighbour when subtle, a far one when plain."""
    row = ground.trip(vehicle, before=12)
    if row is None:
        return False
    rows, places = ground.rows, ground.places
    seen = np.unique(rows.port[ground.first[vehicle] : ground.first[vehicle + 1]])
    home = int(rows.port[row])
    never = np.setdiff1d(np.argsort(places.distance_km[home], kind="stable"), seen)
    never = never[np.argsort(places.distance_km[home, never], kind="stable")]
    before, after = ground.room(vehicle, row)
    go, back = (int(t) for t in rows.time_ms[row : row + 2])
    fits = [int(p) for p in never if ground.feasible(p, go, home, before) and ground.feasible(p, back, home, after)]
    if not fits:
        return False
    port = fits[round(strength * (len(fits) - 1))]
    ground.move(row, go, mark, port)
    ground.move(row + 1, back, mark, port)
    return True


def quick_turnaround(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Back after a small part of the usual stay."""
    row = ground.trip(vehicle, before=8)
    if row is None:
        return False
    go, back = (int(t) for t in ground.rows.time_ms[row : row + 2])
    usual = np.exp(ground.people.log_stay[vehicle]) * HOUR_MS
    stay = max(6 * MINUTE_MS, usual * 10 ** -(0.4 + 1.1 * strength))
    if stay > 0.8 * (back - go):
        return False
    ground.move(row + 1, go + stay, mark, int(ground.rows.port[row]))
    return True


def long_stay(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Back far later than ever; the trips that would have been in between do not happen."""
    row = ground.trip(vehicle, before=8, latest=0.8)
    if row is None:
        return False
    rows = ground.rows
    usual = np.exp(ground.people.log_stay[vehicle]) * HOUR_MS
    back = int(rows.time_ms[row]) + usual * 10 ** (0.4 + 1.0 * strength)
    if back > ground.end_ms - DAY_MS or back < rows.time_ms[row + 1] * 1.0:
        return False
    end = int(ground.first[vehicle + 1])
    later = np.arange(row + 1, end)
    missed = int(np.searchsorted(rows.time_ms[later], back + 20 * MINUTE_MS))
    missed += missed % 2 == 0  # whole trips: what is left begins with a first leg
    ground.remove(later[:missed])
    ground.add(vehicle, back, int(rows.port[row]), 1 - ground.away(vehicle), mark)
    return True


def frequency_burst(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Several short trips within one to three days, in a pause between ordinary ones."""
    row = ground.trip(vehicle, before=6)
    if row is None:
        return False
    low, high = ground.first[vehicle], ground.first[vehicle + 1]
    rows = ground.rows
    gaps = np.arange(max(row, low + 1), high - 1)[rows.direction[max(row, low + 1) : high - 1] != ground.away(vehicle)]
    gaps = gaps[rows.time_ms[gaps + 1] - rows.time_ms[gaps] > 22 * HOUR_MS]
    if not len(gaps):
        return False
    gap = int(ground.rng.choice(gaps))
    start, end = int(rows.time_ms[gap]) + HOUR_MS, int(rows.time_ms[gap + 1]) - HOUR_MS
    count = 3 + round(6 * strength)
    least = 6 * MINUTE_MS  # between two of them
    window = min(end - start - 2 * count * least, int(ground.rng.uniform(20, 72) * HOUR_MS))
    times = start + np.sort(ground.rng.uniform(0, window, 2 * count)) + np.arange(2 * count) * least
    for k, at in enumerate(times):
        ground.add(vehicle, at, int(rows.port[gap]), ground.away(vehicle) ^ (k % 2), mark)
    return True


def dormant_reactivated(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Silent for weeks or months, then two trips within three days; a plain one is silent again afterwards."""
    silence = int(min(0.6 * ground.days, 30 + 60 * strength) * DAY_MS)
    row = ground.trip(vehicle, before=4, earliest=0.05, latest=0.35)
    if row is None:
        return False
    rows, end = ground.rows, int(ground.first[vehicle + 1])
    wake = int(rows.time_ms[row]) + silence
    if wake > ground.end_ms - 4 * DAY_MS:
        return False
    later = np.arange(row, end)
    until = ground.end_ms if strength > 0.5 else wake + 5 * DAY_MS
    quiet = int(np.searchsorted(rows.time_ms[later], until))
    ground.remove(later[: quiet + quiet % 2])
    port, away = int(rows.port[row]), ground.away(vehicle)
    usual = min(np.exp(ground.people.log_stay[vehicle]), 18.0) * HOUR_MS
    local = ground.places.to_local(np.array([wake]), np.array([port]))[0] % DAY_MS
    wake += int((ground.people.hour[vehicle] % 24) * HOUR_MS - local)  # at its own hour
    for begin in (wake, wake + usual + ground.rng.uniform(4, 28) * HOUR_MS):
        ground.add(vehicle, begin, port, away, mark)
        ground.add(vehicle, begin + usual * ground.rng.uniform(0.7, 1.2), port, 1 - away, mark)
    return True


def same_direction_repeat(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """In, in without an out between: some hours later when subtle, minutes later and more than once when plain."""
    row = ground.trip(vehicle, before=6)
    if row is None:
        return False
    rows = ground.rows
    at, until = int(rows.time_ms[row]), int(rows.time_ms[row + 1])
    first = at + min((until - at) * 0.6, HOUR_MS * (0.2 + 5 * (1 - strength)) * ground.rng.uniform(0.7, 1.3))
    for k in range(1 + (strength > 0.6) + (strength > 0.9)):
        when = first + k * (until - first) * 0.25
        ground.add(vehicle, when, int(rows.port[row]), int(rows.direction[row]), mark)
    return True


def impossible_journey(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """The same plate at another, far port within a part of the time the way takes: a clone."""
    row = ground.trip(vehicle, before=4)
    if row is None:
        return False
    rows, places = ground.rows, ground.places
    here = int(rows.port[row])
    far = np.flatnonzero(places.distance_km[here] > 150)
    if not len(far):
        return False
    port = int(ground.rng.choice(far))
    hours = places.distance_km[here, port] / 90 * (0.5 - 0.46 * strength)
    ground.add(vehicle, int(rows.time_ms[row]) + hours * HOUR_MS, port, int(ground.rng.integers(2)), mark)
    return True


def convoy(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Another vehicle comes along, seconds to two minutes behind, on several of this one's trips in a month."""
    row = ground.trip(vehicle, before=4, latest=0.75)
    if row is None:
        return False
    rows, people = ground.rows, ground.people
    same = (people.home == people.home[vehicle]) & (people.inside == people.inside[vehicle]) & ~ground.used
    few = np.diff(ground.first) <= 12
    others = np.flatnonzero(same & few & (people.kind == OCCASIONAL) & (people.leader < 0))
    others = others[others != vehicle]
    legs = np.arange(row, int(ground.first[vehicle + 1]) - 1, 2)
    legs = legs[rows.time_ms[legs] < rows.time_ms[row] + 30 * DAY_MS]
    days = 3 + round(5 * strength)
    if not len(others) or len(legs) < days:
        return False
    other = int(ground.rng.choice(others))
    ground.used[other] = True
    own = np.arange(ground.first[other], ground.first[other + 1])
    ground.remove(own[rows.time_ms[own] >= rows.time_ms[row] - DAY_MS])
    for leg in np.sort(ground.rng.choice(legs, days, replace=False)):
        for k in (leg, leg + 1):
            behind = ground.rng.uniform(12, 110) * 1000
            ground.mark(k, mark)
            ground.add(other, int(rows.time_ms[k]) + behind, int(rows.port[k]), int(rows.direction[k]), mark)
    return True


def weight_delta(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A truck weighs more than its habit."""
    row = ground.trip(vehicle, before=8)
    if row is None:
        return False
    ground.rows.weight[row + 1] = 1.12 + 0.6 * strength
    ground.mark(row + 1, mark)
    return True


def officer_affinity(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """One lane, again and again, where others take any."""
    row = ground.trip(vehicle, before=4, latest=0.7)
    if row is None:
        return False
    count = 4 + round(8 * strength)
    legs = np.arange(row, int(ground.first[vehicle + 1]), 2)[:count]
    if len(legs) < count:
        return False
    ground.rows.lane[legs] = ground.rng.uniform(0, 0.999)
    ground.mark(legs, mark)
    return True


_HABIT = (COMMUTER, SHIFT, SHOPPER)
_MOST = (COMMUTER, SHIFT, SHOPPER, TRUCKER)
# The last three are not what the first detectors ask about: they are there so that nobody believes to see everything.
STORIES: tuple[Story, ...] = (
    Story("odd_hour", odd_hour, _HABIT, 2, 16),
    Story("new_port", new_port, _HABIT, 2, 16, ports=3),
    Story("quick_turnaround", quick_turnaround, _MOST, 1, 12),
    Story("long_stay", long_stay, _MOST, 1, 12),
    Story("frequency_burst", frequency_burst, (*_MOST, OCCASIONAL), 12, 8),
    Story("dormant_reactivated", dormant_reactivated, (*_MOST, OCCASIONAL), 4, 8, days=60),
    Story("same_direction_repeat", same_direction_repeat, _MOST, 2, 8),
    Story("impossible_journey", impossible_journey, (*_MOST, BUS, OCCASIONAL), 1, 6, ports=2),
    Story("convoy", convoy, (COMMUTER, SHOPPER), 22, 12, days=30),
    Story("weight_delta", weight_delta, (TRUCKER,), 1, 10),
    Story("officer_affinity", officer_affinity, _HABIT, 8, 16, days=21),
)
LABELS = tuple(story.label for story in STORIES)
