"""How would workers run the stages? Twelve vehicle partitions and three port partitions, interleaved at random.

What the real workers will do (issue "Live on Kafka"), without the broker: every partition keeps its own state and
sums; sums of an hour are exchanged once every partition has passed it; the port partitions merge their twelve
sources by watermark.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detectors.base import Parameters
from detectors.catalogue import build
from schemas.batch import CrossingBatch
from stream.alerts import AlertBuilder
from stream.config import PipelineConfig
from stream.pipeline import Decided, port_stage, vehicle_stage
from stream.port_stage import PortStage
from stream.reorder import Ordered, Reorder
from stream.shared import LAG, period_of
from stream.stages import Layout, VehicleStage, runs
from tests.stream.logs import registry


def failed(detector: object, error: Exception) -> None:
    """No detector may fail in these runs."""
    raise AssertionError(f"{detector}: {error}") from error


def exchange(stages: Iterable[VehicleStage | PortStage], upto: int) -> None:
    """Every partition publishes what all of them collected in the open periods up to `upto`."""
    stages = list(stages)
    due = {k for s in stages for t in tables(s) for k in t.open if k <= upto}
    for period in sorted(due):
        parts = [s.collect(period) if isinstance(s, PortStage) else s.bank.collect(period) for s in stages]
        for stage in stages:
            (stage if isinstance(stage, PortStage) else stage.bank).publish(period, parts)


def tables(stage: VehicleStage | PortStage):  # type: ignore[no-untyped-def]
    """The shared tables of a stage."""
    yield from stage.bank.tables()
    if isinstance(stage, PortStage):
        yield stage.calibrator.counts


class Cluster:
    """The partitions and what was decided."""

    def __init__(self, config: PipelineConfig, names: list[str], vehicles: int, ports: int) -> None:
        self.names = names
        registered = registry(names)
        layout = Layout(build(Parameters(half_life_days=config.half_life_days)))
        self.vehicles = [vehicle_stage(config, layout, failed, alone=False) for _ in range(vehicles)]
        self.ports = [port_stage(config, layout, registered, failed, alone=False) for _ in range(ports)]
        self.reorders = [Reorder(config.lateness_ms, vehicles) for _ in range(ports)]
        self.builder = AlertBuilder(layout, registered, config.config_id)
        self.decided: list[Decided] = []

    def run(self, batch: CrossingBatch, rng: np.random.Generator) -> list[Decided]:
        """Interleave the partitions' own streams at random, as far as the exchange of sums lets each go."""
        home = batch.vehicle_key % np.uint64(len(self.vehicles))
        streams = [batch.take(np.flatnonzero(home == k)) for k in range(len(self.vehicles))]
        at = [0] * len(streams)
        end = np.iinfo(np.int64).max // 4
        while any(at[k] < len(s) for k, s in enumerate(streams)):
            heads = [int(s.time_ms[at[k]]) if at[k] < len(s) else end for k, s in enumerate(streams)]
            passed = int(period_of(min(heads) - 250)) - 1  # every partition has finished this hour
            exchange(self.vehicles, passed)
            ready = [k for k, head in enumerate(heads) if head < end and period_of(head) <= passed + LAG]
            k = int(rng.choice(ready))
            chunk = streams[k].take(slice(at[k], at[k] + int(rng.integers(1, 60))))
            beyond = np.flatnonzero(period_of(chunk.time_ms) > passed + LAG)
            chunk = chunk.take(slice(0, int(beyond[0]))) if len(beyond) else chunk
            at[k] += len(chunk)
            reached = int(streams[k].time_ms[at[k]]) if at[k] < len(streams[k]) else end
            self._vehicle(k, chunk, reached)
        self._ports([reorder.flush() for reorder in self.reorders])
        return self.decided

    def _vehicle(self, k: int, chunk: CrossingBatch, reached: int) -> None:
        rows = self.vehicles[k].push(chunk, len(self.names))
        released: list[Ordered | None] = []
        for number, reorder in enumerate(self.reorders):
            mine = np.flatnonzero(rows.batch.port % len(self.ports) == number)
            first = reorder.push(rows.take(mine), k)
            assert first is None or not first.late.any()
            self._ports([first if n == number else None for n in range(len(self.ports))])
        for reorder in self.reorders:
            released.append(reorder.reach(reached, k))
        self._ports(released)

    def _ports(self, released: list[Ordered | None]) -> None:
        """Decide what the port partitions released, hour by hour, exchanging what is due before each."""
        parts: list[tuple[int, int, Ordered]] = []
        for number, ordered in enumerate(released):
            if ordered is not None:
                for a, b in runs(period_of(ordered.at_ms)):
                    cut = Ordered(ordered.rows.take(slice(a, b)), ordered.at_ms[a:b], ordered.late[a:b])
                    parts.append((int(period_of(ordered.at_ms[a])), number, cut))
        for period, number, cut in sorted(parts, key=lambda part: part[:2]):
            exchange(self.ports, period - LAG)
            for verdicts in self.ports[number].push(cut, len(self.names)):
                self.decided.append(Decided(self.builder.alerts(verdicts), [verdicts.assessed]))
