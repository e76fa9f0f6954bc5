"""How does what partitions say become records? Packets, alerts, notices, the sample, rejects, each in its topic.

What depends on the clock is carried beside an alert, in the record's headers: when the broker got the crossing
(`taken_ms`) and when the alert was issued (`issued_ms`), ms since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemas.errors import RAW_LIMIT, Reject
from stream.dealer import Dealer, Said
from stream.exchange import Closed, Matched
from stream.lanes import Headers, Output
from stream.messages import encode
from stream.packets import Packets
from stream.pipeline import Decided
from stream.port_partition import PortPartition
from stream.topics import Topics


class Outputs:
    """Makes records, for so many port partitions; `wall_ms` is the time of day."""

    def __init__(self, topics: Topics, port_partitions: int, wall_ms: Callable[[], int]) -> None:
        self._topics, self._wall_ms = topics, wall_ms
        self._dealer, self._packets = Dealer(port_partitions), Packets()

    def forget(self) -> None:
        """Begin anew: what was told may have been told by another worker."""
        self._dealer.forget()

    def assessed(self, said: Sequence[Said]) -> list[Output]:
        """Packets for the port partitions, of what vehicle partitions have said."""
        topic, pack = self._topics.assessed, self._packets.pack
        return [Output(topic, number, None, pack(packet), []) for number, packet in self._dealer.deal(said)]

    def decided(self, partition: PortPartition, decided: Decided) -> list[Output]:
        """Alerts, notices and control sample of a port partition."""
        topics, number = self._topics, partition.number
        out = [
            Output(topics.alerts, number, a.alert_id.encode(), a.to_json(), self._times(partition, a.crossing_id))
            for a in decided.alerts
        ]
        out += [Output(topics.notices, number, n.notice_id.encode(), n.to_json(), []) for n in decided.notices]
        out += [Output(topics.control, number, c.crossing_id.encode(), c.to_json(), []) for c in decided.control]
        for assessed in decided.assessed:
            for crossing_id in assessed.batch.crossing_id.tolist():
                partition.taken_ms.pop(crossing_id, None)
        return out

    def _times(self, partition: PortPartition, crossing_id: str) -> Headers:
        issued = ("issued_ms", str(self._wall_ms()).encode())
        taken = partition.taken_ms.get(crossing_id)
        return [issued] if taken is None else [("taken_ms", str(taken).encode()), issued]

    def rejects(self, number: int, rejects: Sequence[Reject]) -> list[Output]:
        """The dead letter: `offset` in it is that of the record."""
        topic = self._topics.rejects
        return [Output(topic, number, f"{r.source}{r.offset}".encode(), r.to_json(), []) for r in rejects]

    def poison(self, topic: str, number: int, offset: int, value: bytes, why: str) -> Output:
        """A message between the stages that is none."""
        reject = Reject("wrong_type", f"{topic}: {why}", 0, offset, b"", len(value[:RAW_LIMIT]), topic)
        return Output(self._topics.rejects, 0, f"{topic} {number} {offset}".encode(), reject.to_json(), [])

    def word(self, word: Closed | Matched) -> Output:
        """For the other partitions."""
        return Output(self._topics.exchange, 0, None, encode(word), [])
