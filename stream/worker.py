"""What does a worker do with what comes in? It feeds its partitions, and sends on what they say.

Everything happens in one thread, in `turn`: the engine (`stream/faust_engine.py`) and the tail of the exchange only put
what they have into lists and wake it. A partition is looked at when something came for it, or when other partitions
have said something. Nothing here raises for bad input: what cannot be read goes to the dead letter. What goes wrong
with Kafka ends the worker; another one, or the same one started again, goes on from the last checkpoint.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.dispositions import decode
from schemas.errors import Unavailable
from schemas.ports import Ports
from stream.agreed_ports import AgreedPorts
from stream.dealer import Said
from stream.exchange import FIRST, Closed, Matched
from stream.homes import Home, P, said_of
from stream.intake import Record
from stream.lanes import Output
from stream.messages import Progress
from stream.observer import Observer
from stream.outputs import Outputs
from stream.packets import BUSY, Packets
from stream.port_partition import PortPartition
from stream.publisher import Publisher
from stream.tenants import Tenants
from stream.topics import Topics
from stream.vehicle_partition import VehiclePartition

MOST_PARKED = 20_000  # crossings of a partition that wait for an hour to open: then its topic is paused
TURN_S = 0.05  # a turn ends soon after: the engine shares the thread
MOST_PACKETS = 50  # of a port partition here that wait: in a backlog decisions keep pace with what is assessed
_words = msgspec.msgpack.Decoder(Closed | Matched | Progress).decode


class Policy(NamedTuple):
    """Seconds."""

    checkpoint_every_s: float = 10.0
    idle_after_s: float = 0.25


class Registry(NamedTuple):
    """The ports, and how their numbers are agreed on."""

    ports: Ports
    agreed: AgreedPorts


class Clocks(NamedTuple):
    """Seconds that only rise, and the time of day in ms; neither ever reaches a result."""

    now: Callable[[], float]
    wall_ms: Callable[[], int]


class Worker:
    """The partitions of one process and what goes in and out."""

    def __init__(
        self, tenants: Tenants, publisher: Publisher, topics: Topics, registry: Registry, policy: Policy,
        clocks: Clocks, observer: Observer,
    ) -> None:  # fmt: skip
        self.tenants, self.publisher, self.topics = tenants, publisher, topics
        self.ports, self.agreed = registry
        self.policy, self._now, self._observer = policy, clocks.now, observer
        self.heard: deque[tuple[str, Any]] = deque()  # from the tail's thread
        self.end_of: Callable[[str, int], int | None] = lambda _, __: None  # topic, partition -> its end, if known
        self.strange = 0  # messages of the exchange that were none
        self.moved = 0  # counts whatever a partition did, for the watchdog
        self._packets = Packets()
        self._outputs = Outputs(topics, len(tenants.port_board.closed), clocks.wall_ms)
        self._came: dict[str, set[int]] = {"vehicle": set(), "port": set()}
        self._spoken: set[str] = set()  # stages whose partitions have said something
        self._last_came: dict[int, float] = {}
        self._idle: set[int] = set()
        self._said: list[Said] = []  # in this turn
        self._words: list[Output] = []
        self._sent_to: list[int] = []
        self._next = 0  # the vehicle partition to be looked at first

    def settled(self) -> None:
        """The partitions have changed: say everything anew, and look at all of them."""
        self._observer.settled()
        self._outputs.forget()
        self._idle.clear()
        self._came = {"vehicle": set(self.tenants.vehicles), "port": set(self.tenants.at_ports)}

    def take_crossings(self, number: int, records: Sequence[Record]) -> None:
        """Records of the crossings topic."""
        home = self.tenants.vehicles.get(number)
        if home is not None:
            if records[0].offset > home.partition.read_to > 0:
                self.tenants.note_missing(home)
            home.partition.offer(records)
            self._came["vehicle"].add(number)
            self._last_came[number] = self._now()

    def take_packets(self, number: int, values: Iterable[tuple[int, bytes]]) -> None:
        """Messages of the topic between the stages: offset and value."""
        home = self.tenants.at_ports.get(number)
        if home is None:
            return
        for offset, value in values:
            try:
                packet = self._packets.unpack(value)
                if packet.rows is not None and int(packet.rows.batch.port.max()) >= len(self.ports):
                    self.ports.learn(self.agreed.codes())
                home.partition.offer(packet, offset + 1)
            except ValueError as problem:  # nobody but a worker writes there
                self._commit(home, [self._outputs.poison(self.topics.assessed, number, offset, value, str(problem))])
                home.partition.skip_to(offset + 1)
                home.changed = True
        self._came["port"].add(number)

    def take_word(self, offset: int, value: bytes | None) -> None:
        """One message of the exchange; what is none is passed over: nobody but workers and producers writes there."""
        tenants = self.tenants
        try:
            word = _words(value or b"")
            if isinstance(word, Progress):
                tenants.sessions.hear(word)
            else:
                at_vehicles = isinstance(word, Closed) and word.stage == "vehicle"
                (tenants.vehicle_board if at_vehicles else tenants.port_board).take(word, offset)
                self._spoken.add("vehicle" if at_vehicles else "port")
        except (msgspec.MsgspecError, ValueError):
            self.strange += 1
        tenants.exchange_to = max(tenants.exchange_to, offset + 1)

    def take_disposition(self, record: Any) -> None:
        """A record of the dispositions; what the first port partition has heard already is passed over."""
        home = self.tenants.at_ports.get(FIRST)
        if home is None or record.offset < home.dispositions_from:
            return
        home.dispositions_from, home.changed = record.offset + 1, True
        decoded = decode((record.value or b"null").replace(b"\n", b" "), line=0, offset=record.offset)
        home.partition.hear(decoded.given)
        self._observer.refused(decoded.rejects)
        self._commit(home, self._outputs.rejects(FIRST, decoded.rejects))

    def turn(self) -> None:
        """Do all there is to do now. Unavailable when Kafka has failed."""
        while self.heard:
            topic, record = self.heard.popleft()
            if topic == self.topics.exchange:
                self.take_word(record.offset, record.value)
            else:
                self.take_disposition(record)
        self._hear_producers()
        spoken, self._spoken = self._spoken, set()
        if "vehicle" in spoken:
            self._came["vehicle"] |= self.tenants.vehicles.keys()
        if "port" in spoken:
            self._came["port"] |= self.tenants.at_ports.keys()
        self._look_around(self._now() + TURN_S)
        self._speak()
        if spoken:
            self.tenants.forget()
        self.tenants.save_due(self.policy.checkpoint_every_s)
        if self.publisher.failed is not None:
            raise Unavailable(f"the worker cannot write to Kafka and ends: {self.publisher.failed}")

    def _hear_producers(self) -> None:
        """Port partitions wait for what producers have sent."""
        sent_to = self.tenants.sessions.sent_to(len(self.tenants.vehicle_board.closed))
        if sent_to != self._sent_to:
            self._sent_to = sent_to
            self._came["port"] |= self.tenants.at_ports.keys()

    def _look_around(self, until: float) -> None:
        """Look at the partitions, decisions first; what is not reached by `until` is looked at in the next turn."""
        for number in sorted(self._came["port"] & self.tenants.at_ports.keys()):
            if self._now() >= until:
                return
            self._came["port"].discard(number)
            self._port_turn(self.tenants.at_ports[number])
        for number in self._in_turn():
            if self._now() >= until:
                return
            self._next = number + 1
            looked = number in self._came["vehicle"]
            self._came["vehicle"].discard(number)
            self._vehicle_turn(self.tenants.vehicles[number], looked=looked)

    def _speak(self) -> None:
        """Send what the partitions have said in this turn, in few messages."""
        outputs = self._outputs.assessed(self._said) + self._words
        self._said, self._words = [], []
        if outputs:
            self.publisher.send(outputs)

    def _in_turn(self) -> list[int]:
        """The vehicle partitions, from where the last turn ended."""
        numbers = sorted(self.tenants.vehicles)
        return [n for n in numbers if n >= self._next] + [n for n in numbers if n < self._next]

    @property
    def owes(self) -> bool:
        """Whether the next turn has something to do already."""
        return any(self._came.values())

    def _vehicle_turn(self, home: Home[VehiclePartition], *, looked: bool) -> None:
        partition = home.partition
        number = partition.number
        reached = self.tenants.sessions.reached(number, partition.read_to)
        if reached is not None and reached > partition.intake.standing.reached_ms:
            partition.reach(reached)
            looked = True
        idle = self._is_idle(partition)
        if not looked and idle == (number in self._idle):
            return
        began = self._now()
        step = partition.step(len(self.ports))
        if step.rows is not None:
            self._observer.took("vehicle", self._now() - began)
        self._observer.refused(step.rejects)
        words = [step.closed, partition.follow() if idle else None]
        (self._idle.add if idle else self._idle.discard)(number)
        said = [self._outputs.word(word) for word in words if word is not None]
        self._said.append(Said(number, partition.reached_ms, partition.read_to if idle else BUSY, step.rows))
        self._words += said
        self._commit(home, self._outputs.rejects(number, step.rejects))
        if step.rows is not None or step.rejects or said:
            home.changed = True
            self.moved += 1

    def _is_idle(self, partition: VehiclePartition) -> bool:
        """Whether nothing is there to come, as far as can be known."""
        number, sessions = partition.number, self.tenants.sessions
        end = self.end_of(self.topics.crossings, number)
        if partition.parked or end is None or partition.read_to < end:
            return False
        if sessions.finished(number, partition.read_to):
            return True
        silent = self._now() - self._last_came.setdefault(number, self._now()) >= self.policy.idle_after_s
        return silent and not sessions.open

    def _port_turn(self, home: Home[PortPartition]) -> None:
        began = self._now()
        home.partition.sent_to[:] = self._sent_to
        step = home.partition.step(len(self.ports))
        if step.decided.assessed:
            self._observer.took("port", self._now() - began)
            self._observer.decided(step.decided, home.partition.taken_ms)
        self._words += [self._outputs.word(word) for word in step.said]
        self._commit(home, self._outputs.decided(home.partition, step.decided))
        home.changed = True
        self.moved += 1

    def _commit(self, home: Home[P], outputs: list[Output]) -> None:
        """Write what was not written after the checkpoint that this home was restored from."""
        if home.said:
            fresh = [o for o in outputs if said_of(o.topic, o.key) not in home.said]
            home.said.difference_update(said_of(o.topic, o.key) for o in outputs)
            outputs = fresh
        if outputs:
            self.publisher.commit(home.outlet, outputs)

    def position(self, topic: str, number: int) -> int | None:
        """From where on records are wanted; None for a partition that is not here."""
        if topic == self.topics.crossings and number in self.tenants.vehicles:
            return self.tenants.vehicles[number].partition.read_to
        if topic == self.topics.assessed and number in self.tenants.at_ports:
            return self.tenants.at_ports[number].partition.position
        return None

    def behind(self) -> bool:
        """Whether records are there that were not assessed."""
        return any(
            (self.end_of(self.topics.crossings, number) or 0) > home.partition.position
            for number, home in self.tenants.vehicles.items()
        )

    def overfull(self) -> set[int]:
        """Vehicle partitions to be paused for a while: those that wait for an hour, or all while decisions lag."""
        for number, home in self.tenants.at_ports.items():
            if (self.end_of(self.topics.assessed, number) or 0) - home.partition.position > MOST_PACKETS:
                return set(self.tenants.vehicles)
        return {n for n, home in self.tenants.vehicles.items() if home.partition.parked > MOST_PARKED}
