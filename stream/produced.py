"""What of a log is in Kafka already? Read from the topics when a producer starts."""

from __future__ import annotations

import msgspec
import xxhash

from stream.kafka_clients import Connection
from stream.messages import PROGRESS_KEY, PortCode, Progress
from stream.topic_log import read_all


def registered_ports(connection: Connection, topic: str) -> list[str]:
    """The codes in the topic `ports`, each where it first stands: its place is the port's number."""
    decode = msgspec.msgpack.Decoder(PortCode).decode
    return list(dict.fromkeys(decode(record.value).code for record in read_all(connection, topic)))


def last_word(connection: Connection, topic: str, origin: int) -> Progress | None:
    """What was last said in the topic `exchange` of any session of the log `origin`."""
    decode = msgspec.msgpack.Decoder(Progress).decode
    last = None
    for record in read_all(connection, topic):
        if record.key == PROGRESS_KEY:
            word = decode(record.value)
            last = word if word.origin == origin else last
    return last


class Values(set[bytes]):
    """The values of a topic, as 128-bit digests."""

    @classmethod
    def of(cls, connection: Connection, topic: str) -> Values:
        """Those that are there now."""
        return cls(map(digest, (record.value for record in read_all(connection, topic))))


def digest(value: bytes | None) -> bytes:
    """The digest of a value."""
    return xxhash.xxh3_128_digest(value or b"")
