"""What do oddities of time look like? Stays, hours, bursts and silences; strength 0 is hard to see, 1 is plain.

A function returns False, having changed nothing, when the vehicle's life has no room for the story.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Ground, Mark
from evaluation.simulator.lives import UNMARKED, fits, leg, midnight, quiet_hours, recruit, trips, usual_stay_ms, window
from evaluation.simulator.ports import DAY_MS, HOUR_MS
from evaluation.simulator.trips import MINUTE_MS

OUTBOUND = 1


def odd_hour(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A whole trip some hours away from the vehicle's hour."""
    row = ground.trip(vehicle, before=12)
    if row is None:
        return False
    (go, _), (back, _) = leg(ground, row), leg(ground, row + 1)
    for sign in ground.rng.permutation([-1, 1]):
        shift = int(sign * (2.5 + 8.5 * strength + ground.rng.uniform(-0.5, 0.5)) * HOUR_MS)
        if fits(ground, row, go + shift, back + shift):
            ground.move(row, go + shift, mark)
            ground.move(row + 1, back + shift, mark)
            return True
    return False


def quick_turnaround(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Back after a small part of the usual stay."""
    row = ground.trip(vehicle, before=8)
    if row is None:
        return False
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    stay = max(6 * MINUTE_MS, usual_stay_ms(ground, vehicle) * 10 ** -(0.4 + 1.1 * strength))
    if stay > 0.8 * (back - go):
        return False
    ground.move(row + 1, go + stay, mark, port)
    return True


def long_stay(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Back far later than ever; the trips that would have been in between do not happen."""
    row = ground.trip(vehicle, before=8, latest=0.8)
    if row is None:
        return False
    rows = ground.rows
    back = int(rows.time_ms[row]) + usual_stay_ms(ground, vehicle) * 10 ** (0.4 + 1.0 * strength)
    if back > ground.end_ms - DAY_MS or back < rows.time_ms[row + 1]:
        return False
    later = np.arange(row + 1, int(ground.first[vehicle + 1]))
    missed = int(np.searchsorted(rows.time_ms[later], back + 20 * MINUTE_MS))
    missed += missed % 2 == 0  # whole trips: what is left begins with a first leg
    ground.remove(later[:missed])
    ground.add(vehicle, back, int(rows.port[row]), 1 - ground.away(vehicle), mark)
    return True


def night_choke_point(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Most of five trips in a row in the hours when the port is nearly empty, and not for long."""
    run = trips(ground, vehicle, before=8, latest=0.85)[:-4]
    if not len(run):
        return False
    start = int(ground.rng.integers(len(run)))
    run = trips(ground, vehicle, before=8)[start : start + 5]
    quiet = {port: quiet_hours(ground, port) for port in sorted({leg(ground, row)[1] for row in run.tolist()})}
    moves: list[tuple[int, float, float, int]] = []
    for row in run.tolist():
        (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
        hour = ground.rng.choice(quiet[port][: 7 - round(4 * strength)]) + ground.rng.uniform(0, 1)
        stay = min(back - go, ground.rng.uniform(0.6, 2.5 + 5 * (1 - strength)) * HOUR_MS)
        at = midnight(ground, go, port) + hour * HOUR_MS
        since = moves[-1][2] if moves else 0
        possible = [t for t in (at, at + DAY_MS, at - DAY_MS) if fits(ground, row, t, t + stay, since=since)]
        if possible:
            moves.append((row, possible[0], possible[0] + stay, port))
    if len(moves) < 3:
        return False
    for row, go_ms, back_ms, port in moves[: 3 + round(2 * strength)]:
        ground.move(row, go_ms, mark)
        ground.move(row + 1, back_ms, mark, port)
    return True


def frequency_burst(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Several short trips within one to three days, in a pause between ordinary ones; the first is not odd yet."""
    low, high = int(ground.first[vehicle]), int(ground.first[vehicle + 1])
    rows, away = ground.rows, ground.away(vehicle)
    rest = np.arange(low + 6, high - 1)
    rest = rest[rows.time_ms[rest] > ground.begin_ms + 0.25 * (ground.end_ms - ground.begin_ms)]
    rest = rest[(rows.direction[rest] != away) & (rows.time_ms[rest + 1] - rows.time_ms[rest] > 22 * HOUR_MS)]
    if not len(rest):
        return False
    gap = int(ground.rng.choice(rest))
    start, end = int(rows.time_ms[gap]) + HOUR_MS, int(rows.time_ms[gap + 1]) - HOUR_MS
    count = 3 + round(4 * strength)
    least = 6 * MINUTE_MS  # between two of them
    length = min(end - start - 2 * count * least, int(ground.rng.uniform(20, 72) * HOUR_MS))
    times = start + np.sort(ground.rng.uniform(0, length, 2 * count)) + np.arange(2 * count) * least
    for k, at in enumerate(times.tolist()):
        ground.add(vehicle, at, int(rows.port[gap]), away ^ (k % 2), mark if k > 1 else UNMARKED)
    return True


def dormant_reactivated(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Silent for weeks or months, then two trips within three days; a plain one is silent again afterwards."""
    silence = int(min(0.6 * ground.days, 30 + 60 * strength) * DAY_MS)
    row = ground.trip(vehicle, before=4, earliest=0.05, latest=0.35)
    if row is None:
        return False
    port, away = int(ground.rows.port[row]), ground.away(vehicle)
    wake = int(ground.rows.time_ms[row]) + silence
    if wake > ground.end_ms - 4 * DAY_MS:
        return False
    wake = midnight(ground, wake, port) + int(ground.people.hour[vehicle] % 24 * HOUR_MS)  # at its own hour
    until = ground.end_ms if strength > 0.5 else wake + 5 * DAY_MS
    later = np.arange(row, int(ground.first[vehicle + 1]))
    quiet = int(np.searchsorted(ground.rows.time_ms[later], until))
    ground.remove(later[: quiet + quiet % 2])
    usual = min(usual_stay_ms(ground, vehicle), 18 * HOUR_MS)
    for begin in (wake, wake + 1.3 * usual + ground.rng.uniform(4, 28) * HOUR_MS):
        ground.add(vehicle, begin, port, away, mark)
        ground.add(vehicle, begin + usual * ground.rng.uniform(0.7, 1.2), port, 1 - away, mark)
    return True


def new_vehicle_ramp(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Never seen, and then one trip after the other; the first two could be anybody's."""
    ground.remove(np.arange(ground.first[vehicle], ground.first[vehicle + 1]))
    at = ground.begin_ms + ground.rng.uniform(0.35, 0.85) * (ground.end_ms - ground.begin_ms)
    port, away = int(ground.people.home[vehicle]), ground.away(vehicle)
    for trip in range(4 + round(5 * strength)):
        stay = ground.rng.uniform(0.7, 5) * HOUR_MS
        ground.add(vehicle, at, port, away, mark if trip > 1 else UNMARKED)
        ground.add(vehicle, at + stay, port, 1 - away, mark if trip > 1 else UNMARKED)
        at += stay + ground.rng.uniform(0.4, 1.6) * (34 - 29 * strength) * HOUR_MS
    return True


def broken_routine(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A vehicle like a clock comes an hour or four off, and stays longer or shorter: somebody else has a hand in it.

    None of it would be odd for others. Plain: a lane for anybody as well, where it uses the trusted one.
    """
    people = ground.people
    if people.jitter[vehicle] > 0.45 or people.spread[vehicle] > 0.16:
        return False
    row = ground.trip(vehicle, before=16)
    if row is None:
        return False
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    shift = ground.rng.choice([-1, 1]) * (4 + 12 * strength) * people.jitter[vehicle] * HOUR_MS
    factor = np.exp(ground.rng.choice([-1, 1]) * (2.5 + 7 * strength) * people.spread[vehicle])
    if not fits(ground, row, go + shift, go + shift + (back - go) * factor):
        return False
    first = ground.move(row, go + shift, mark)
    second = ground.move(row + 1, go + shift + (back - go) * factor, mark, port)
    if strength > 0.4 and people.vehicle_class[vehicle] == 0:
        for handle in (first, second):
            ground.set(handle, "lane_type", 0)
    return True


def shift_change(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Trip after trip begins within minutes of a change of the officers' shift; from the third it is a pattern."""
    run = window(ground, vehicle, before=8, days=45)
    moves: list[tuple[int, float, float, int]] = []
    for row in run.tolist():
        (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
        changes = ground.roster.changes(port, go - DAY_MS, go + DAY_MS)
        nearest = int(changes[np.argmin(np.abs(changes - go))])
        at = nearest + ground.rng.normal(0, 2 + 5 * (1 - strength)) * MINUTE_MS
        near = abs(at - go) < 2 * HOUR_MS  # what is odd is the pattern, not the hour
        if near and fits(ground, row, at, at + back - go, since=moves[-1][2] if moves else 0):
            moves.append((row, at, at + back - go, port))
    count = 5 + round(3 * strength)
    if len(moves) < count:
        return False
    for k, (row, go_ms, back_ms, port) in enumerate(moves[:count]):
        ground.move(row, go_ms, mark if k > 1 else UNMARKED)
        ground.move(row + 1, back_ms, UNMARKED, port)
    return True


def outbound_run(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A vehicle from abroad: in late, a short stay, out at night. At times a group of unknown ones, first seen out."""
    if ground.people.inside[vehicle]:
        return False
    row = ground.trip(vehicle, before=4)
    if row is None:
        return False
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    leave = midnight(ground, go, port) + (21.5 + 4.5 * strength + ground.rng.uniform(-0.5, 0.5)) * HOUR_MS
    stay = max(12 * MINUTE_MS, min(back - go, usual_stay_ms(ground, vehicle)) * 10 ** -(0.3 + 1.0 * strength))
    if not fits(ground, row, leave - stay, leave):
        return False
    if ground.rng.random() < 0.3:
        group = recruit(ground, vehicle, 2 + round(strength))
        if group:
            _unknown_group(ground, [*group, vehicle], leave, port, mark)
        return bool(group)
    ground.move(row, leave - stay, mark if abs(leave - stay - go) > 3 * HOUR_MS else UNMARKED)
    ground.move(row + 1, leave, mark, port)
    return True


def _unknown_group(ground: Ground, group: list[int], leave: float, port: int, mark: Mark) -> None:
    """Nobody has seen any of them: out one after the other at night, back some days later one by one."""
    for vehicle in group:
        ground.remove(np.arange(ground.first[vehicle], ground.first[vehicle + 1]))
        leave += ground.rng.uniform(20, 400) * 1000
        ground.add(vehicle, leave, port, OUTBOUND, mark)
        ground.add(vehicle, leave + ground.rng.uniform(20, 120) * HOUR_MS, port, 1 - OUTBOUND)
        ground.used[vehicle] = True
