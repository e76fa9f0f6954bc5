"""Which logs are the Kafka benchmarks run on? Parts of a generated border, some of them squeezed into live seconds.

A log for `linewatch produce --speed 1` at 1,000 crossings a second has 1,000 of them in each second of event time. The
lines are those of the generated border in their order; only `occurred_at` is another: a Poisson process of the wanted
rate with a fixed seed. An hour of event time ends in its middle, as it does once an hour in true life.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.kafka.scale import Scale
from benchmarks.log import SEED, generated_log

HOUR_MS = 3_600_000
VEHICLES_PER_CROSSING = 0.2
_ID = re.compile(rb'"crossing_id":"([^"]+)"')
_TIME = re.compile(rb'"occurred_at":"([^"]+)"')


class Live(NamedTuple):
    """A log for `--speed 1`; `event_ms` tells when each crossing is due in it."""

    path: Path
    rate: int
    records: int
    event_ms: dict[str, int]


def backlog(cache: Path, crossings: int, ports: int) -> Path:
    """About so many crossings in one day: for 300,000 the traffic of all US land ports in 2024."""
    return generated_log(cache, crossings=int(1.25 * crossings), vehicles=crossings, ports=ports, days=1)


def sparse(cache: Path, crossings: int, ports: int) -> Path:
    """So many in 90 days."""
    return generated_log(cache, crossings=crossings, vehicles=int(VEHICLES_PER_CROSSING * crossings) or 1, ports=ports)


def history_and_live(cache: Path, scale: Scale, folder: Path) -> tuple[Path, list[Live]]:
    """What a worker has seen before, and a log for each rate that goes on some hours later; in `folder`."""
    sizes = [int(rate * (scale.warm_s + scale.seconds)) for rate in scale.rates]
    log = sparse(cache, int(1.05 * (scale.history + sum(sizes))), scale.ports)
    history, lives = folder / "history.jsonl", []
    with log.open("rb") as lines:
        before = _next(lines, scale.history)
        history.write_bytes(b"".join(before))
        start_ms = (_time_of(before[-1]) // HOUR_MS + 2) * HOUR_MS - int((scale.warm_s + scale.seconds / 2) * 1000)
        for rate, size in zip(scale.rates, sizes, strict=True):
            lives.append(squeezed(_next(lines, size), rate, start_ms, folder / f"live-{rate}.jsonl"))
    return history, lives


def live(cache: Path, rate: int, seconds: float, start_ms: int, ports: int, folder: Path) -> Live:
    """A log for one rate, from `start_ms` on, in `folder`."""
    size = int(rate * seconds)
    with sparse(cache, int(1.05 * size), ports).open("rb") as lines:
        return squeezed(_next(lines, size), rate, start_ms, folder / f"live-{rate}.jsonl")


def _next(lines: Iterable[bytes], count: int) -> list[bytes]:
    found = list(islice(lines, count))
    if len(found) < count:
        raise RuntimeError(f"the generated log is too short: {count} more lines are required, {len(found)} are there")
    return found


def squeezed(lines: list[bytes], rate: float, start_ms: int, path: Path) -> Live:
    """The lines at other times, `rate` a second from `start_ms` on, written to `path`."""
    times = poisson_ms(len(lines), rate, start_ms)
    event_ms: dict[str, int] = {}
    with path.open("wb") as out:
        for line, text, ms in zip(lines, np.datetime_as_string(times.astype("M8[ms]")), times.tolist(), strict=True):
            out.write(_TIME.sub(b'"occurred_at":"' + str(text).encode() + b'Z"', line, count=1))
            event_ms.setdefault(_id_of(line), ms)
    return Live(path, round(rate), len(lines), event_ms)


def poisson_ms(count: int, rate: float, start_ms: int) -> NDArray[np.int64]:
    """Times of a Poisson process, ms; the first is `start_ms`."""
    gaps = np.random.default_rng(SEED).exponential(1000 / rate, count)
    gaps[:1] = 0.0
    return start_ms + np.cumsum(gaps).astype(np.int64)


def _id_of(line: bytes) -> str:
    found = _ID.search(line)
    assert found is not None
    return found[1].decode()


def _time_of(line: bytes) -> int:
    found = _TIME.search(line)
    assert found is not None
    return int(np.datetime64(found[1].decode().rstrip("Z"), "ms").astype(np.int64))
