"""How does a worker get a partition, and how does it give it up? Take over, restore, checkpoint.

A partition's home holds it together with its outlet to Kafka and the log of its checkpoints. Taking over fences whoever
had it before; then the last checkpoint is read, and what was committed after it (alerts, notices, the sample, rejects),
so that none of that is committed again while the same records are assessed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import msgspec

from schemas.dispositions import SOURCE
from stream.changelog import Changelog, Restored
from stream.exchange import FIRST, Board
from stream.kafka_clients import Connection
from stream.lanes import Output
from stream.messages import Progress
from stream.partition_state import restore_port, restore_vehicle, stand
from stream.port_partition import PortPartition
from stream.publisher import Outlet, Publisher
from stream.state import StateTable
from stream.topic_log import end_of, read_all, start_of
from stream.topics import Topics
from stream.vehicle_partition import VehiclePartition

MARKER = 1  # the offset that the end of a transaction takes


class Builders(NamedTuple):
    """How fresh partitions and changelogs are made; ops/wiring.py knows."""

    vehicle: Callable[[int, Board], VehiclePartition]
    port: Callable[[int, Board], PortPartition]
    changelog: Callable[[], Changelog]


P = TypeVar("P", VehiclePartition, PortPartition)


@dataclass
class Home(Generic[P]):
    """One partition at this worker."""

    partition: P
    outlet: Outlet
    changelog: Changelog
    state_topic: str
    source_topic: str
    said: set[str] = field(default_factory=set)  # committed by earlier owners beyond what is assessed here
    exchange_from: int = 0  # what of the exchange it has yet to hear
    dispositions_from: int = 0
    sessions: list[Progress] = field(default_factory=list)  # as they were then
    state_end: int = 0  # of the state topic after our last checkpoint
    saved_at: float = 0.0
    asked_at: float = -1e9  # when it was last asked what the topic keeps
    changed: bool = False  # since the last checkpoint
    busy: bool = False  # a checkpoint is on its way

    @property
    def number(self) -> int:
        """Of the partition."""
        return self.partition.number


class Homes:
    """Opens and saves the homes of both stages."""

    def __init__(
        self, connection: Connection, topics: Topics, group: str, publisher: Publisher, build: Builders
    ) -> None:
        self._connection, self._topics, self._group = connection, topics, group
        self._publisher, self._build = publisher, build

    def vehicle(self, number: int, board: Board) -> Home[VehiclePartition]:
        """Take over a vehicle partition. Unavailable or ConfigError when its state cannot be read."""
        partition = self._build.vehicle(number, board)
        home = self._open("vehicle", partition, self._topics.state_vehicle, self._topics.crossings)
        restore_vehicle(partition, self._load(home, partition.stage.table))
        self.note_missing(home, partition.position)
        return self._heard(home)

    def port(self, number: int, board: Board) -> Home[PortPartition]:
        """Take over a port partition; the same errors."""
        partition = self._build.port(number, board)
        home = self._open("port", partition, self._topics.state_port, self._topics.assessed)
        restore_port(partition, self._load(home, partition.stage.table))
        self.note_missing(home, partition.position)
        return self._heard(home)

    def _open(self, stage: str, partition: P, state: str, source: str) -> Home[P]:
        outlet = self._publisher.open(f"{self._group}.{source}.{stage}.{partition.number}")
        return Home(partition, outlet, self._build.changelog(), state, source)

    def _load(self, home: Home[P], table: StateTable) -> Restored | None:
        records = read_all(self._connection, home.state_topic, home.number, committed=True)
        restored = home.changelog.load(((record.key, record.value) for record in records), table)
        home.state_end = end_of(self._connection, home.state_topic, home.number)
        if restored is not None:
            values = restored.values
            home.exchange_from, home.dispositions_from = values["exchange_from"], values["dispositions_from"]
            home.sessions = [msgspec.convert(word, Progress) for word in values["sessions"]]
            home.said = set(values["said"])
            home.outlet.ends = dict(restored.ends)
        return restored

    def _heard(self, home: Home[P]) -> Home[P]:
        """Find out what was committed since the checkpoint."""
        for topic, key, end in self._committed(home):
            home.said.add(said_of(topic, key))
            home.outlet.ends[topic] = end
        return home

    def _committed(self, home: Home[P]) -> Iterator[tuple[str, bytes | None, int]]:
        """What is in the topics of a home's outputs beyond `ends`: topic, key and the offset after it."""
        topics, number = self._topics, home.number
        at_ports = home.source_topic == topics.assessed
        places = [(topics.rejects, FIRST if at_ports else number)]
        if at_ports:
            places += [(topics.alerts, number), (topics.notices, number), (topics.control, number)]
        for topic, partition in places:
            start = home.outlet.ends.get(topic)
            for record in read_all(self._connection, topic, partition, start=start, committed=True, strict=False):
                if topic != topics.rejects or _refused_by(home, record.key or b"", at_ports=at_ports):
                    yield topic, record.key, record.offset + 1

    def note_missing(self, home: Home[P], wanted: int) -> None:
        """Count what the topic does not keep any more of what follows offset `wanted`, where somebody has read it."""
        first = start_of(self._connection, home.source_topic, home.number)
        if 0 < wanted < first:
            home.partition.counts["missed"] += first - wanted
            home.partition.skip_to(first)

    def still_ours(self, home: Home[P]) -> bool:
        """After a rebalance: take over again, and see whether anybody has committed anything in between."""
        old, home.outlet = home.outlet, self._publisher.open(home.outlet.name)
        home.outlet.ends = old.ends
        self._publisher.shut(old)
        same = not old.lost and home.state_end == end_of(self._connection, home.state_topic, home.number)
        return same and not any(self._committed(home))

    def save(
        self,
        home: Home[VehiclePartition] | Home[PortPartition],
        *,
        exchange_to: int,
        sessions: list[Progress],
        done: Callable[[], None],
    ) -> None:
        """Commit a checkpoint; `done` is called from the publisher's thread when it stands."""
        partition, outlet = home.partition, home.outlet
        kept, values = stand(partition, exchange_to)
        values |= {"dispositions_from": home.dispositions_from, "sessions": sessions, "said": sorted(home.said)}
        changes = home.changelog.save(partition.stage.table, kept, values, outlet.ends)
        outputs = [Output(home.state_topic, home.number, change.key, change.value, []) for change in changes]

        def stands() -> None:
            if not outlet.lost:
                home.state_end = outlet.ends[home.state_topic] + MARKER
            done()

        place = (home.source_topic, home.number, partition.position)
        self._publisher.commit(outlet, outputs, position=place, done=stands)


def said_of(topic: str, key: bytes | None) -> str:
    """By what an output is known again: its topic and its key."""
    return f"{topic} {(key or b'').decode(errors='replace')}"


def _refused_by(home: Home[P], key: bytes, *, at_ports: bool) -> bool:
    """Whether a record of the dead letter, where several write, is of this home: `Outputs.rejects` and `poison`."""
    if not at_ports:
        return key.isdigit()
    of_dispositions = home.number == FIRST and key.startswith(SOURCE.encode())
    return of_dispositions or key.startswith(f"{home.source_topic} {home.number} ".encode())
