"""What is in a topic? Every record of every partition, read with the library itself."""

from __future__ import annotations

from contextlib import closing
from typing import Any, NamedTuple

import msgspec
from kafka import TopicPartition

from stream.kafka_clients import Connection
from stream.messages import MARK_HEADER, PROGRESS_KEY, Mark, Progress


class Sent(NamedTuple):
    """A record of the crossings topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    mark: Mark


def records(connection: Connection, topic: str) -> list[Any]:
    """All records, by partition and offset."""
    with closing(connection.consumer()) as consumer:
        places = [TopicPartition(topic, k) for k in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Any] = []
        while any(consumer.position(place) < end for place, end in ends.items()):
            for some in consumer.poll(timeout_ms=500).values():
                found += some
    return sorted(found, key=lambda record: (record.partition, record.offset))


def crossings(connection: Connection, prefix: str) -> list[Sent]:
    """What `produce` sent, with the marks read."""
    return [
        Sent(r.partition, r.offset, r.key, r.value, Mark.decode(dict(r.headers)[MARK_HEADER]))
        for r in records(connection, f"{prefix}.crossings")
    ]


def words(connection: Connection, prefix: str) -> list[Progress]:
    """What producers said in the exchange."""
    decode = msgspec.msgpack.Decoder(Progress).decode
    return [decode(r.value) for r in records(connection, f"{prefix}.exchange") if r.key == PROGRESS_KEY]


def heard(sent: list[Sent]) -> list[Sent]:
    """What a worker takes of it: of each partition the records whose line is beyond all before, by line."""
    last: dict[tuple[int, int], int] = {}
    taken = []
    for record in sent:
        place = record.partition, record.mark.log
        if record.mark.line > last.get(place, 0):
            last[place] = record.mark.line
            taken.append(record)
    return sorted(taken, key=lambda record: record.mark.line)
