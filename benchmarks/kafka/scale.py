"""How large are the Kafka benchmarks? The size of the figures, and one of two minutes that shows that they run."""

from __future__ import annotations

from typing import NamedTuple

PARTITIONS, PORT_PARTITIONS = 12, 4  # of the topics, as `linewatch topics --create` makes them


class Scale(NamedTuple):
    """Sizes of everything that is measured."""

    rates: tuple[int, ...] = (300, 1_000, 3_000)  # crossings a second, sustained
    seconds: float = 60.0  # that count, at each rate
    warm_s: float = 10.0  # before them, not counted
    history: int = 100_000  # crossings that a worker has seen before
    backlog: int = 300_000  # crossings of one day, in the topic before a worker starts
    sparse: int = 100_000  # crossings of 90 days, likewise; 0: leave that out
    repeats: int = 3  # of each backlog
    states: tuple[int, ...] = (1_000_000, 5_000_000)  # vehicles in the state topic
    visits: int = 8  # crossings of each of them
    taken_over: int = 1_000_000  # vehicles in the state of two workers, one of which is killed
    before_s: float = 30.0  # of traffic, until that
    after_s: float = 60.0  # and after it
    ports: int = 100


FULL = Scale()
QUICK = Scale(
    rates=(1_000,), seconds=10.0, warm_s=4.0, history=20_000, backlog=60_000, sparse=0, repeats=1, states=(50_000,),
    visits=2, taken_over=50_000, before_s=12.0, after_s=30.0,
)  # fmt: skip
