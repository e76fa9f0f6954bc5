"""Which logs do the workers' tests run on? A border's weeks within days, disordered as real ones are.

Every hour of a log costs workers a round trip through the exchange, so the same crossings in fewer hours are quicker:
the times of a generated log are drawn together. What is odd then is another thing; that workers and one process agree
is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from evaluation.simulator import generate

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)
BAD = (b"no json", b'{"crossing_id": 7}', b"[]", b'{"crossing_id": "x", "occurred_at": "yesterday"}')


class Log(NamedTuple):
    """A log in a file, and what people found."""

    path: Path
    dispositions: Path

    @property
    def lines(self) -> list[bytes]:
        """Those that are not blank."""
        return [line for line in self.path.read_bytes().split(b"\n") if line]


def write(
    folder: Path, *, days: int = 40, vehicles: int = 1_500, squeeze: int = 10, disorder: bool = True, seed: int = 5
) -> Log:
    """So many days in a `squeeze`th of the time. `disorder`: late and repeated records, and some that are none."""
    traffic = generate(seed=seed, days=days, vehicles=vehicles, ports=6, planted_rate=0.05)
    traffic.write(folder, lambda _: None)
    log, found = folder / "crossings.jsonl", folder / "dispositions.jsonl"
    crossings = list(_squeezed(log, "occurred_at", squeeze))
    crossings.sort(key=lambda crossing: crossing["occurred_at"])
    lines = [json.dumps(crossing).encode() for crossing in crossings]
    log.write_bytes(b"\n".join(_disordered(lines, crossings) if disorder else lines) + b"\n")
    found.write_text("".join(json.dumps(one) + "\n" for one in _squeezed(found, "at", squeeze)))
    return Log(log, found)


def _squeezed(file: Path, name: str, squeeze: int) -> Iterator[dict[str, Any]]:
    for line in file.read_bytes().splitlines():
        one = json.loads(line)
        at = MIDNIGHT + (datetime.fromisoformat(one[name]) - MIDNIGHT) / squeeze
        yield one | {name: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _disordered(lines: list[bytes], crossings: list[dict[str, Any]]) -> Iterator[bytes]:
    """One in twenty comes up to half an hour late, one in fifty twice, and after one in a hundred comes nonsense."""
    chance = np.random.default_rng(11)
    at = np.array([datetime.fromisoformat(crossing["occurred_at"]).timestamp() for crossing in crossings])
    at += np.where(chance.random(len(at)) < 0.05, chance.uniform(0, 1_800, len(at)), 0)
    for number, place in enumerate(np.argsort(at, kind="stable").tolist()):
        yield lines[place]
        if number % 50 == 0:
            yield lines[place]
        if number % 100 == 7:
            yield BAD[number // 100 % len(BAD)]
