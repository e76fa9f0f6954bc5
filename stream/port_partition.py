"""What does one partition of the port stage do? It orders what all vehicle partitions send it, and decides.

A pure function of the packets in the order of its topic, of the dispositions (in the first partition) and of the words
of the other partitions. A packet that a restarted vehicle partition sends again is known by its offsets. Like
`stream/vehicle_partition.py` it holds no client and no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.dispositions import Given
from stream.alerts import AlertBuilder
from stream.assessment import Assessed, Assessment
from stream.clock import NEVER
from stream.exchange import FIRST, NOT_YET, Board, Closed, Matched, pack, with_matches
from stream.notices import FOR_SUPERVISORS, NoticeBuilder
from stream.packets import BUSY, Packet
from stream.pipeline import Decided, control_of
from stream.port_stage import PortStage
from stream.reorder import Ordered, Reorder
from stream.shared import LAG, period_of
from stream.stages import Layout, runs


class PortStep(NamedTuple):
    """What a step brought: decisions, and words for the other partitions."""

    decided: Decided
    said: list[Closed | Matched]


class PortPartition:
    """One partition's stage, the crossings that wait, and how far each vehicle partition has come."""

    def __init__(
        self, number: int, stage: PortStage, layout: Layout, builder: AlertBuilder, notices: NoticeBuilder,
        board: Board, sources: int,
    ) -> None:  # fmt: skip
        self.number, self.stage, self.layout, self.board = number, stage, layout, board
        self.builder, self.notices = builder, notices
        self.reorder = Reorder(stage.config.lateness_ms, sources)
        self.heard = np.full(sources, -1, np.int64)  # source -> offset of the last crossing that came
        self.idle_at = np.full(sources, BUSY, np.int64)  # source -> where it said that nothing is there to come
        self.sent_to = np.zeros(sources, np.int64)  # source -> producers have sent, or may yet send, what lies before
        self.passed_ms = NEVER  # what lies below is complete and in order
        self.position = 0  # every packet before it is taken in
        self.closed = NOT_YET
        self.taken = NOT_YET
        self.matched = NOT_YET  # hours whose dispositions were looked up here
        self.counts: Counter[str] = Counter()
        self.taken_ms: dict[str, int] = {}  # crossing_id -> when the broker got it, of those that wait
        self._ready: list[Ordered] = []

    def offer(self, packet: Packet, position: int) -> None:
        """The packet before offset `position` of the partition's topic. ValueError when a source is not there."""
        for part in packet.parts:
            if not 0 <= part.source < len(self.heard):
                raise ValueError(f"a packet of {len(self.heard)} partitions is required, this has one of {part.source}")
        if position <= self.position:
            return
        self.position = position
        if packet.rows is not None:
            self._take(packet, packet.rows)
        for source, reached_ms, idle_at, _ in packet.parts:
            self.reorder.newest[source] = max(int(self.reorder.newest[source]), reached_ms)
            self.idle_at[source] = idle_at

    def _take(self, packet: Packet, rows: Assessment) -> None:
        """Let the crossings wait that were not heard before."""
        source = np.repeat([part.source for part in packet.parts], [part.size for part in packet.parts])
        new = np.flatnonzero(packet.offset > self.heard[source])
        if not len(new):
            return
        np.maximum.at(self.heard, source[new], packet.offset[new])
        rows = rows if len(new) == len(packet.offset) else rows.take(new)
        rows = rows._replace(place_ms=np.maximum(rows.place_ms, self.passed_ms))
        self.reorder.wait(rows)
        self.taken_ms.update(zip(rows.batch.crossing_id.tolist(), packet.taken_ms[new].tolist(), strict=True))

    def skip_to(self, offset: int) -> None:
        """Packets before it are not kept any more."""
        self.position = max(self.position, offset)

    @property
    def watermark(self) -> int:
        """The slowest of those that are not silent; where all are, everything that came may go.

        That a source is silent may have been said by an owner that has died since: whoever has it next is waited for
        where producers say that there is more.
        """
        newest, busy = self.reorder.newest, self.idle_at < np.maximum(self.sent_to, 0)
        if not busy.any():
            return int(newest.max()) + 1
        return int(newest[busy].min()) - self.reorder.lateness_ms

    def step(self, ports: int) -> PortStep:
        """Release, decide as far as the hours allow, close the hours that are complete."""
        self.stage.know(ports)
        self.passed_ms = max(self.passed_ms, self.watermark)
        released = self.reorder.release(self.passed_ms)
        if released is not None:
            self._ready.append(released)
        decided, said = Decided.nothing(), list[Closed | Matched]()
        self._decide(decided, ports)
        closed = self._close()
        said += [closed] if closed is not None else []
        said += self._match()
        return PortStep(decided, said)

    def _decide(self, decided: Decided, ports: int) -> None:
        while self._ready:
            ordered = self._ready[0]
            done = 0
            for first, last in runs(period_of(ordered.at_ms)):
                period = int(period_of(ordered.at_ms[first]))
                if not self.board.may_enter(period, self.taken):
                    break
                self.enter(period, ports)
                cut = slice(first, last)
                self._verdicts(Ordered(ordered.rows.take(cut), ordered.at_ms[cut], ordered.late[cut]), decided, ports)
                done = last
            if done < len(ordered.at_ms):
                cut = slice(done, None)
                self._ready[0] = Ordered(ordered.rows.take(cut), ordered.at_ms[cut], ordered.late[cut])
                return
            self._ready.pop(0)

    def enter(self, period: int, ports: int) -> None:
        """Take in the sums that count from this hour on."""
        for hour, parts in self.board.due(self.taken, period - LAG):
            if hour not in self.stage.watch.closed:  # the others had something in this hour, this partition had not
                self.stage.collect(hour)
            self.stage.publish(hour, with_matches(parts, self.board.matched.get(hour, {})))
        self.taken = max(self.taken, period - LAG)
        self.stage.enter(period, ports)

    def _verdicts(self, ordered: Ordered, decided: Decided, ports: int) -> None:
        for verdicts in self.stage.push(ordered, ports):
            alerts = self.builder.alerts(verdicts)
            decided.alerts.extend(alerts)
            decided.assessed.append(verdicts.assessed)
            decided.control.extend(control_of(verdicts.assessed, self.builder.ports))
            words = [w for w in self.stage.watch.said() if self.number == FIRST or w.kind not in FOR_SUPERVISORS]
            decided.notices.extend(self.notices.notices(words))
            decided.notices.extend(self.notices.integrity(verdicts))
            self._count(verdicts.assessed, len(alerts))

    def _count(self, assessed: Assessed, alerts: int) -> None:
        self.counts.update(assessed=len(assessed.late), late=int(assessed.late.sum()), alerts=alerts)

    def _close(self) -> Closed | None:
        """Hand over the hours that are decided; None where the others have them already."""
        head = min((int(o.at_ms[0]) for o in self._ready), default=self.passed_ms)
        upto = int(period_of(min(head, self.passed_ms))) - 1
        if upto <= self.closed:
            return None
        self.closed = upto
        known = self.board.closed[self.number]
        hours = sorted(hour for hour in self.stage.open_periods() if hour <= upto)
        collected = {hour: self.stage.collect(hour) for hour in hours}
        if upto <= known:
            return None
        return Closed("port", self.number, upto, {hour: pack(c) for hour, c in collected.items() if hour > known})

    def _match(self) -> list[Matched]:
        """Answers to hours in which the first partition names dispositions."""
        said = []
        for hour in sorted(k for k in self.board.periods if self.matched < k <= self.closed):
            due = self.board.due_dispositions(hour)
            if due and self.number not in self.board.matched.get(hour, {}):
                examples = self.stage.feedback.match(due, hour)
                said.append(Matched(self.number, hour, [(*example,) for example in examples]))
        self.matched = max(self.matched, min(self.closed, self.board.closed[FIRST]))
        return said

    def hear(self, given: Sequence[Given]) -> None:
        """What people found; the first partition only.

        Each counts for an hour that nobody has closed yet: what is said of an hour stands. One that an earlier owner
        of this partition has named, after the checkpoint that this one goes on from, counts where that has named it.
        """
        named = {one.disposition_id: k for k in self.board.periods for one in self.board.due_dispositions(k)}
        first_open = max(self.closed, self.board.closed[self.number]) + 1
        self.stage.feedback.hear(given, first_open, named)

    def hold_ready(self) -> None:
        """Put what is ready back among what waits, for a checkpoint; it is released again at the next step."""
        for ordered in self._ready:
            self.reorder.put_back(ordered.rows._replace(place_ms=ordered.at_ms))
        self._ready = []
