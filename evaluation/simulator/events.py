"""What happens to a port while the log runs? A bridge that opens, a port that closes and opens again; drawn a seed.

While a port is closed, most trips over it go over another one nearby, the others do not happen. Around a new bridge
some regulars of the neighbouring ports change to it for good, not all on the first day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evaluation.simulator.kinds import COMMUTER, HAULIER, SCHOOL, SHIFT, SHOPPER, TRUCKER
from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, Array, Places
from evaluation.simulator.trips import NEW_BRIDGE, REOPENING
from evaluation.simulator.world import BRIDGE, CLOSURE, World

_NEAR_KM = 120.0


class Event(NamedTuple):
    """A port is closed from one day of the log to another; a new bridge until it opens."""

    port: int
    from_day: float
    until_day: float
    bridge: bool


def draw_events(world: World, places: Places, days: int, rng: np.random.Generator) -> list[Event]:
    """At most one new bridge and one closure, at ports with a neighbour, not at the busiest."""
    distance = places.distance_km + np.diag(np.full(len(places.codes), np.inf))
    possible = np.flatnonzero((distance.min(axis=1) < _NEAR_KM) & (places.volume[0] < 0.06))
    events = []
    drawn = rng.permutation(possible)
    opening, closing, length = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.75), rng.uniform(2, 15)
    if days >= 21 and len(drawn) > 1:
        if world["bridge"] < BRIDGE:
            events.append(Event(int(drawn[0]), -np.inf, opening * days, bridge=True))
        if world["closure"] < CLOSURE:
            events.append(Event(int(drawn[1]), closing * days, min(closing * days + length, 0.95 * days), bridge=False))
    return events


def adopt(events: list[Event], world: World, people: People, places: Places, rng: np.random.Generator) -> None:
    """Regulars near a new bridge change to it: `change_port` from a day of their own, in the weeks after it opens."""
    for event in events:
        near = (places.distance_km[event.port] < 60) & (np.arange(len(places.codes)) != event.port)
        if not event.bridge or not near.any():
            continue
        regular = np.isin(people.kind, (COMMUTER, SHIFT, SHOPPER, SCHOOL, TRUCKER, HAULIER))
        who = np.flatnonzero(near[people.home] & regular & np.isinf(people.change_day))
        part = 3 * float(places.volume[0, event.port] / places.volume[0, near].sum())  # a small bridge draws few
        who = who[rng.random(len(who)) < world["adopt"] * min(1.0, part)]
        people.change_day[who] = event.until_day + rng.exponential(world["adopt_days"], len(who))
        people.change_port[who] = event.port
        people.change_hours[who], people.change_stay[who] = 0.0, 1.0


def told(events: list[Event], places: Places) -> list[tuple[str, str, str, str]]:
    """What a person would note: port, `bridge` or `closure`, closed from (empty: from the first day) and until, UTC."""
    return [
        (
            places.codes[event.port], "bridge" if event.bridge else "closure",
            "" if event.bridge else _moment(places, event.from_day), _moment(places, event.until_day),
        )
        for event in events
    ]  # fmt: skip


def _moment(places: Places, day: float) -> str:
    return f"{np.datetime64((places.start_ms + int(day * DAY_MS)) // 1000, 's')}Z"


def detour(
    events: list[Event], world: World, places: Places, day: Array, port: Array, slow: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """For legs on these days over these ports: where they go, whether they happen, and a note where that looks odd.

    `slow` is how many days after the opening of a bridge each traveller first tries it.
    """
    port, happens, note = port.copy(), np.ones(len(port), bool), np.zeros(len(port), np.int8)
    draw = rng.random(len(port))
    for event in events:
        distance = places.distance_km[event.port].copy()
        distance[[e.port for e in events]] = np.inf
        if not np.isfinite(distance.min()):
            continue
        there = port == event.port
        until = event.until_day + (slow if event.bridge else 0.0)
        shut = there & (day >= event.from_day) & (day < until)
        port[shut] = int(distance.argmin())
        if event.bridge:
            note[there & ~shut & (day < until + 14)] = NEW_BRIDGE
        else:
            happens &= ~shut | (draw < world["divert"])
            note[shut | (there & (day >= event.until_day) & (day < event.until_day + 3))] = REOPENING
    return port, happens, note
