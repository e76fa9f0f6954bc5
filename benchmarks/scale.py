"""How large are the benchmarks? The size that the figures are about, and a tiny one that shows that they still run."""

from __future__ import annotations

from typing import NamedTuple


class Scale(NamedTuple):
    """Sizes of everything that is measured."""

    crossings: int = 1_000_000
    vehicles: int = 200_000
    ports: int = 100
    peers: int = 50_000  # crossings that river alone is measured on
    naive: int = 20_000  # crossings that the naive shape is measured on
    remembered: int = 2_000_000  # vehicles in memory and in the checkpoint
    repeats: int = 3
    starts: int = 5  # times that a command is started
    cold: bool = True  # start once without compiled code, which takes a minute


FULL = Scale()
TINY = Scale(
    crossings=1_500, vehicles=400, ports=5, peers=300, naive=200, remembered=5_000, repeats=2, starts=1, cold=False
)
