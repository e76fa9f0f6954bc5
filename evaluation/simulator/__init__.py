"""What traffic do the demo, the tests and the benchmarks run on? A generated border, deterministic for its seed.

>>> from evaluation.simulator import generate
>>> traffic = generate(seed=1, days=7, vehicles=200, ports=3)
>>> next(traffic.lines()).startswith(b'{"crossing_id":"1-000000000"')
True
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.benign import one_day_trips
from evaluation.simulator.columns import to_traffic
from evaluation.simulator.dispositions import decide
from evaluation.simulator.people import World, draw_people
from evaluation.simulator.plant import Ground, plant
from evaluation.simulator.ports import places
from evaluation.simulator.reads import read
from evaluation.simulator.stories import STORIES
from evaluation.simulator.traffic import LineWriter, Traffic
from evaluation.simulator.trips import draw_rows

__all__ = ["LineWriter", "Traffic", "generate"]


def generate(
    seed: int,
    days: int,
    vehicles: int,
    ports: int,
    planted_rate: float = 0.0005,
    start: str = "2026-01-05",
    crossings: int | None = None,
) -> Traffic:
    """A log of `days` days of `vehicles` vehicles over `ports` ports; the same arguments give the same bytes.

    `planted_rate` is the share of crossings that are labelled anomalies. `crossings` asks for about that many: the
    mix of regulars and occasional travellers follows from it. Without it the mix is drawn like everything else.
    Raises ValueError for a number below one.
    """
    if min(days, vehicles, ports, 1 if crossings is None else crossings) < 1 or seed < 0:
        raise ValueError("days, vehicles, ports and crossings must be at least 1, the seed not negative")
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(7)]
    world = World.draw(streams[0])
    border = places(ports, start, days, streams[1])
    wanted = None if crossings is None else crossings / (1 - np.clip(world["missed_read"], 0.005, 0.03))
    people = draw_people(world, border, vehicles, days, None if wanted is None else wanted / vehicles, streams[2])
    rows = draw_rows(world, people, border, days, None if wanted is None else int(wanted), streams[3])
    spare = 64 + int(planted_rate * len(rows.vehicle))
    ground = Ground(rows, people, border, days, streams[4], spare)
    episodes = plant(ground, planted_rate, STORIES)
    one_day_trips(ground, world)
    rows, confidence = read(ground.finish(), ground, world, streams[5])
    traffic = to_traffic(seed, world, ground.people, border, rows, confidence, episodes, streams[6])
    traffic.dispositions.extend(one.model_dump_json(exclude_none=True) for one in decide(traffic, ground.decided))
    return traffic
