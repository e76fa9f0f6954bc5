"""What does the demo run on? A generated border, read line by line through the real codec and pipeline."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np

from evaluation.simulator import LineWriter, Traffic, generate
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.dispositions import decode
from schemas.plates import Pseudonymiser

if TYPE_CHECKING:
    from ops.settings import Settings
    from schemas.codec import Codec
    from schemas.models import Alert
    from schemas.ports import Ports
    from stream.pipeline import Decided, Pipeline

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
WARM_DAYS = 60
AFTER_DAYS = 7  # generated and not shown: stories are not planted in the last days of a log
VEHICLES = 12_000
PORTS = 10
PLANTED = 0.001  # of crossings: some stories a simulated day
START = "2026-01-05"
FIRST_BLOCK = 64
BLOCK = 4_096
SHOWN_OF_HISTORY = 3
STORED_DAYS = 30  # of the history, for who looks at a vehicle: more would make the start slower


class Told(Protocol):
    """Who hears how the preparations go."""

    def progress(self, what: str, done: int, total: int) -> None:
        """What is being done, how much of it is done and how much there is (0: not known)."""

    def alert(self, border: DemoBorder, alert: Alert) -> None:
        """One of the first alerts of the history."""


class Store(Protocol):
    """Where the console finds what alerted, and where it puts what people decide."""

    def write(self, decided: Decided) -> None:
        """Keep it."""

    def dispositions(self) -> bytes:
        """What people have decided since this was last asked, and can no longer take back: lines of JSON."""


class DemoBorder:
    """Generated traffic and the pipeline that reads it, up to a moment of simulated time."""

    def __init__(self, traffic: Traffic, settings: Settings, ports: Ports, live_from_ms: int, end_ms: int) -> None:
        self.traffic = traffic
        self.settings = settings
        self.ports = ports
        self.live_from_ms, self.end_ms = live_from_ms, end_ms
        self.store: Store | None = None  # gets what is decided in the last days of the history, and in the show
        self.now_ms = traffic.places.start_ms
        self.codec: Codec = build_codec(settings, ports, Pseudonymiser(secrets.token_bytes(32)))  # no plates come
        self.pipeline: Pipeline = build_pipeline(settings, ports)
        self.writer = LineWriter(traffic)
        self.tally = Tally(traffic)
        self._arrived_ms = np.maximum.accumulate(traffic.time_ms[traffic.arrival])
        self._next = 0

    @property
    def crossings(self) -> int:
        """Lines read so far."""
        return self._next

    def simulated_now(self) -> datetime:
        """The moment that has been reached, in UTC."""
        return EPOCH + timedelta(milliseconds=self.now_ms)

    def planted_so_far(self) -> set[int]:
        """The episodes that had a labelled crossing in the show so far."""
        begin, end = np.searchsorted(self.traffic.time_ms, (self.live_from_ms, self.now_ms)).tolist()
        first, last = self.traffic.crossing_id(begin), self.traffic.crossing_id(end)  # ids rise with time
        return {number for crossing, _, number in self.traffic.labels if first <= crossing < last}

    def warm_up(self, told: Told) -> None:
        """Read the history, as fast as it goes; its first alerts are told, so that there is something to read."""
        total = self._arrivals_until(self.live_from_ms)
        told.progress("compiling the detectors (long on the first run only)", 0, total)
        self._read(min(FIRST_BLOCK, total))
        while self._next < total:
            told.progress("reading the history", self._next, total)
            told_so_far = self.tally.history_alerts
            for alert in self._read(min(self._next + BLOCK, total))[: max(0, SHOWN_OF_HISTORY - told_so_far)]:
                told.alert(self, alert)
        told.progress("reading the history", total, total)
        self.now_ms = self.live_from_ms
        self.tally.begin_live(self._next)

    def advance(self, until_ms: int) -> list[Alert]:
        """Read what arrives up to a moment; the alerts it gives."""
        self._hear()
        total = self._arrivals_until(until_ms)
        alerts: list[Alert] = []
        while self._next < total:
            alerts += self._read(min(self._next + BLOCK, total))
        self.now_ms = until_ms
        return alerts

    def finish(self) -> list[Alert]:
        """What still waits for its order at the end."""
        return self._decided(self.pipeline.flush())

    def _hear(self) -> None:
        """Learn from what people decided: just now, by the border's clock, which is far ahead of theirs or behind."""
        if self.store is not None:
            given = decode(self.store.dispositions()).given
            self.pipeline.learn([one._replace(at_ms=self.now_ms) for one in given])

    def _arrivals_until(self, until_ms: int) -> int:
        return int(np.searchsorted(self._arrived_ms, until_ms, side="left"))

    def _read(self, stop: int) -> list[Alert]:
        decoded = self.codec.decode(self.writer.lines(self._next, stop), line=self._next + 1)
        self._next = stop
        return self._decided(self.pipeline.push(decoded.batch))

    def _decided(self, decided: Decided) -> list[Alert]:
        """Count and store it; its alerts."""
        for alert in decided.alerts:
            self.tally.add(alert, int(alert.occurred_at.timestamp() * 1000))
        stored_from_ms = self.live_from_ms - STORED_DAYS * DAY_MS
        if self.store is not None and self._next and self._arrived_ms[self._next - 1] >= stored_from_ms:
            self.store.write(decided)
        return decided.alerts


class Tally:
    """What came of it: counts since the show began, the latest alerts, and what was planted."""

    def __init__(self, traffic: Traffic) -> None:
        self.truth = {crossing: label for crossing, label, _ in traffic.labels + traffic.benign}
        self.episode = {crossing: number for crossing, _, number in traffic.labels}
        self.history_alerts = 0
        self.history_crossings = 0
        self.latest: deque[Alert] = deque(maxlen=12)  # newest first
        self.severities: Counter[str] = Counter()
        self.typologies: Counter[str] = Counter()
        self.truths: Counter[str] = Counter()
        self.by_port: dict[str, list[int]] = {}  # times of the alerts of a port, ms
        self.found: set[int] = set()  # planted episodes that gave an alert
        self._live = False

    def begin_live(self, crossings: int) -> None:
        """From here on alerts count for the show."""
        self._live = True
        self.history_crossings = crossings

    @property
    def alerts(self) -> int:
        """Since the show began."""
        return self.severities.total()

    def add(self, alert: Alert, time_ms: int) -> None:
        """Count one alert."""
        self.latest.appendleft(alert)
        if not self._live:
            self.history_alerts += 1
            return
        self.severities[alert.severity] += 1
        self.typologies.update(alert.typologies)
        self.truths[self.truth_of(alert)] += 1
        self.by_port.setdefault(alert.port, []).append(time_ms)
        if alert.crossing_id in self.episode:
            self.found.add(self.episode[alert.crossing_id])

    def truth_of(self, alert: Alert) -> str:
        """What the generator knows of the crossing: `planted`, `benign` or `ordinary`."""
        label = self.truth.get(alert.crossing_id)
        if label is None:
            return "ordinary"
        return "benign" if label.startswith("benign:") else "planted"

    def label_of(self, alert: Alert) -> str:
        """The same in words for the screen."""
        label = self.truth.get(alert.crossing_id)
        return "not planted" if label is None else label if label.startswith("benign:") else f"planted: {label}"

    def busiest_hour(self, port: str) -> int:
        """Most alerts that the port had in any 60 minutes of the show."""
        times = np.sort(np.array(self.by_port.get(port, []), np.int64))
        if not len(times):
            return 0
        return int((np.searchsorted(times, times + HOUR_MS, side="left") - np.arange(len(times))).max())


def settings_of_demo() -> Settings:
    """Those of the environment, with the real ports."""
    return load(None, ["ports=us"]).settings


def build(seed: int, days: int, told: Told) -> DemoBorder:
    """A border with `days` days after its history; environment settings count, the ports are the real ones."""
    told.progress(f"drawing the lives of {VEHICLES:,} vehicles", 0, 0)
    traffic = generate(seed, WARM_DAYS + days + AFTER_DAYS, VEHICLES, PORTS, PLANTED, START)
    settings = settings_of_demo()
    begin = traffic.places.start_ms
    return DemoBorder(
        traffic, settings, build_ports(settings), begin + WARM_DAYS * DAY_MS, begin + (WARM_DAYS + days) * DAY_MS
    )
