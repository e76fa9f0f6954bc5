"""Where do the Kafka benchmarks run? On a broker of their own, as real processes: `linewatch worker`, `produce`.

The broker is the one of `make kafka` with its optimising compiler on (`fast_start=False`). Everything shares this
machine's cores. A `Border` is a set of topics on the broker with one configuration.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.child import apart
from benchmarks.kafka.process import Process, Worker
from benchmarks.kafka.scale import PARTITIONS, PORT_PARTITIONS
from ops import wiring
from ops.local_kafka import LocalKafka
from ops.settings import Settings
from stream import topic_admin
from stream.kafka_clients import Connection
from stream.topics import Shape, Topics

HEAP_MB = 512
SHAPE = Shape(partitions=PARTITIONS, port_partitions=PORT_PARTITIONS)
COMMAND = ("-c", "from ops.cli import main; main()")  # what the console script runs
WATCHED = ("-m", "benchmarks.kafka.watched")


class Ground:
    """A broker with a folder that goes when it ends, and every process that was started on it."""

    def __init__(self, cache: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kafka-", dir=cache))
        self.broker = LocalKafka(self._folder / "broker", heap_mb=HEAP_MB, fast_start=False)
        self._processes: list[Process] = []

    @property
    def folder(self) -> Path:
        """For what is written meanwhile."""
        return self._folder

    def started(self, process: Process) -> None:
        """Kill it at the end, if it is still there."""
        self._processes.append(process)

    def __enter__(self) -> Self:
        try:
            self.broker.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            if process.running:
                process.kill()
        self.broker.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def bytes_of(self, topic: str) -> int:
        """What the records of a topic take on the broker's disk."""
        return sum(file.stat().st_size for file in (self._folder / "broker" / "data").glob(f"{topic}-*/*.log"))


class Border:
    """Topics that begin with `name`, made if absent; `values` are settings of everything that works on them."""

    def __init__(self, ground: Ground, name: str, **values: Any) -> None:
        self.ground, self.name = ground, name
        own = {"kafka_bootstrap": ground.broker.bootstrap, "kafka_topics": name, "kafka_group": name}
        self._values = {**own, **values}
        self.settings = Settings(**self._values)
        self.topics = Topics.of(name)
        self.connection: Connection = wiring.build_connection(self.settings)
        topic_admin.ensure(self.connection, name, SHAPE)

    def worker(self, name: str = "worker", *, notes: Path | None = None) -> Worker:
        """A worker from now on; with `notes` its steps are written there (benchmarks/kafka/watched.py)."""
        program = COMMAND if notes is None else (*WATCHED, str(notes))
        worker = Worker(name, [*program, "worker", "--progress", "lines", *self._flags()])
        self.ground.started(worker)
        return worker

    def produce(self, log: Path, *, speed: float | None = None, notes: Path | None = None) -> Process:
        """`linewatch produce`, from now on."""
        program = COMMAND if notes is None else (*WATCHED, str(notes))
        pace = "max" if speed is None else str(speed)
        words = [*program, "produce", str(log), "--speed", pace, "--progress", "none", *self._flags()]
        process = Process(f"produce {log.name}", words)
        self.ground.started(process)
        return process

    def fill(self, log: Path, timeout_s: float = 600.0) -> int:
        """Send a whole log as fast as it goes; how many records there are then in the crossings topic."""
        self.produce(log).end(timeout_s)
        crossings = self.topics.crossings
        return sum(topic_admin.ends(self.connection, [(crossings, PARTITIONS)])[crossings])

    def write_state(self, vehicles: int, visits: int, ports: int) -> int:
        """Have the vehicle stage know so many vehicles (benchmarks/kafka/state.py); bytes of a row."""
        made = apart(
            "benchmarks.kafka.state:write", values=self._values, vehicles=vehicles, visits=visits, ports=ports
        )  # fmt: skip
        return int(made["row"])

    def _flags(self) -> list[str]:
        return [word for name, value in self._values.items() for word in ("--set", f"{name}={value}")]
