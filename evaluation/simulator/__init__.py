"""What traffic do the demo, the tests and the benchmarks run on? A generated border, deterministic for its seed.

>>> from evaluation.simulator import generate
>>> traffic = generate(seed=1, days=7, vehicles=200, ports=3)
>>> next(traffic.lines()).startswith(b'{"crossing_id":"1-000000000"')
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.simulator.benign import note_ordinary, one_day_trips
from evaluation.simulator.cast import draw_cast
from evaluation.simulator.columns import to_traffic
from evaluation.simulator.dispositions import decide
from evaluation.simulator.events import adopt, draw_events, told
from evaluation.simulator.legs import draw_rows
from evaluation.simulator.lines import LineWriter
from evaluation.simulator.outings import draw_trips
from evaluation.simulator.people import World, draw_people
from evaluation.simulator.plant import Ground, plant
from evaluation.simulator.ports import places
from evaluation.simulator.reads import read
from evaluation.simulator.seasons import draw_seasons
from evaluation.simulator.stories import STORIES
from evaluation.simulator.traffic import Traffic

__all__ = ["LineWriter", "Traffic", "generate"]


def generate(
    seed: int,
    days: int,
    vehicles: int,
    ports: int | Sequence[str],
    planted_rate: float = 0.0005,
    start: str = "2026-01-05",
    crossings: int | None = None,
    fixed: Mapping[str, float] | None = None,
) -> Traffic:
    """A log of `days` days of `vehicles` vehicles over `ports` ports; the same arguments give the same bytes.

    `ports` is how many, the busiest ones, or which, by code. `planted_rate` is the share of crossings that are labelled
    anomalies. `crossings` asks for about that many: the mix of regulars and occasional travellers follows from it.
    Without it the mix is drawn like everything else. `fixed` are constants that are not drawn, by their names in
    `world.RANGES`: `misread` is the share of misreads, `reported` how many ports report a group of optional fields.
    Raises ValueError for a number below one, an unknown port and an unknown name.
    """
    numbers = (days, vehicles, ports if isinstance(ports, int) else 1, 1 if crossings is None else crossings)
    if min(numbers) < 1 or seed < 0:
        raise ValueError("days, vehicles, ports and crossings must be at least 1, the seed not negative")
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(8)]
    world = World.draw(streams[0], fixed)
    border = places(ports, start, days, streams[1])
    wanted = None if crossings is None else crossings / (1 - np.clip(world["missed_read"], 0.005, 0.03))
    people = draw_people(world, border, vehicles, days, None if wanted is None else wanted / vehicles, streams[2])
    events = draw_events(world, border, days, streams[3])
    adopt(events, world, people, border, streams[3])
    trips = draw_trips(world, people, border, draw_seasons(world, start, days, streams[3]), streams[3])
    rows = draw_rows(world, people, border, events, trips, days, None if wanted is None else int(wanted), streams[3])
    grown = people.grown(64 + int(planted_rate * len(rows.vehicle)))
    cast = draw_cast(world, grown, border, days, streams[6], events)
    ground = Ground(rows, grown, border, days, streams[4], vehicles, cast)
    episodes = plant(ground, planted_rate, STORIES)
    one_day_trips(ground, world)
    read_rows = read(ground, world, streams[5])
    note_ordinary(ground, read_rows.rows)
    traffic = to_traffic(seed, world, ground, read_rows, episodes, streams[7])
    traffic.events.extend(told(events, border))
    traffic.shift_changes.extend(f"{hour:02d}:00" for hour in ground.shift_hours(0))
    traffic.dispositions.extend(one.model_dump_json(exclude_none=True) for one in decide(traffic, ground.decided))
    return traffic
