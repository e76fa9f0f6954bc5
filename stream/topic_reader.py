"""What is new in some topics since the places that a reader remembers itself? All partitions, committed records only.

For a reader in no group: it keeps its places with what it makes of the records, so each has its effect once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from kafka import TopicPartition

from stream.kafka_clients import Connection

Place = tuple[str, int]  # topic, partition
ASK_S = 10.0  # after so long a silence the broker is asked whether it is there


class News(NamedTuple):
    """What came, by topic, in the order of each partition; and the offset of the next record of each that moved."""

    values: dict[str, list[bytes]]
    positions: dict[Place, int]


class TopicReader:
    """From places to the end and on. Unavailable when no broker answers, at the start or later: make another one."""

    def __init__(
        self, connection: Connection, known: Mapping[Place, int], since_ms: Mapping[str, int | None],
        *, now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Reads the topics of `since_ms` from the `known` places, else from that time (ms since 1970) or the start.

        A place that the broker does not have, because records were deleted or the topic is another one, is its first.
        """
        self._connection, self._now, self._heard = connection, now, now()
        with connection.explained("reading alerts"):
            self._consumer = connection.consumer(committed=True)
            try:
                self._begin(known, since_ms)
            except BaseException:
                self.close()
                raise

    def _begin(self, known: Mapping[Place, int], since_ms: Mapping[str, int | None]) -> None:
        consumer = self._consumer
        places = [TopicPartition(t, k) for t in since_ms for k in sorted(consumer.partitions_for_topic(t) or ())]
        consumer.assign(places)
        first, end = consumer.beginning_offsets(places), consumer.end_offsets(places)
        asked = {place: since for place in places if (since := since_ms[place.topic]) is not None}
        found = consumer.offsets_for_times(asked) if asked else {}
        self._places = {}
        for place in places:
            start = first[place]
            if place in asked:  # nothing as new as that: only what comes from now on
                start = end[place] if found.get(place) is None else found[place].offset
            at = known.get((place.topic, place.partition), start)
            self._places[place] = at if first[place] <= at <= end[place] else first[place]
            consumer.seek(place, self._places[place])

    def poll(self, timeout_ms: int) -> News:
        """What has come; perhaps nothing. Positions move over what transactions have left behind, too."""
        with self._connection.explained("reading alerts"):
            values: dict[str, list[bytes]] = {}
            for place, records in self._consumer.poll(timeout_ms=timeout_ms).items():
                values.setdefault(place.topic, []).extend(record.value or b"" for record in records)
            moved = {p: at for p, old in self._places.items() if (at := self._consumer.position(p)) != old}
            if moved:
                self._heard = self._now()
            elif self._now() - self._heard > ASK_S:
                self._consumer.end_offsets(list(self._places))
                self._heard = self._now()
        self._places |= moved
        return News(values, {(place.topic, place.partition): at for place, at in moved.items()})

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
