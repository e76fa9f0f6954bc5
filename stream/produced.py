"""What of a log is in Kafka already? Read from the topics when a producer starts."""

from __future__ import annotations

from typing import TypeVar

import msgspec
import xxhash

from stream.kafka_clients import Connection
from stream.messages import PROGRESS_KEY, PortCode, Progress
from stream.topic_log import read_all

W = TypeVar("W", PortCode, Progress)


def registered_ports(connection: Connection, topic: str) -> list[str]:
    """The codes in the topic `ports`, each where it first stands: its place is the port's number."""
    words = (_word(PortCode, record.value) for record in read_all(connection, topic))
    return list(dict.fromkeys(word.code for word in words if word is not None))


def last_word(connection: Connection, topic: str, origin: int) -> Progress | None:
    """What was last said in the topic `exchange` of any session of the log `origin`."""
    last = None
    for record in read_all(connection, topic):
        word = _word(Progress, record.value) if record.key == PROGRESS_KEY else None
        last = word if word is not None and word.origin == origin else last
    return last


class Values(set[bytes]):
    """The values of a topic, as 128-bit digests."""

    @classmethod
    def of(cls, connection: Connection, topic: str) -> Values:
        """Those that are there now."""
        return cls(map(digest, (record.value for record in read_all(connection, topic))))


def _word(kind: type[W], value: bytes | None) -> W | None:
    """What a message says; None where it is none: everybody passes over it, so everybody counts the same."""
    try:
        return msgspec.msgpack.decode(value or b"", type=kind)
    except msgspec.MsgspecError:
        return None


def digest(value: bytes | None) -> bytes:
    """The digest of a value."""
    return xxhash.xxh3_128_digest(value or b"")
