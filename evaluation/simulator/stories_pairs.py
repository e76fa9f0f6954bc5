"""What do vehicles that belong together look like? Convoys, groups, a spotter ahead, a companion of a seized one.

The companions are seldom seen cars of the same town; while the story lasts they have no other life. Two that cross
together three times are a pattern, so labels begin at the third joint day (of a spotter: at the fifth joint crossing).
A function returns False, having changed nothing, when the vehicle's life has no room for the story.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Decided, Ground, Mark
from evaluation.simulator.lives import UNMARKED, clear, leg, recruit, some, window
from evaluation.simulator.ports import DAY_MS, HOUR_MS
from evaluation.simulator.trips import MINUTE_MS


def convoy(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Another vehicle comes along, seconds to two minutes away, on several of this one's trips in a month."""
    return _together(ground, vehicle, mark, others=1, days=4 + round(4 * strength), back=0.3 + 0.7 * strength)


def recurrent_group(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Two to four others come along, again and again, spread over some minutes."""
    others = int(ground.rng.integers(2, 5))
    return _together(ground, vehicle, mark, others, days=4 + round(strength), back=0.5 * strength)


def _together(ground: Ground, vehicle: int, mark: Mark, others: int, days: int, back: float) -> bool:
    """`others` companions on `days` trips; on a share `back` of them they come back together too."""
    run = window(ground, vehicle, before=4, days=30, latest=0.75)
    crew = recruit(ground, vehicle, others) if len(run) >= days else []
    if not crew:
        return False
    joint = some(ground, run, days)
    for other in crew:
        _free(ground, other, joint)
    for day, row in enumerate(joint):
        said = mark if day > 1 else UNMARKED
        returns = said if ground.rng.random() < back else None
        if said != UNMARKED:
            ground.mark(np.arange(row, row + 1 + (returns is not None)), mark)
        for place, other in enumerate(crew):
            seconds = ground.rng.choice([-1, 1]) * ground.rng.uniform(10, 100) + 15 * place
            ground.beside(row, other, seconds, _lanes_apart(ground), said)
            _return(ground, row, other, seconds, returns)
    return True


def _return(ground: Ground, row: int, other: int, seconds: float, mark: Mark | None) -> None:
    """The second leg of a companion: beside that of the one it came with, or (None) by itself within the stay."""
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    if mark is not None:
        ground.beside(row + 1, other, seconds * ground.rng.uniform(0.5, 1.2), _lanes_apart(ground), mark)
    else:
        share = ground.rng.uniform(0.5, 0.9)
        ground.add(other, go + seconds * 1000 + share * (back - go), port, 1 - ground.away(other))


def spotter(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A car crosses minutes ahead of the load, in another lane, and is back within the hour."""
    count = 7 + round(4 * strength)
    run = window(ground, vehicle, before=4, days=50, latest=0.7)
    crew = recruit(ground, vehicle, 1) if len(run) >= count else []
    if not crew:
        return False
    joint = some(ground, run, count)
    _free(ground, crew[0], joint)
    for nth, row in enumerate(joint):
        said = mark if nth > 3 else UNMARKED
        if nth > 3:
            ground.mark(row, mark)
        scout(ground, row, crew[0], strength, said)
    return True


def scout(ground: Ground, row: int, other: int, strength: float, mark: Mark) -> None:
    """One run of a spotter before the crossing `row` (a handle): ahead of it, at times behind when subtle, and back."""
    rng = ground.rng
    minutes = rng.uniform(1.2, 7 + 7 * (1 - strength))
    if rng.random() < 0.14 * (1 - strength):
        minutes = -minutes / 4
    ahead = ground.beside(row, other, -60 * minutes, int(rng.integers(1, 4)), mark)
    if ahead >= 0:
        _, at, port, direction = ground.at(ahead)
        ground.add(other, at + rng.uniform(minutes + 12, 55) * MINUTE_MS, port, 1 - direction)


def linked_to_seizure(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """This vehicle is seized; whoever crossed with it before goes on, by short trips, some days or weeks later."""
    run = window(ground, vehicle, before=4, days=30, latest=0.6)
    joint_days = 2 + round(2 * strength)
    crew = recruit(ground, vehicle, 1) if len(run) > joint_days else []
    if not crew:
        return False
    other, last = crew[0], int(run[joint_days])
    seized_ms, port = leg(ground, last)
    _free(ground, other, [int(run[0]), last], until_ms=ground.end_ms)
    for row in run[:joint_days].tolist():
        seconds = ground.rng.uniform(10, 110)
        ground.beside(row, other, seconds, _lanes_apart(ground))
        _return(ground, row, other, seconds, None if ground.rng.random() < 0.5 else UNMARKED)
    ground.remove(np.arange(last + 1, ground.first[vehicle + 1]))
    ground.decided.append(Decided(vehicle, seized_ms, "seizure"))
    at = seized_ms + ground.rng.uniform(2, 12 + 20 * (1 - strength)) * DAY_MS
    for _ in range(2):
        stay = ground.rng.uniform(0.4, 2.5) * HOUR_MS
        ground.add(other, at, port, ground.away(other), mark)
        ground.add(other, at + stay, port, 1 - ground.away(other), mark)
        at += stay + ground.rng.uniform(1, 6) * DAY_MS
    return True


def _free(ground: Ground, other: int, joint: list[int], until_ms: float = 0) -> None:
    """A companion belongs to the story from a day before its first joint trip to a day after its last."""
    time_ms = ground.rows.time_ms
    clear(ground, other, time_ms[joint[0]] - DAY_MS, max(time_ms[joint[-1] + 1] + DAY_MS, until_ms))
    ground.used[other] = True


def _lanes_apart(ground: Ground) -> int | None:
    """Together means one queue as often as not."""
    return int(ground.rng.integers(0, 3)) if ground.rng.random() < 0.8 else None
