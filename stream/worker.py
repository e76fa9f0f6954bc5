"""What does a worker do with what comes in? It feeds its partitions, and sends on what they say.

Everything happens in one thread, in `turn`: the engine (`stream/faust_engine.py`) and the tail of the exchange only put
what they have into lists and wake it. A partition is looked at when something came for it or when the hours moved on.
Nothing here raises for bad input: what cannot be read goes to the dead letter. What goes wrong with Kafka ends the
worker; another one, or the same one started again, goes on from the last checkpoint.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec
import numpy as np

from schemas.dispositions import decode
from schemas.errors import LinewatchError, Unavailable
from schemas.ports import Ports
from stream.agreed_ports import AgreedPorts
from stream.exchange import FIRST, Board, Closed, Matched
from stream.homes import Home, Homes, said_of
from stream.intake import Record
from stream.messages import Progress
from stream.outputs import Outputs
from stream.packets import Packet, Packets
from stream.port_partition import PortPartition
from stream.publisher import Output, Publisher
from stream.sessions import Sessions
from stream.topics import Topics
from stream.vehicle_partition import Rows, VehiclePartition

PUNCTUATE_MS = 50  # a port partition without crossings hears how far a vehicle partition is when it has come so far
AT_ONCE = 8  # partitions that are restored at the same time
MOST_PARKED = 20_000  # crossings of a partition that wait for an hour to open: then its topic is paused
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
    """The partitions of one process."""

    def __init__(
        self, homes: Homes, publisher: Publisher, topics: Topics, counts: tuple[int, int], registry: Registry,
        policy: Policy, clocks: Clocks,
    ) -> None:  # fmt: skip
        """`counts`: how many vehicle and how many port partitions there are in all."""
        self.homes, self.publisher, self.topics = homes, publisher, topics
        self.ports, self.agreed = registry
        self.policy, self._now = policy, clocks.now
        self.boards = {"vehicle": Board("vehicle", counts[0]), "port": Board("port", counts[1])}
        self.vehicles: dict[int, Home] = {}
        self.at_ports: dict[int, Home] = {}
        self.sessions = Sessions(clocks.now)
        self.exchange_to = 0
        self.heard: deque[tuple[str, Any]] = deque()  # from the tail's thread
        self.ends: Callable[[int], int | None] = lambda _: None  # partition -> the end of its crossings, if known
        self.moved = 0  # counts whatever a partition did, for the watchdog
        self._packets = Packets()
        self._outputs = Outputs(topics, clocks.wall_ms)
        self._came: set[tuple[str, int]] = set()
        self._last_came: dict[int, float] = {}
        self._told: dict[tuple[int, int], tuple[int, bool]] = {}  # (source, port partition) -> reached, idle
        self._idle: set[int] = set()
        self._spoken: set[str] = set()  # stages whose partitions have said something

    # -- what comes in ------------------------------------------------------------------------------------------

    def take_crossings(self, number: int, records: Sequence[Record]) -> None:
        """Records of the crossings topic."""
        home = self.vehicles.get(number)
        if home is not None and isinstance(home.partition, VehiclePartition):
            home.partition.offer(records)
            self._came.add(("vehicle", number))
            self._last_came[number] = self._now()
            self._idle.discard(number)

    def take_packets(self, number: int, values: Iterable[tuple[int, bytes]]) -> None:
        """Messages of the topic between the stages: offset and value."""
        home = self.at_ports.get(number)
        if home is None or not isinstance(home.partition, PortPartition):
            return
        for offset, value in values:
            try:
                packet = self._packets.unpack(value)
            except ValueError as problem:  # nobody but a worker writes there
                self.publisher.send([self._outputs.poison(self.topics.assessed, number, offset, value, str(problem))])
                continue
            if packet.rows is not None and int(packet.rows.batch.port.max()) >= len(self.ports):
                self.ports.learn(self.agreed.codes())
            home.partition.offer(packet, offset + 1)
        self._came.add(("port", number))

    def _listen(self) -> None:
        """What the tail has heard: words of partitions and producers, dispositions."""
        while self.heard:
            topic, record = self.heard.popleft()
            if topic == self.topics.exchange:
                self.take_word(record.offset, record.value)
                self.exchange_to = record.offset + 1
            elif topic == self.topics.dispositions:
                self.hear(record)

    def take_word(self, offset: int, value: bytes) -> None:
        """One message of the exchange."""
        try:
            word = _words(value)
        except msgspec.MsgspecError:
            return  # nobody but workers and producers writes there: not ours
        if isinstance(word, Progress):
            self.sessions.hear(word)
        else:
            stage = word.stage if isinstance(word, Closed) else "port"
            self.boards[stage].take(word, offset)
            self._spoken.add(stage)

    def hear(self, record: Any) -> None:
        """A record of the dispositions; what the first port partition has heard already is passed over."""
        home = self.at_ports.get(FIRST)
        if home is None or record.offset < home.dispositions_from or not isinstance(home.partition, PortPartition):
            return
        home.dispositions_from, home.changed = record.offset + 1, True
        decoded = decode((record.value or b"null").replace(b"\n", b" "), line=0, offset=record.offset)
        home.partition.hear(decoded.given)
        if decoded.rejects:
            self.publisher.commit(home.outlet, self._outputs.rejects(FIRST, decoded.rejects))

    # -- a turn -------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Do all there is to do now. Unavailable when Kafka has failed."""
        self._listen()
        came, self._came = self._came, set()
        spoken, self._spoken = self._spoken, set()
        for number, home in self.vehicles.items():
            self._vehicle_turn(home, looked="vehicle" in spoken or ("vehicle", number) in came)
        for number, home in self.at_ports.items():
            if "port" in spoken or ("port", number) in came:
                self._port_turn(home)
        if spoken:
            self._forget()
        self._checkpoint_due()
        if self.publisher.failed is not None:
            raise Unavailable(f"the worker cannot write to Kafka and ends: {self.publisher.failed}")

    def _vehicle_turn(self, home: Home, *, looked: bool) -> None:
        partition = home.partition
        assert isinstance(partition, VehiclePartition)
        reached = self.sessions.reached(partition.number, partition.read_to)
        if reached is not None and reached > partition.intake.standing.reached_ms:
            partition.reach(reached)
            looked = True
        idle = self._is_idle(partition)
        if not (looked or idle != (partition.number in self._idle) or (idle and self._behind(partition))):
            return
        step = partition.step(len(self.ports))
        words = [step.closed]
        if idle:
            words.append(partition.follow())
        (self._idle.add if idle else self._idle.discard)(partition.number)
        said = [self._outputs.word(word) for word in words if word is not None]
        self.publisher.send(self._assessed(partition, step.rows, idle=idle) + said)
        if step.rejects:
            self._commit(home, self._outputs.rejects(partition.number, step.rejects))
        if step.rows is not None or step.rejects or said:
            home.changed = True
            self.moved += 1

    def _behind(self, partition: VehiclePartition) -> bool:
        return max(partition.board.closed) > partition.closed

    def _is_idle(self, partition: VehiclePartition) -> bool:
        """Whether nothing is there to come, as far as can be known."""
        number = partition.number
        end = self.ends(number)
        if partition.parked or end is None or partition.read_to < end:
            return False
        if self.sessions.finished(number, partition.read_to):
            return True
        silent = self._now() - self._last_came.setdefault(number, self._now()) >= self.policy.idle_after_s
        return silent and not self.sessions.open

    def _assessed(self, partition: VehiclePartition, rows: Rows | None, *, idle: bool) -> list[Output]:
        """Packets for the port partitions: for each its crossings, or how far this partition is."""
        outputs, reached = [], partition.reached_ms
        width = len(self.boards["port"].closed)
        home = None if rows is None else rows.rows.batch.port % width
        for number in range(width):
            before, was_idle = self._told.get((partition.number, number), (-(2**62), False))
            packet = Packet(partition.number, reached, idle, None, np.empty(0, np.int64), np.empty(0, np.int64))
            mine = np.empty(0, np.int64) if home is None else np.flatnonzero(home == number)
            if rows is not None and len(mine):
                assessed, offset, taken_ms = rows
                packet = packet._replace(rows=assessed.take(mine), offset=offset[mine], taken_ms=taken_ms[mine])
            elif reached < before + PUNCTUATE_MS and idle == was_idle:
                continue
            self._told[partition.number, number] = (reached, idle)
            outputs.append(Output(self.topics.assessed, number, None, self._packets.pack(packet), []))
        return outputs

    def _port_turn(self, home: Home) -> None:
        partition = home.partition
        assert isinstance(partition, PortPartition)
        step = partition.step(len(self.ports))
        if step.said:
            self.publisher.send([self._outputs.word(word) for word in step.said])
        self._commit(home, self._outputs.decided(partition, step.decided))
        home.changed = True
        self.moved += 1

    def _commit(self, home: Home, outputs: list[Output]) -> None:
        """Write what was not written after the checkpoint that this home was restored from."""
        if home.said:
            fresh = [o for o in outputs if said_of(o.topic, o.key) not in home.said]
            home.said.difference_update(said_of(o.topic, o.key) for o in outputs)
            outputs = fresh
        if outputs:
            self.publisher.commit(home.outlet, outputs)

    def _forget(self) -> None:
        """Sums that every partition here has taken in."""
        for stage, here in (("vehicle", self.vehicles), ("port", self.at_ports)):
            if here:
                self.boards[stage].forget(min(home.partition.taken for home in here.values()))

    # -- checkpoints --------------------------------------------------------------------------------------------

    def _checkpoint_due(self) -> None:
        every, now = self.policy.checkpoint_every_s, self._now()
        for home in (*self.vehicles.values(), *self.at_ports.values()):
            if home.changed and not home.busy and now - home.saved_at >= every:
                self.checkpoint(home)
                return  # one a turn: nobody waits for all of them

    def checkpoint(self, home: Home) -> None:
        """Begin one."""
        home.changed, home.busy, home.saved_at = False, True, self._now()

        def stands() -> None:
            home.busy = False

        self.homes.save(home, exchange_to=self.exchange_to, sessions=self.sessions.words(), done=stands)

    def checkpoint_all(self) -> None:
        """Save what has changed, and wait until it stands. For a rebalance and the end; blocks."""
        for home in (*self.vehicles.values(), *self.at_ports.values()):
            if home.changed and not home.outlet.lost:
                self.checkpoint(home)
        self.publisher.wait()

    # -- which partitions ---------------------------------------------------------------------------------------

    def assign(self, vehicles: set[int], at_ports: set[int], history: Callable[[int, int], Iterable[Any]]) -> None:
        """Have just these partitions from now on; `history(start, end)` reads the exchange. Blocks until restored."""
        opened: list[Home] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:  # each waits for the broker most of the time
            for here, wanted, take, stage in (
                (self.vehicles, vehicles, self.homes.vehicle, "vehicle"),
                (self.at_ports, at_ports, self.homes.port, "port"),
            ):
                lost = [number for number in here if number not in wanted]
                ours = pool.map(lambda n, here=here: self.homes.still_ours(here[n]), kept := sorted(here.keys() & wanted))
                lost += [number for number, is_ours in zip(kept, ours, strict=True) if not is_ours]
                for number in lost:
                    self.publisher.shut(here.pop(number).outlet)
                new = sorted(wanted - here.keys())
                board = self.boards[stage]
                here.update(zip(new, pool.map(lambda n, take=take, board=board: take(n, board), new), strict=True))
                opened += [here[number] for number in new]
        for number, home in enumerate(opened):
            home.saved_at = self._now() + number * 0.1  # not all at once
            for word in home.sessions:
                self.sessions.hear(word)
        start = min((home.exchange_from for home in opened), default=self.exchange_to)
        for record in history(start, self.exchange_to):
            self.take_word(record.offset, record.value)
        self._told.clear()
        self._idle.clear()
        self._came |= {("vehicle", n) for n in self.vehicles} | {("port", n) for n in self.at_ports}

    def position(self, topic: str, number: int) -> int | None:
        """From where on records are wanted; None for a partition that is not here."""
        if topic == self.topics.crossings and number in self.vehicles:
            partition = self.vehicles[number].partition
            return partition.read_to if isinstance(partition, VehiclePartition) else None
        if topic == self.topics.assessed and number in self.at_ports:
            return self.at_ports[number].partition.position
        return None

    def behind(self) -> bool:
        """Whether records are there that were not assessed."""
        for number, home in self.vehicles.items():
            end = self.ends(number)
            if end is not None and home.partition.position < end:
                return True
        return False

    def overfull(self) -> set[int]:
        """Vehicle partitions whose topic should be paused for a while."""
        parked = {n: home.partition.parked for n, home in self.vehicles.items()}  # type: ignore[union-attr]
        return {n for n, count in parked.items() if count > MOST_PARKED}

    def counts(self) -> Counter[str]:
        """What happened at the partitions that are here, their earlier owners included."""
        out: Counter[str] = Counter()
        for home in (*self.vehicles.values(), *self.at_ports.values()):
            out.update(home.partition.counts)
            if isinstance(home.partition, VehiclePartition):
                out["duplicates"] += home.partition.stage.duplicates
        return out


def failed(problem: BaseException) -> LinewatchError:
    """What ends a worker, as one of ours."""
    return problem if isinstance(problem, LinewatchError) else Unavailable(f"the worker ends: {problem!r}")
