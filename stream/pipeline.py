"""How does one crossing become an alert? Vehicle stage, order, port stage, decision: a pure function of its input.

`Pipeline` is one process; `tests/stream/test_partitions.py` runs the same stages as twelve. It sees no clock, file or
socket; results do not depend on how the stream was cut into batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xxhash

from detectors.base import Detector, Parameters
from detectors.catalogue import FEATURES, build
from detectors.river_adaptor import RiverAdaptor
from schemas.batch import CrossingBatch
from schemas.dispositions import Given
from schemas.models import Alert, Control, Notice, moment_of
from schemas.ports import Ports
from stream import snapshot
from stream.alerts import AlertBuilder
from stream.assessment import Assessed
from stream.config import PipelineConfig
from stream.notices import NoticeBuilder
from stream.port_stage import PortStage
from stream.reorder import Ordered, Reorder
from stream.stages import Bank, Layout, OnError, VehicleStage

BLOCK = 4096  # crossings assessed at a time, however large the batch: keeps the columns in the processor's cache


class Decided(NamedTuple):
    """What came out of a push: alerts, the crossings decided, in parts that share one event-time hour, and the rest.

    `control` are crossings of the random sample; they go nowhere near the alerts.
    """

    alerts: list[Alert]
    assessed: list[Assessed]
    control: list[Control]
    notices: list[Notice]

    @classmethod
    def nothing(cls) -> Decided:
        """Empty lists to be filled."""
        return cls([], [], [], [])


class Pipeline:
    """The embedded pipeline: both stages in one process."""

    def __init__(self, config: PipelineConfig, ports: Ports) -> None:
        self.config = config
        self.ports = ports
        self.errors: dict[str, int] = {}  # detector name -> times it failed
        self.layout = Layout(detectors_of(config, ports))
        self.vehicles = vehicle_stage(config, self.layout, self._failed)
        self.reorder = Reorder(config.lateness_ms)
        self.at_ports = port_stage(config, self.layout, ports, self._failed)
        self.builder = AlertBuilder(self.layout, ports, config.config_id)
        self.notices = NoticeBuilder(self.layout, ports, config.config_id)
        self.accepted = 0
        self.alerts = 0
        self.snapshot = 0  # number of the last one that was begun or read; see stream/snapshot.py

    @property
    def detector_names(self) -> list[str]:
        """name@version of each column of p."""
        return self.layout.names

    @property
    def evidence_names(self) -> list[str]:
        """detector.number of each column of evidence."""
        return self.layout.evidence_names

    @property
    def counters(self) -> dict[str, int]:
        """What happened to the crossings so far."""
        return {
            "accepted": self.accepted,
            "duplicates": self.vehicles.duplicates,
            "late": self.at_ports.late,
            "alerts": self.alerts,
            "vehicles": len(self.vehicles.table),
            "evicted_early": self.vehicles.table.evicted_early,
        }

    @property
    def dispositions(self) -> dict[str, int]:
        """Dispositions heard by "outcome selected_by", and how many were repeated, late or unmatched."""
        return dict(sorted(self.at_ports.feedback.counts.items()))

    def push(self, batch: CrossingBatch) -> Decided:
        """Take crossings in their order of arrival; decide those that the watermark has passed."""
        decided = Decided.nothing()
        for start in range(0, len(batch), BLOCK):
            part = batch if len(batch) <= BLOCK else batch.take(slice(start, start + BLOCK))
            assessment = self.vehicles.push(part, len(self.ports))
            self.accepted += len(assessment.batch)
            self._decide(self.reorder.push(assessment), decided)
        return decided

    def learn(self, given: Sequence[Given]) -> None:
        """Take in what people found; each disposition counts from two hours of event time after its `at`."""
        self.at_ports.feedback.hear(given)

    def flush(self) -> Decided:
        """Decide all that still waits: the end of the input."""
        decided = Decided.nothing()
        self._decide(self.reorder.flush(), decided)
        return decided

    def save(self, folder: Path, previous: Path | None = None) -> None:
        """Write the whole state into an empty folder; unchanged files are linked from `previous`."""
        snapshot.save(self, folder, previous)

    def load(self, folder: Path) -> None:
        """Continue from what `save` wrote with the same configuration."""
        snapshot.load(self, folder)

    def _decide(self, ordered: Ordered | None, decided: Decided) -> None:
        if ordered is None:
            return
        for verdicts in self.at_ports.push(ordered, len(self.ports)):
            alerts = self.builder.alerts(verdicts)
            self.alerts += len(alerts)
            decided.alerts.extend(alerts)
            decided.assessed.append(verdicts.assessed)
            decided.control.extend(control_of(verdicts.assessed, self.ports))
            decided.notices.extend(self.notices.notices(self.at_ports.watch.said()))
            decided.notices.extend(self.notices.integrity(verdicts))

    def _failed(self, detector: Detector, _: Exception) -> None:
        self.errors[detector.name] = self.errors.get(detector.name, 0) + 1


def control_of(assessed: Assessed, ports: Ports) -> Iterator[Control]:
    """The crossings of the random sample among those decided."""
    batch = assessed.batch
    for i in assessed.control.nonzero()[0].tolist():
        yield Control(
            crossing_id=batch.crossing_id[i],
            occurred_at=moment_of(int(batch.time_ms[i])),
            port=ports.name_of(int(batch.port[i])),
            lane=batch.lane[i],
        )


def detectors_of(config: PipelineConfig, ports: Ports) -> list[Detector]:
    """The detectors of a configuration, in the order of their columns; ConfigError for a wrong river detector."""
    located = [ports[code] for code in range(len(ports))]
    parameters = Parameters(
        half_life_days=config.half_life_days,
        port_latitude=np.array([port.latitude for port in located], np.float64),
        port_longitude=np.array([port.longitude for port in located], np.float64),
        shift_changes=config.shift_changes,
    )
    detectors = build(parameters, config.detectors)
    answers = tuple(d.name for d in detectors if d.name in FEATURES)
    return detectors + [RiverAdaptor(r.name, r.path, r.params, answers) for r in config.river_detectors]


def vehicle_stage(config: PipelineConfig, layout: Layout, on_error: OnError, *, alone: bool = True) -> VehicleStage:
    """The vehicle stage of a configuration; `alone` False where several partitions share what they learn."""
    mine = [d for d in layout.detectors if d.key == "vehicle"]
    bank = Bank(mine, layout, config.half_life_days, on_error, alone=alone)
    return VehicleStage(
        bank,
        capacity=config.max_vehicles,
        forget_after_days=config.forget_after_days,
        lateness_ms=config.lateness_ms,
    )


def port_stage(
    config: PipelineConfig, layout: Layout, ports: Ports, on_error: OnError, *, alone: bool = True
) -> PortStage:
    """The port stage of a configuration."""
    mine = [d for d in layout.detectors if d.key == "port"]
    bank = Bank(mine, layout, config.half_life_days, on_error, alone=alone)
    return PortStage(bank, config, lambda code: xxhash.xxh3_64_intdigest(ports.name_of(code).encode()), ports.local_ms)
