"""How are workers and producers run for real? As subprocesses on one broker, killed and stopped as a test likes.

What came out is read from the topics as any reader of committed records would, and compared with what
`linewatch replay` makes of the same log.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from kafka.admin import ConfigResource, ConfigResourceType

from stream.kafka_clients import Connection
from stream.topic_admin import ends, look
from stream.topic_log import read_all
from stream.topics import Topics
from tests.kafka.border_log import Log
from tests.ops.running import REPOSITORY, environment, linewatch

POLL_S = 0.05
# budgets that let a small log alert; sessions and checkpoints that let a test be short
RESULTS = {"floor_p": "0.02", "budget_per_hour": "60", "budget_cap_per_hour": "256"}
QUICK = {
    "worker_session_s": "3", "worker_checkpoint_s": "2", "kafka_partitions": "4", "kafka_port_partitions": "2",
}  # fmt: skip
FIGURES = REPOSITORY / "out" / "kafka-faults.txt"
READ = ("accepted", "duplicates", "rejected", "resent")  # what becomes of a record of the crossings topic


def until(condition: Callable[[], object], what: Callable[[], object] | str, within_s: float = 90) -> None:
    """Return when the condition holds; fails, saying `what` was waited for, when it does not within so long."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {what if isinstance(what, str) else what()}")
        pause.wait(POLL_S)


class Child:
    """A command of ours in a process of its own; what it says on standard error goes to a file."""

    def __init__(self, name: str, folder: Path, words: list[str], settings: Mapping[str, str]) -> None:
        self.name, self.said = name, folder / f"{name}.err"
        env = environment(folder) | {f"LINEWATCH_{key.upper()}": value for key, value in settings.items()}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", *words], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """What it has said."""
        return self.said.read_text().splitlines()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def counts(self) -> Counter[str]:
        """Of its last line of progress."""
        for line in reversed(self.lines):
            if " progress " in line or " stopped: " in line:
                pairs = (word.split("=") for word in line.split() if "=" in word)
                return Counter({name: int(count) for name, count in pairs})
        return Counter()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        self.process.wait()

    def ended(self, code: int = 0, within_s: float = 60) -> Self:
        """It ends by itself, with this exit code."""
        until(lambda: not self.running, lambda: f"{self.name} ends; it said {self.lines[-3:]}", within_s)
        assert code == self.process.returncode, f"{self.name}: {self.lines[-5:]}"
        return self


class Said(NamedTuple):
    """What came out: the lines of JSON, sorted."""

    alerts: list[str]
    notices: list[str]
    control: list[str]
    rejects: list[tuple[str, str]]  # reason and raw bytes


class Answer(NamedTuple):
    """What one process says of a log, and what it counted."""

    said: Said
    counts: Counter[str]


class Case(NamedTuple):
    """A log, and what one process says of it."""

    log: Log
    answer: Answer


def embedded(
    folder: Path, log: Log, settings: Mapping[str, str] | None = None, *, dispositions: bool = False
) -> Answer:
    """The answer of `linewatch replay`."""
    wanted = {**RESULTS, **(settings or {})}
    flags = [word for name, value in wanted.items() for word in ("--set", f"{name}={value}")]
    if dispositions:
        flags += ["--dispositions", str(log.dispositions)]
    outputs = {name: folder / f"{name}.jsonl" for name in ("alerts", "notices", "control", "dead-letter")}
    flags += [str(word) for name, path in outputs.items() for word in (f"--{name}", path)]
    ended = linewatch(folder, "replay", log.path, *flags, "--progress", "none")
    assert 0 == ended.code, ended.err
    alerts, notices, control, rejects = (
        sorted(path.read_text().splitlines()) if path.exists() else [] for path in outputs.values()
    )
    rows = [line.split() for line in ended.out.splitlines() if line.strip()]
    numbers = [row for row in reversed(rows) if len(row) > 1 and row[1].replace(",", "").isdigit()]
    counts = {row[0]: int(row[1].replace(",", "")) for row in numbers}  # the first of a name counts
    compared = ("accepted", "duplicates", "rejected", "late", "alerts")
    return Answer(Said(alerts, notices, control, _raw(rejects)), Counter({name: counts[name] for name in compared}))


def _raw(lines: list[str]) -> list[tuple[str, str]]:
    return sorted((one["reason"], one.get("raw") or one.get("raw_base64", "")) for one in map(json.loads, lines))


class Cluster:
    """The workers and producers of one test."""

    def __init__(self, folder: Path, connection: Connection, prefix: str, settings: Mapping[str, str]) -> None:
        """`settings` beside those that are here for all tests."""
        self.folder, self.connection, self.prefix = folder, connection, prefix
        self.topics = Topics.of(prefix)
        at = {"kafka_bootstrap": ",".join(connection.bootstrap), "kafka_topics": prefix, "kafka_group": prefix}
        self.settings = RESULTS | QUICK | at | dict(settings)
        self.children: list[Child] = []
        self.workers: list[Child] = []

    def _start(self, name: str, words: list[str], settings: Mapping[str, str] | None = None) -> Child:
        child = Child(f"{name}-{len(self.children)}", self.folder, words, self.settings | dict(settings or {}))
        self.children.append(child)
        return child

    def worker(self, settings: Mapping[str, str] | None = None) -> Child:
        """Start one."""
        self.workers.append(self._start("worker", ["worker", "--progress", "lines"], settings))
        return self.workers[-1]

    def produce(self, log: Log, *words: str, dispositions: bool = False) -> Child:
        """Start to send a log."""
        more = ["--dispositions", str(log.dispositions)] if dispositions else []
        return self._start("produce", ["produce", str(log.path), "--progress", "none", *more, *words])

    def command(self, *words: str) -> Child:
        """Start any other command."""
        return self._start(words[0], list(words))

    def ready(self) -> int:
        """How many workers run and have partitions, or know that there are none for them."""
        return sum(w.running and any(" ready: " in line for line in w.lines) for w in self.workers)

    def kill(self, worker: Child) -> None:
        """SIGKILL; it is not counted any more."""
        worker.kill()
        self.workers.remove(worker)

    def replace_ended(self) -> int:
        """Start one for each worker that has ended by itself, as whoever runs them would; how many, with 1 each."""
        ended = [worker for worker in self.workers if not worker.running]
        for worker in ended:
            worker.ended(1)
            self.workers.remove(worker)
            self.worker()
        return len(ended)

    def configure(self, topic: str, **config: object) -> None:
        """Change settings of a topic; `_` in their names stands for a dot."""
        wanted = {name.replace("_", "."): str(value) for name, value in config.items()}
        with closing(self.connection.admin()) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])

    # -- what is there --------------------------------------------------------------------------------------------

    def came(self) -> int:
        """Records in the crossings topic, ever."""
        return self._end(self.topics.crossings)

    def _end(self, topic: str) -> int:
        found = look(self.connection, self.prefix)
        return sum(ends(self.connection, [(topic, found[topic].partitions)])[topic]) if topic in found else 0

    def counts(self) -> Counter[str]:
        """Of all workers, as of their last lines of progress."""
        total: Counter[str] = Counter()
        for worker in self.workers:
            total.update(worker.counts())
        return total

    def assessed(self, least: int, within_s: float = 90) -> None:
        """Wait until so many crossings were decided."""
        self.until(lambda: self.counts()["assessed"] >= least, f"{least} crossings decided", within_s)

    def until(self, condition: Callable[[], object], what: str, within_s: float = 90) -> None:
        """Wait for a condition, and say how the workers stand where it does not come."""
        until(condition, lambda: f"{what}\n{self.standing()}", within_s)

    def standing(self) -> str:
        """What the children said last."""
        last = [f"{child.name} {child.process.poll()}: {child.lines[-3:]}" for child in self.children]
        return "\n".join([f"{self.came()} records, {dict(self.counts())}", *last])

    def settled(self, records: int | None = None, within_s: float = 120) -> Counter[str]:
        """Wait until every record in the crossings topic was read and every crossing decided; the counts then."""
        came = self.came() if records is None else records

        def done() -> bool:
            counts = self.counts()
            read = came == sum(counts[name] for name in READ) and counts["accepted"] == counts["assessed"]
            return read and not counts["unwritten"] and self.ready() == len(self.workers)

        self.until(done, f"all of {came} records are decided", within_s)
        return self.counts()

    def settle_restarting(self, within_s: float = 150) -> int:
        """As `settled`, while workers that end with 1 are started again; how many were."""
        again = 0

        def done() -> bool:
            nonlocal again
            again += self.replace_ended()
            counts = self.counts()
            read = sum(counts[name] for name in READ)
            decided = counts["accepted"] == counts["assessed"] > 0 and read == self.came()
            return decided and not counts["unwritten"] and self.ready() == len(self.workers)

        self.until(done, "all records are decided", within_s)
        return again

    def stop(self) -> None:
        """End all workers in their own way, and see that they do."""
        for worker in self.workers:
            worker.signal(signal.SIGTERM)
        for worker in self.workers:
            worker.ended(0)

    def close(self) -> None:
        """Leave nothing behind."""
        for child in self.children:
            if child.running:
                child.kill()

    def committed(self, topic: str) -> list[str]:
        """The values of the committed records of a topic, sorted."""
        partitions = look(self.connection, self.prefix)[topic].partitions
        found = (read_all(self.connection, topic, number, committed=True) for number in range(partitions))
        return sorted(record.value.decode() for records in found for record in records)

    def agree(self, case: Case) -> Counter[str]:
        """Wait for the end, stop, and compare with one process; the counts.

        Nothing is lost, nothing is there twice among what is committed, and every record is accounted for.
        """
        counts = self.settled()
        self.stop()
        said = self.said()
        assert case.answer.said == said, difference(case.answer.said, said)
        expected, found = case.answer.counts, {name: counts[name] for name in case.answer.counts}
        assert expected == found, f"expected {dict(expected)}, found {dict(counts)}\n{self.standing()}"
        assert self.came() == sum(counts[name] for name in READ)
        return counts

    def said(self) -> Said:
        """What is committed in the topics now."""
        alerts, notices, control, rejects = map(
            self.committed, (self.topics.alerts, self.topics.notices, self.topics.control, self.topics.rejects)
        )
        return Said(alerts, notices, control, _raw(rejects))


def difference(expected: Said, found: Said) -> str:
    """Of each kind what is missing and what is too much, the first of each."""
    lines = []
    for kind in Said._fields:
        wanted, has = Counter[object](getattr(expected, kind)), Counter[object](getattr(found, kind))
        missing, more = list((wanted - has).elements()), list((has - wanted).elements())
        if missing or more:
            lines.append(f"{kind}: {len(missing)} missing {missing[:1]}, {len(more)} too much {more[:1]}")
    return "\n".join(lines)


def note(what: str, **figures: object) -> None:
    """Add a line to out/kafka-faults.txt, from which the table in docs/kafka.md is made."""
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a") as file:
        file.write(f"{what}: " + ", ".join(f"{name} {value}" for name, value in figures.items()) + "\n")


@contextmanager
def cluster(
    folder: Path, connection: Connection, prefix: str, settings: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A cluster of nobody yet; whatever still runs at the end is killed."""
    made = Cluster(folder, connection, prefix, settings or {})
    try:
        yield made
    finally:
        made.close()
