"""Which partitions does a worker have, and when are they saved?

After a rebalance those that stayed are kept as they are, if nobody else had them in between; new ones are taken over
and restored, several at a time, since each waits for the broker most of the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from stream.exchange import Board
from stream.homes import Home, Homes, P
from stream.port_partition import PortPartition
from stream.publisher import Publisher
from stream.sessions import Sessions
from stream.shared import LAG
from stream.vehicle_partition import VehiclePartition

AT_ONCE = 8  # partitions that are restored at the same time
ASK_S = 30.0
SPREAD = 0.9  # of the even share of time that lies between two checkpoints


class Tenants:
    """The homes of both stages at one worker, and how far it has heard the exchange."""

    def __init__(
        self, homes: Homes, publisher: Publisher, boards: tuple[Board, Board], now: Callable[[], float]
    ) -> None:  # fmt: skip
        self._homes, self._publisher, self._now = homes, publisher, now
        self.vehicle_board, self.port_board = boards
        self.vehicles: dict[int, Home[VehiclePartition]] = {}
        self.at_ports: dict[int, Home[PortPartition]] = {}
        self.sessions = Sessions(now)
        self.exchange_to = 0
        self._saved_at = now()  # whichever

    def all(self) -> Iterator[Home[VehiclePartition] | Home[PortPartition]]:
        """Every home."""
        yield from self.vehicles.values()
        yield from self.at_ports.values()

    def settle(self, vehicles: set[int], at_ports: set[int]) -> int:
        """Have just these from now on; returns from where on the exchange is to be heard. Blocks until restored."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            opened = self._settle(pool, self.vehicles, vehicles, lambda n: self._homes.vehicle(n, self.vehicle_board))
            opened += self._settle(pool, self.at_ports, at_ports, lambda n: self._homes.port(n, self.port_board))
        for home in opened:
            home.saved_at = self._now()
            for word in home.sessions:
                self.sessions.hear(word)
        return min((home.exchange_from for home in opened), default=self.exchange_to)

    def _settle(
        self, pool: ThreadPoolExecutor, here: dict[int, Home[P]], wanted: set[int], take: Callable[[int], Home[P]]
    ) -> list[Home[VehiclePartition] | Home[PortPartition]]:
        """One stage; the homes that were opened."""
        kept = sorted(here.keys() & wanted)
        ours = pool.map(lambda number: self._homes.still_ours(here[number]), kept)
        lost: list[int] = [number for number, is_ours in zip(kept, ours, strict=True) if not is_ours]
        for number in [*lost, *sorted(here.keys() - wanted)]:
            self._publisher.shut(here.pop(number).outlet)
        new = sorted(wanted - here.keys())
        here.update(zip(new, pool.map(take, new), strict=True))
        return [here[number] for number in new]

    def note_missing(self, home: Home[VehiclePartition]) -> None:
        """Records did not come one after the other: were some deleted before they were read? Asked now and then."""
        if self._now() - home.asked_at >= ASK_S:
            home.asked_at = self._now()
            self._homes.note_missing(home, home.partition.read_to)

    def forget(self) -> None:
        """What every partition here has taken in; whoever comes later reads the exchange from where it was."""
        self._forget(self.vehicle_board, self.vehicles)
        self._forget(self.port_board, self.at_ports)

    def _forget(self, board: Board, here: dict[int, Home[P]]) -> None:
        upto = min((home.partition.taken for home in here.values()), default=board.complete - LAG)
        board.forget(upto, {number: home.partition.position for number, home in here.items()})

    def save_due(self, every_s: float) -> None:
        """Begin a checkpoint of the partition that has waited longest, if one is due; spread over the time."""
        now, homes = self._now(), list(self.all())
        if not homes or now - self._saved_at < SPREAD * every_s / len(homes):
            return
        due = [home for home in homes if home.changed and not home.busy and now - home.saved_at >= every_s]
        if due:
            self._save(min(due, key=lambda home: home.saved_at))

    def save_all(self) -> None:
        """Save what has changed, and wait until it stands. For a rebalance and the end; blocks."""
        for home in self.all():
            if home.changed and not home.outlet.lost:
                self._save(home)
        self._publisher.wait()

    def _save(self, home: Home[VehiclePartition] | Home[PortPartition]) -> None:
        home.changed, home.busy, home.saved_at = False, True, self._now()
        self._saved_at = home.saved_at

        def stands() -> None:
            home.busy = False

        self._homes.save(home, exchange_to=self.exchange_to, sessions=self.sessions.words(), done=stands)

    @property
    def missed(self) -> int:
        """Records that were deleted before they were read, by the partitions that are here."""
        return sum(home.partition.counts["missed"] for home in self.all())

    def counts(self) -> Counter[str]:
        """What happened at the partitions that are here, under their earlier owners too."""
        out: Counter[str] = Counter()
        for home in self.all():
            out.update(home.partition.counts)
        out["duplicates"] = sum(home.partition.stage.duplicates for home in self.vehicles.values())
        return out
