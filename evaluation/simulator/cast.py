"""What are the optional fields made from? Bodies, routes, a roster, and which port reports what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.simulator.bodies import Bodies, draw_bodies
from evaluation.simulator.events import Event
from evaluation.simulator.kinds import BUS, TOUR
from evaluation.simulator.people import People
from evaluation.simulator.ports import Places
from evaluation.simulator.reported import Reported, draw_reported
from evaluation.simulator.roster import Roster, draw_roster
from evaluation.simulator.routes import Routes, draw_routes
from evaluation.simulator.world import World


@dataclass(frozen=True, slots=True)
class Cast:
    """What the optional fields of a crossing are made from."""

    bodies: Bodies
    routes: Routes
    roster: Roster
    reported: Reported
    events: tuple[Event, ...] = ()

    def copy(self, source: int, target: int) -> None:
        """Gives one vehicle the body, drivers and work of another."""
        self.bodies.copy(source, target)
        self.routes.copy(source, target)


def draw_cast(
    world: World, people: People, places: Places, days: int, rng: np.random.Generator, events: Sequence[Event] = ()
) -> Cast:
    """All of it; drivers of a carrier or a bus company help each other out."""
    bodies, routes = draw_bodies(world, people, places, days, rng), draw_routes(world, people, rng)
    _share_drivers(bodies, np.where(routes.carrier >= 0, routes.carrier, -1))
    buses = np.isin(people.kind, (BUS, TOUR))
    _share_drivers(bodies, np.where(buses, people.home, -1))
    return Cast(
        bodies, routes, draw_roster(world, places, rng), draw_reported(world, len(places.codes), rng), tuple(events)
    )


def _share_drivers(bodies: Bodies, company: np.ndarray) -> None:
    """The further drivers of a vehicle are the first ones of the next vehicles of its company."""
    order = np.argsort(company, kind="stable")
    order = order[company[order] >= 0]
    for step in range(1, bodies.drivers.shape[1]):
        next_one = order[np.minimum(np.arange(len(order)) + step, len(order) - 1)]
        same = (company[next_one] == company[order]) & (next_one != order) & (bodies.drivers[order, step] >= 0)
        bodies.drivers[order[same], step] = bodies.drivers[next_one[same], 0]
