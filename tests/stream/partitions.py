"""How do workers run the stages? Real partitions of both stages, their topics in lists, interleaved at random.

Everything but Kafka: the partitions of `stream/vehicle_partition.py` and `stream/port_partition.py`, each with a board
of its own, as if every one sat on another worker; packets and words go through their bytes. Each turn one partition
takes in some of what is there for it. With `crashes` it may save itself, or be lost and go on elsewhere from what it
saved last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from schemas.codec import Codec
from schemas.dispositions import Given
from schemas.keys import key64
from schemas.plates import Pseudonymiser
from stream.alerts import AlertBuilder
from stream.changelog import Changelog
from stream.clock import EventClock
from stream.config import PipelineConfig
from stream.dealer import Dealer, Said
from stream.exchange import FIRST, Board, Closed, Matched
from stream.intake import Intake, Record
from stream.messages import Mark
from stream.notices import NoticeBuilder
from stream.packets import BUSY, Packets
from stream.partition_state import restore_port, restore_vehicle, stand
from stream.pipeline import Decided, detectors_of, port_stage, vehicle_stage
from stream.port_partition import PortPartition
from stream.stages import Layout
from stream.vehicle_partition import VehiclePartition
from tests.stream.compacted import Topic
from tests.stream.logs import registry

LOG = 7
Word = Closed | Matched


def failed(detector: object, error: Exception) -> None:
    """No detector may fail in these runs."""
    raise AssertionError(f"{detector}: {error}") from error


def codec_for(names: list[str]) -> Codec:
    """A codec whose ports have the numbers of `names`."""
    return Codec(registry(names), Pseudonymiser(b"k" * 32))


def records_of(lines: Sequence[bytes], names: list[str], partitions: int) -> list[list[Record]]:
    """The crossings topic as `linewatch produce` fills it: marked, by vehicle, offsets from 0 in each partition."""
    codec, clock = codec_for(names), EventClock()
    topic: list[list[Record]] = [[] for _ in range(partitions)]
    for number, line in enumerate(lines, 1):
        batch = codec.decode(line).batch
        before = clock.newest
        reached = clock.newest if not len(batch) else int(clock.reached(batch.time_ms)[-1])
        home = topic[key64(batch.vehicle[0]) % partitions if len(batch) else number % partitions]
        home.append(Record(len(home), 0, line, Mark(LOG, number, before, reached)))
    return topic


@dataclass
class Inbox:
    """One partition's board, and how far it has read the exchange and its own topic."""

    vehicles: Board
    ports: Board
    words: int = 0
    at: int = 0

    def hear(self, exchange: Sequence[Word], count: int) -> None:
        """So many words more."""
        for offset, word in enumerate(exchange[self.words : self.words + count], self.words):
            board = self.vehicles if isinstance(word, Closed) and word.stage == "vehicle" else self.ports
            board.take(word, offset)
        self.words = min(len(exchange), self.words + count)


@dataclass
class Cluster:
    """The partitions, their topics, and what was decided."""

    config: PipelineConfig
    names: list[str]
    vehicles: int
    ports: int
    exchange: list[Word] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    crashes: float = 0.0  # how often a turn ends in one; three times as often in a checkpoint
    crashed: int = 0
    trickle: Sequence[Given] = ()  # dispositions that come one by one while crossings are decided
    heard: int = 0  # of them
    sent_to: Sequence[int] = ()  # of each vehicle partition, how many records producers say they have sent

    def __post_init__(self) -> None:
        self.states = [Topic() for _ in range(self.vehicles + self.ports)]
        self.changelogs = [Changelog(bytes(16), {}) for _ in self.states]
        self.given: Sequence[Given] = ()
        self.packets, self.dealer = Packets(), Dealer(self.ports)
        self.unsent: list[Said] = []
        self.assessed: list[list[bytes]] = [[] for _ in range(self.ports)]
        self.inboxes = [self._inbox() for _ in range(self.vehicles + self.ports)]
        self.at_vehicles = [self.vehicle_partition(k) for k in range(self.vehicles)]
        self.at_ports = [self.port_partition(k) for k in range(self.ports)]

    def _inbox(self) -> Inbox:
        return Inbox(Board("vehicle", self.vehicles), Board("port", self.ports))

    def vehicle_partition(self, number: int) -> VehiclePartition:
        """A fresh one."""
        layout = Layout(detectors_of(self.config, registry(self.names)))
        intake = Intake(codec_for(self.names), codec_for(self.names), [0], self.config.lateness_ms)
        stage = vehicle_stage(self.config, layout, failed, alone=False)
        return VehiclePartition(number, stage, intake, self.inboxes[number].vehicles)

    def port_partition(self, number: int) -> PortPartition:
        """A fresh one."""
        ports = registry(self.names)
        layout = Layout(detectors_of(self.config, registry(self.names)))
        return PortPartition(
            number,
            port_stage(self.config, layout, ports, failed, alone=False),
            layout,
            AlertBuilder(layout, ports, self.config.config_id),
            NoticeBuilder(layout, ports, self.config.config_id),
            self.inboxes[self.vehicles + number].ports,
            self.vehicles,
        )

    def run(self, topic: list[list[Record]], rng: np.random.Generator, given: Sequence[Given] = ()) -> list[Decided]:
        """Turns at random until nothing is left to do; the first port partition hears the dispositions `given`."""
        self.given = given
        self.at_ports[FIRST].hear(given)
        quiet = 0
        while quiet < 20 * len(self.inboxes) or self.heard < len(self.trickle):
            before = self._told()
            number = int(rng.integers(len(self.inboxes)))
            self.inboxes[number].hear(self.exchange, int(rng.integers(1, 9)))
            if self.heard < len(self.trickle) and float(rng.random()) < 0.02:
                self.at_ports[FIRST].hear([self.trickle[self.heard]])
                self.heard += 1
            if number < self.vehicles:
                if float(rng.random()) < 0.5 or any(one.source == number for one in self.unsent):
                    self._send()
                self._vehicle_turn(number, topic[number], int(rng.integers(1, 60)))
            else:
                self._port_turn(number - self.vehicles, int(rng.integers(1, 30)))
            quiet = 0 if self._told() != before else quiet + 1
            chance = float(rng.random())
            if chance < self.crashes:
                self.crash(number)
            elif chance < 4 * self.crashes:
                self._save(number)
        return self.decided

    def _partition(self, number: int) -> VehiclePartition | PortPartition:
        return self.at_vehicles[number] if number < self.vehicles else self.at_ports[number - self.vehicles]

    def _save(self, number: int) -> None:
        self._send()
        partition, inbox = self._partition(number), self.inboxes[number]
        kept, values = stand(partition, inbox.words)
        if number == self.vehicles + FIRST:
            values["dispositions_from"] = self.heard
        self.states[number].write(self.changelogs[number].save(partition.stage.table, kept, values))

    def crash(self, number: int) -> None:
        """What it knew is gone; another worker goes on from what it saved last."""
        self.crashed += 1
        self.unsent = [one for one in self.unsent if one.source != number]
        self.dealer.forget()
        self.inboxes[number] = self._inbox()
        log = self.changelogs[number] = Changelog(bytes(16), {})
        if number < self.vehicles:
            fresh = self.at_vehicles[number] = self.vehicle_partition(number)
            restored = log.load(self.states[number].compacted(), fresh.stage.table)
            restore_vehicle(fresh, restored)
        else:
            at_port = self.at_ports[number - self.vehicles] = self.port_partition(number - self.vehicles)
            restored = log.load(self.states[number].compacted(), at_port.stage.table)
            restore_port(at_port, restored)
            if restored is None and at_port.number == FIRST:
                at_port.hear(self.given)
        self.inboxes[number].at = self._partition(number).position
        self.inboxes[number].words = 0 if restored is None else restored.values["exchange_from"]
        self.inboxes[number].hear(self.exchange, len(self.exchange))  # to its end, before anything else
        if number == self.vehicles + FIRST:
            heard = 0 if restored is None else restored.values["dispositions_from"]
            self.at_ports[FIRST].hear(self.trickle[heard : self.heard])

    def _told(self) -> tuple[int, ...]:
        """What changes while there is something to do."""
        inboxes = self.inboxes
        return len(self.exchange), sum(i.words + i.at for i in inboxes), sum(len(d.assessed) for d in self.decided)

    def _vehicle_turn(self, number: int, topic: list[Record], count: int) -> None:
        partition, inbox = self.at_vehicles[number], self.inboxes[number]
        partition.offer(topic[inbox.at : inbox.at + count])
        inbox.at = min(len(topic), inbox.at + count)
        step = partition.step(len(self.names))
        idle = inbox.at == len(topic) and not partition.parked
        followed = partition.follow() if idle else None
        self.exchange += [word for word in (step.closed, followed) if word is not None]
        self.unsent.append(Said(number, partition.reached_ms, partition.read_to if idle else BUSY, step.rows))

    def _send(self) -> None:
        """What several partitions have said goes together."""
        for number, packet in self.dealer.deal(self.unsent):
            self.assessed[number].append(self.packets.pack(packet))
        self.unsent = []

    def _port_turn(self, number: int, count: int) -> None:
        partition, inbox = self.at_ports[number], self.inboxes[self.vehicles + number]
        for data in self.assessed[number][inbox.at : inbox.at + count]:
            inbox.at += 1
            partition.offer(self.packets.unpack(data), inbox.at)
        partition.sent_to[: len(self.sent_to)] = self.sent_to
        step = partition.step(len(self.names))
        self.exchange += step.said
        self.decided.append(step.decided)
