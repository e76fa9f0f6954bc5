"""What do decided crossings tell of the service? Sums over their columns, for one process.

What is counted by port is kept for each number of the registry and gets its label when it is asked for: the first
`MOST_PORTS` have one of their own.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detectors import decided_count
from detectors.base import HOUR_MS
from ops.metrics import Spread, Values
from ops.metrics_catalogue import MOST_PORTS, NOTICES, OTHER, P_VALUE
from schemas.batch import COHORTS, LANE_TYPES, VEHICLE_CLASSES
from schemas.ports import MAX_PORTS

if TYPE_CHECKING:
    from schemas.models import Alert
    from schemas.ports import Ports
    from stream.assessment import Assessed
    from stream.pipeline import Decided

COMBINED = "combined"
_EDGES = np.array(P_VALUE)


class DecidedFigures:
    """Fed by the thread of the pipeline, asked by the one that serves."""

    def __init__(self, detectors: Sequence[str], ports: Ports, budget_per_hour: float) -> None:
        """`detectors` name the columns of p, versions left out; `budget_per_hour` is a port's, all operators."""
        self._names, self._ports, self._budget = [*detectors, COMBINED], ports, budget_per_hour
        self._lock = threading.Lock()
        self._crossings = np.zeros(MAX_PORTS, np.int64)
        self._groups = np.zeros((COHORTS, 2), np.int64)
        self._spread = np.zeros((len(self._names), len(_EDGES) + 1), np.int64)
        self._sums = np.zeros(len(self._names))
        self._alerts: Counter[tuple[str, ...]] = Counter()
        self._drifts: Counter[tuple[str, ...]] = Counter()
        self._notices: Counter[tuple[str, ...]] = Counter()
        self._control = 0
        self.forget()
        none = np.zeros(0, np.int64)  # load the compiled code before it matters
        self._count(none, none, none, none.astype(np.bool_), none * 0.5, np.zeros((0, len(detectors))), none * 0.5)

    def forget(self) -> None:
        """Ports may be somebody else's from now on: how each of them stands is not known any more."""
        self._newest_ms = np.zeros(MAX_PORTS, np.int64)
        self._thresholds = np.zeros(MAX_PORTS)
        self._hours: dict[int, tuple[int, int]] = {}  # port -> the last hour with an alert, and how many

    def take(self, decided: Decided) -> None:
        """Count what was decided now."""
        with self._lock:
            for assessed in decided.assessed:
                self._take(assessed)
            for alert in decided.alerts:
                self._alert(alert)
            for notice in decided.notices:
                self._notices[notice.kind,] += 1
                if notice.kind == "drift":
                    name = (notice.detector or "").partition("@")[0]
                    self._drifts[name if name in self._names else COMBINED,] += 1
            self._control += len(decided.control)

    def _take(self, assessed: Assessed) -> None:
        batch = assessed.batch
        cohort = batch.vehicle_class.astype(np.int64) * len(LANE_TYPES) + batch.lane_type
        port, time_ms = batch.port.astype(np.int64), batch.time_ms.astype(np.int64)
        self._count(port, time_ms, cohort, assessed.alerted, assessed.threshold, assessed.p, assessed.p_value)

    def _count(self, *columns: np.ndarray) -> None:
        decided_count.count(*columns, _EDGES, self._crossings, self._newest_ms, self._thresholds, self._groups,
                            self._spread, self._sums)  # fmt: skip

    def _alert(self, alert: Alert) -> None:
        port = self._ports.codes[alert.port]
        self._alerts[self._label(port), alert.severity, alert.typologies[0]] += 1
        hour = int(alert.occurred_at.timestamp()) * 1000 // HOUR_MS
        last, alerts = self._hours.get(port, (0, 0))
        if hour >= last:
            self._hours[port] = hour, 1 + alerts * (hour == last)

    def _label(self, port: int) -> str:
        return self._ports.name_of(port) if port < MOST_PORTS else OTHER

    @property
    def newest_ms(self) -> int:
        """Event time of the newest crossing, 0 before there is one."""
        return int(self._newest_ms.max())

    def values(self) -> Values:
        """All of it for the catalogue."""
        with self._lock:
            return {
                "port_crossings_total": self._by_port(),
                "alerts_total": dict(self._alerts),
                "detector_drift_total": {(name,): self._drifts[name,] for name in self._names},
                "notices_total": {(kind,): self._notices[kind,] for kind in NOTICES},
                "control_sample_total": {(): self._control},
                "detector_p_value": {
                    (name,): Spread(self._spread[j].tolist(), float(self._sums[j]))
                    for j, name in enumerate(self._names)
                },
                **self._by_group(),
                **self._of_ports(),
            }

    def _by_port(self) -> dict[tuple[str, ...], int]:
        found: dict[tuple[str, ...], int] = defaultdict(int)
        for port in np.flatnonzero(self._crossings).tolist():
            found[self._label(port),] += int(self._crossings[port])
        return found

    def _by_group(self) -> dict[str, dict[tuple[str, ...], int]]:
        groups = self._groups.reshape(len(VEHICLE_CLASSES), len(LANE_TYPES), 2)
        seen = [(v, lane) for v, lane in np.argwhere(groups[..., 0]).tolist()]
        return {
            name: {(LANE_TYPES[lane], VEHICLE_CLASSES[v]): int(groups[v, lane, k]) for v, lane in seen}
            for k, name in enumerate(("decided_crossings_total", "decided_alerts_total"))
        }

    def _of_ports(self) -> dict[str, dict[tuple[str, ...], float]]:
        """How each port stands, those that have a label of their own."""
        newest = self.newest_ms
        here = np.flatnonzero(self._newest_ms[:MOST_PORTS]).tolist()
        names = {port: self._ports.name_of(port) for port in here}
        return {
            "last_event_timestamp_seconds": {(): newest / 1000} if newest else {},
            "reader_silent_seconds": {(names[p],): (newest - int(self._newest_ms[p])) / 1000 for p in here},
            "alert_threshold": {(names[p],): float(self._thresholds[p]) for p in here},
            "alert_budget_ratio": {(names[p],): self._alerts_now(p) / self._budget for p in here},
        }

    def _alerts_now(self, port: int) -> int:
        hour, alerts = self._hours.get(port, (0, 0))
        return alerts if hour == int(self._newest_ms[port]) // HOUR_MS else 0
