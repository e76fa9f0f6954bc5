"""How do the tests run one detector alone? Over its real bank and admission, from what it declares and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from detectors import diary, pairs
from detectors.admission import META, admit
from detectors.base import Columns, Context, Detector, Finding, Out
from detectors.pairs_found import FOUND
from schemas.batch import DETECTOR_COLUMNS, NO_DAY, Array
from stream.shared import period_of
from stream.stages import Bank, Layout, runs

HOUR = 3_600_000
DAY = 24 * HOUR
MONDAY = 1_767_571_200_000  # 2026-01-05T00:00Z
PORTS = 6
FEATURES = 4


@dataclass(frozen=True)
class Traffic:
    """Crossings as columns; `vehicle[n]` counts from 0."""

    vehicle: Array
    columns: dict[str, Array]

    def __len__(self) -> int:
        return len(self.vehicle)

    def take(self, index: Any) -> Traffic:
        """The crossings at `index`."""
        return Traffic(self.vehicle[index], {name: column[index] for name, column in self.columns.items()})

    def then(self, other: Traffic) -> Traffic:
        """These crossings, then those."""
        columns = {name: np.concatenate([column, other.columns[name]]) for name, column in self.columns.items()}
        return Traffic(np.concatenate([self.vehicle, other.vehicle]), columns)

    def with_columns(self, **columns: Any) -> Traffic:
        """The same with other values."""
        new = {name: np.broadcast_to(np.asarray(c, self.columns[name].dtype), self.columns[name].shape).copy()
               for name, c in columns.items()}  # fmt: skip
        return Traffic(self.vehicle, self.columns | new)


def crossings(time_ms: Any, vehicle: Any = 0, **columns: Any) -> Traffic:
    """Crossings at these times; columns not named are absent, local time is UTC."""
    times = np.asarray(time_ms, np.int64)
    n = len(times)
    table = {
        name: np.full(n, 0 if absent is None else absent, kind) for name, (kind, absent) in DETECTOR_COLUMNS.items()
    }
    table["features"] = np.full((n, FEATURES), 0.3)
    vehicles = np.broadcast_to(np.asarray(vehicle, np.int64), (n,)).copy()
    key = (times * 1_000_003 + vehicles * 97 + np.arange(n)).astype(np.uint64)
    traffic = Traffic(vehicles, table)
    base = {"time_ms": times, "local_ms": times, "crossing_key": key, "vehicle_key": vehicles + 1}
    return traffic.with_columns(**(base | columns))


class Answers(NamedTuple):
    """What a detector said of each crossing."""

    p: Array
    llr: Array
    evidence: Array

    def bytes(self) -> bytes:
        """All of it, to compare."""
        return b"".join(np.ascontiguousarray(array).tobytes() for array in self)


class Bench:
    """One detector, its keys' rows, and what they share."""

    def __init__(
        self, detector: Detector, *, keys: int = 256, ports: int = PORTS, half_life_days: float = 60.0
    ) -> None:
        self.detector, self.ports = detector, ports
        layout = Layout([detector])
        self.bank = Bank([detector], layout, half_life_days, self._fail)
        self.rows = np.zeros(keys, [(detector.name, detector.row)])
        self.meta = np.zeros(keys, META)
        self.diaries, self.pairs = np.zeros(keys, diary.DIARY), np.zeros(ports, pairs.ROW)
        self.seized = np.arange(1, keys + 1).astype(np.uint64)  # keys of vehicles that something was seized from
        self.seized_at = np.empty(0, np.int64)  # from the day before the first crossing on

    @staticmethod
    def _fail(detector: Detector, error: Exception) -> None:
        raise AssertionError(f"{detector.name} failed") from error

    def known(self, traffic: Traffic) -> Columns:
        """What the vehicle stage knows of each crossing; every one must be admitted."""
        n = len(traffic)
        accepted = np.zeros(n, np.bool_)
        known = Columns(np.zeros(n, np.uint32), np.zeros(n, np.uint8), np.zeros(n, np.int64))
        times, keys = traffic.columns["time_ms"], traffic.columns["crossing_key"]
        stop = admit(self.meta, traffic.vehicle.astype(np.int32), times, keys, 0, 2**62, accepted, *known)
        assert stop == n
        assert accepted.all()
        if self.detector.key == "port":
            return Columns(np.zeros(n, np.uint32), known.fresh, np.zeros(n, np.int64))
        return known

    def run(self, traffic: Traffic) -> Answers:
        """Assess in order, hour by hour, as a stage does."""
        n = len(traffic)
        out = Answers(
            np.full(n, np.nan), np.full(n, np.nan), np.full((n, len(self.detector.evidence)), np.nan, np.float32)
        )
        known = self.known(traffic)
        slots = (traffic.columns["port"] if self.detector.key == "port" else traffic.vehicle).astype(np.int32)
        columns = traffic.columns
        if "partners" in self.detector.reads:
            columns = columns | {"partners": self.partners(traffic, slots, known.fresh)}
        periods = period_of(traffic.columns["time_ms"])
        for first, last in runs(periods) if n else []:
            part = slice(first, last)
            batch = {name: columns[name][part] for name in self.detector.reads}
            period = int(periods[first])
            self.bank.enter(period, self.ports)
            target = Out(out.p[part, None], out.llr[part, None], out.evidence[part])
            self.bank.assess(
                self.rows,
                slots[part],
                batch,
                Columns(known.seen[part], known.fresh[part], known.age_ms[part]),
                target,
                period,
            )
        return out

    def partners(self, traffic: Traffic, slots: Array, fresh: Array) -> Array:
        """What the two stages know of who travels with whom."""
        n, c = len(traffic), traffic.columns
        if len(self.seized_at) < len(self.seized) and n:
            self.seized_at = np.full(len(self.seized), c["time_ms"][0] - DAY)
        if self.ports > len(self.pairs):
            self.pairs.resize(self.ports, refcheck=False)
        before, found = np.zeros((n, diary.SIZE), np.uint16), np.full((n, len(FOUND)), np.nan)
        vehicles = traffic.vehicle.astype(np.int32)
        diary.enter(self.diaries, vehicles, c["local_ms"], c["port"], c["direction"], before)
        pairs.find(self.pairs, slots, c["time_ms"], c["local_ms"], c["port"], c["direction"], c["vehicle_key"],
                   c["lane_key"], before, fresh, self.seized, self.seized_at, found)  # fmt: skip
        return found

    def state(self) -> bytes:
        """Rows and sums, to compare."""
        sums = [array for table in self.bank.tables() for _, array in sorted(table.save().items())]
        rows = self.rows.tobytes() + self.diaries.tobytes() + self.pairs.tobytes()
        return rows + b"".join(np.ascontiguousarray(array).tobytes() for array in sums)

    def findings(self, traffic: Traffic, answers: Answers, index: Any) -> Iterator[Finding]:
        """The explanation of the crossings at `index`."""
        for i in index:
            numbers = dict(zip(self.detector.evidence, answers.evidence[i].tolist(), strict=True))
            direction = ("inbound", "outbound")[traffic.columns["direction"][i]]
            context = Context(f"P{traffic.columns['port'][i]}", lambda code: f"P{code}", direction)
            yield self.detector.explain(numbers, context)


def mixed(seed: int = 1, vehicles: int = 60, each: int = 100, days: int = 160) -> Traffic:
    """Many vehicles with habits and lapses: repeats, other ports, silences, bursts, newcomers, records out of order."""
    rng = np.random.default_rng(seed)
    parts = []
    for v in range(vehicles):
        gaps = rng.lognormal(np.log(days * DAY / each) - 0.5, 1.0, each).astype(np.int64)
        gaps[rng.random(each) < 0.05] = rng.integers(0, 600_000)
        if v % 4 == 0:
            gaps[each // 3] = 95 * DAY
        times = MONDAY + rng.integers(0, 5 * DAY) + np.cumsum(gaps)
        swap = np.flatnonzero(rng.random(each - 1) < 0.02)
        times[swap], times[swap + 1] = times[swap + 1], times[swap]
        direction = (np.arange(each) + (rng.random(each) < 0.03).cumsum()) % 2
        port = np.where(rng.random(each) < 0.9, v % PORTS, rng.integers(0, PORTS, each))
        features = rng.random((each, FEATURES))
        features[rng.random((each, FEATURES)) < 0.3] = np.nan
        parts.append(crossings(times, v, direction=direction, port=port, vehicle_class=v % 2, features=features,
                               read_confidence=rng.uniform(0.5, 1.0, each)))  # fmt: skip
    for k in range(12):  # newcomers, first seen when the log is old: two crossings a day, with lapses of some hours
        lapse = np.where(rng.random(80) < 0.05, rng.uniform(-5, 5, 80), rng.normal(0, 0.25, 80))
        times = MONDAY + (50 + 8 * k) * DAY + ((12 * np.arange(80) + 2 * k + lapse) * HOUR).astype(np.int64)
        parts.append(crossings(times, vehicles + k, direction=np.arange(80) % 2, port=k % PORTS, vehicle_class=k % 2,
                               features=rng.random((80, FEATURES)), read_confidence=rng.random(80)))  # fmt: skip
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    arrival = whole.columns["time_ms"] + rng.integers(0, 120_000, len(whole))  # within two minutes of the truth
    whole = whole.take(np.argsort(arrival, kind="stable"))
    whole = whole.with_columns(crossing_key=rng.integers(1, 2**63, len(whole)).astype(np.uint64))
    return whole.with_columns(**optional_columns(whole, np.random.default_rng(seed + 1000)))


def optional_columns(traffic: Traffic, rng: np.random.Generator) -> dict[str, Array]:
    """Every optional field, each carried by most vehicles: habitual values with lapses, drawn at random."""
    n, v, port = len(traffic), traffic.vehicle, traffic.columns["port"]

    def usual(own: Any, choices: int, lapse: float) -> Any:
        """Mostly one's own value, now and then another of as many as there are choices."""
        return 1 + np.where(rng.random(n) < lapse, rng.integers(0, choices, n), own % choices)

    def some(column: Any, absent: Any, lacking: int) -> Any:
        """Absent for one vehicle in `lacking`."""
        return np.where(v % lacking == lacking - 1, absent, column)

    lane = 100 * port + usual(v, 5, 0.5)
    day = traffic.columns["time_ms"] // DAY
    laden = rng.random(n) < 0.6
    weight = np.where(laden, 18_000 + 500 * (v % 10), 9_000) * rng.lognormal(0, 0.06, n)
    return {
        "lane_key": lane,
        "lane_type": np.where(v % 3 == 0, 2 * (rng.random(n) < 0.7), 0),
        "occupants": some(usual(v, 4, 0.2), -1, 7),
        "driver": some(1000 + usual(v, 40, 0.1), 0, 5),
        "make": some(usual(v, 9, 0.02), 0, 6),
        "model": some(usual(v, 30, 0.02), 0, 6),
        "colour": some(usual(v, 8, 0.03), 0, 6),
        "registered_on": some(np.where(rng.random(n) < 0.03, day - rng.integers(0, 35, n), 15_000 + v), NO_DAY, 4),
        "owner_changed_on": some(14_000 + v, NO_DAY, 3),
        "rental": some(v % 6 == 0, -1, 5),
        "weight_kg": some(weight, np.nan, 4),
        "laden": some(laden, -1, 4),
        "trailer": some(5000 + usual(v, 50, 0.2), 0, 4),
        "carrier": some(usual(v // 5, 12, 0.03), 0, 3),
        "shipper": some(usual(v, 15, 0.1), 0, 3),
        "consignee": some(usual(v, 15, 0.1), 0, 3),
        "commodity": some(usual(v, 12, 0.1), 0, 3),
        "declared_value": some(rng.lognormal(9, 1, n), np.nan, 3),
        "officer": 10 * port + usual(day, 6, 0.5),
        "wait_s": some(rng.gamma(2, 300, n), np.nan, 9),
        "inspection_s": some(rng.lognormal(3.5, 0.5, n), np.nan, 9),
        "prequeue_lane": some(np.where(rng.random(n) < 0.8, lane, 100 * port + 7), 0, 5),
    }


def commuter(days: int = 60, *, out_h: float = 7.0, back_h: float = 17.0, port: int = 1, seed: int = 2) -> Traffic:
    """One vehicle that goes out and comes back on every weekday, give or take some minutes."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    day = day[day % 7 < 5]
    out = MONDAY + day * DAY + (out_h * HOUR + rng.normal(0, 8 * 60_000, len(day))).astype(np.int64)
    back = MONDAY + day * DAY + (back_h * HOUR + rng.normal(0, 12 * 60_000, len(day))).astype(np.int64)
    times = np.stack([out, back], axis=1).ravel()
    return crossings(times, 0, direction=np.tile([1, 0], len(day)), port=port)


def at(day: int, hour: float, direction: str = "inbound", **columns: Any) -> Traffic:
    """One crossing of vehicle 0, `hour` hours into a day after `MONDAY`."""
    columns.setdefault("port", 1)
    vehicle = columns.pop("vehicle", 0)
    way = ("inbound", "outbound").index(direction)
    return crossings([MONDAY + day * DAY + int(hour * HOUR)], vehicle, direction=way, **columns)


def explained(bench: Bench, traffic: Traffic) -> tuple[float, Finding]:
    """p and finding of the last crossing."""
    answers = bench.run(traffic)
    return float(answers.p[-1]), next(bench.findings(traffic, answers, [len(traffic) - 1]))
