"""How would workers run the stages? Twelve vehicle partitions and three port partitions, interleaved at random.

What the real workers will do (issue "Live on Kafka"), without the broker: every partition keeps its own state and
sums; sums of an hour are exchanged once every partition has passed it; the port partitions merge their twelve
sources by watermark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas.batch import CrossingBatch
from schemas.dispositions import Given
from stream.alerts import AlertBuilder
from stream.assessment import Assessment
from stream.config import PipelineConfig
from stream.notices import NoticeBuilder
from stream.pipeline import Decided, detectors_of, port_stage, vehicle_stage
from stream.port_stage import PortStage
from stream.reorder import Ordered, Reorder
from stream.shared import LAG, period_of
from stream.stages import Layout, VehicleStage, runs
from tests.stream.logs import registry


def failed(detector: object, error: Exception) -> None:
    """No detector may fail in these runs."""
    raise AssertionError(f"{detector}: {error}") from error


class Board:
    """What partitions collected, hour by hour; each takes an hour in when it enters the one two later."""

    def __init__(self, stages: Sequence[VehicleStage | PortStage]) -> None:
        self.stages = stages
        self.collected: dict[int, list[Any]] = {}
        self.taken = [-1] * len(stages)

    def collect(self, upto: int) -> None:
        """Every partition has passed hour `upto`: hand over what it collected until then."""
        for period in sorted({k for s in self.stages for k in opened(s) if k <= upto}):
            parts = [s.collect(period) if isinstance(s, PortStage) else s.bank.collect(period) for s in self.stages]
            assert period not in self.collected
            self.collected[period] = parts

    def enter(self, number: int, period: int) -> None:
        """Publish to one partition what it may use in `period`."""
        stage = self.stages[number]
        for k in sorted(k for k in self.collected if self.taken[number] < k <= period - LAG):
            (stage if isinstance(stage, PortStage) else stage.bank).publish(k, self.collected[k])
            self.taken[number] = k


def opened(stage: VehicleStage | PortStage) -> set[int]:
    """The periods for which a stage holds something."""
    if isinstance(stage, PortStage):
        return stage.open_periods()
    return {k for table in stage.bank.tables() for k in table.open}


class Cluster:
    """The partitions and what was decided."""

    def __init__(self, config: PipelineConfig, names: list[str], vehicles: int, ports: int) -> None:
        self.names = names
        registered = registry(names)
        layout = Layout(detectors_of(config, registered))
        self.vehicles = [vehicle_stage(config, layout, failed, alone=False) for _ in range(vehicles)]
        self.ports = [port_stage(config, layout, registered, failed, alone=False) for _ in range(ports)]
        self.reorders = [Reorder(config.lateness_ms, vehicles) for _ in range(ports)]
        self.builder = AlertBuilder(layout, registered, config.config_id)
        self.notices = NoticeBuilder(layout, registered, config.config_id)
        self.decided: list[Decided] = []
        self.vehicle_board, self.port_board = Board(self.vehicles), Board(self.ports)

    def run(self, batch: CrossingBatch, rng: np.random.Generator, given: Sequence[Given] = ()) -> list[Decided]:
        """Interleave the partitions' own streams at random, as far as the exchange of sums lets each go.

        Every port partition hears all dispositions `given`.
        """
        for stage in self.ports:
            stage.feedback.hear(given)
        home = batch.vehicle_key % np.uint64(len(self.vehicles))
        streams = [batch.take(np.flatnonzero(home == k)) for k in range(len(self.vehicles))]
        at = [0] * len(streams)
        end = np.iinfo(np.int64).max // 4
        while any(at[k] < len(s) for k, s in enumerate(streams)):
            heads = [int(s.time_ms[at[k]]) if at[k] < len(s) else end for k, s in enumerate(streams)]
            passed = int(period_of(min(heads) - 250)) - 1  # every partition has finished this hour
            self.vehicle_board.collect(passed)
            ready = [k for k, head in enumerate(heads) if head < end and period_of(head) <= passed + LAG]
            k = int(rng.choice(ready))
            chunk = streams[k].take(slice(at[k], at[k] + int(rng.integers(1, 60))))
            beyond = np.flatnonzero(period_of(chunk.time_ms) > passed + LAG)
            chunk = chunk.take(slice(0, int(beyond[0]))) if len(beyond) else chunk
            at[k] += len(chunk)
            reached = int(streams[k].time_ms[at[k]]) if at[k] < len(streams[k]) else end
            self._vehicle(k, chunk, reached)
        self._ports([(number, reorder.flush()) for number, reorder in enumerate(self.reorders)])
        return self.decided

    def _vehicle(self, k: int, chunk: CrossingBatch, reached: int) -> None:
        parts = []
        for a, b in runs(np.maximum.accumulate(period_of(chunk.time_ms))) if len(chunk) else []:
            self.vehicle_board.enter(k, int(period_of(chunk.time_ms[a])))
            parts.append(self.vehicles[k].push(chunk.take(slice(a, b)), len(self.names)))
        rows = Assessment.concat(parts) if parts else self.vehicles[k].push(chunk, len(self.names))
        released: list[tuple[int, Ordered | None]] = []
        for number, reorder in enumerate(self.reorders):
            mine = np.flatnonzero(rows.batch.port % len(self.ports) == number)
            released.append((number, reorder.push(rows.take(mine), k)))
            released.append((number, reorder.reach(reached, k)))
        self._ports(released)

    def _ports(self, released: list[tuple[int, Ordered | None]]) -> None:
        """Decide what the port partitions released, hour by hour, exchanging what is due before each."""
        parts: list[tuple[int, int, Ordered]] = []
        for number, ordered in released:
            if ordered is not None:
                for a, b in runs(period_of(ordered.at_ms)):
                    cut = Ordered(ordered.rows.take(slice(a, b)), ordered.at_ms[a:b], ordered.late[a:b])
                    parts.append((int(period_of(ordered.at_ms[a])), number, cut))
        for period, number, cut in sorted(parts, key=lambda part: part[:2]):
            self.port_board.collect(period - LAG)
            self.port_board.enter(number, period)
            for verdicts in self.ports[number].push(cut, len(self.names)):
                notices = self.notices.notices(self.ports[number].watch.said())
                notices += self.notices.integrity(verdicts)
                self.decided.append(Decided(self.builder.alerts(verdicts), [verdicts.assessed], [], notices))
