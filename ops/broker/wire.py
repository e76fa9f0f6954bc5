"""Does a Kafka broker answer at this port, ready to take topics and records? One request, written by hand.

The request is Metadata, version 1, for no topic (https://kafka.apache.org/protocol#The_Messages_Metadata). Its answer
lists the brokers that are alive. A broker that accepts connections but is still fenced by its controller lists none,
and would refuse to create a topic: so an open port, or an answer to ApiVersions, would be too early.
"""

from __future__ import annotations

import socket
import struct

TIMEOUT_S = 2.0
METADATA, VERSION, CORRELATION = 3, 1, 7
CLIENT = b"linewatch"
NO_TOPICS = 0
LARGEST = 1 << 16  # an answer about one broker and no topic has some 40 bytes


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """True when the broker there counts at least one broker alive."""
    body = struct.pack(f">hhih{len(CLIENT)}si", METADATA, VERSION, CORRELATION, len(CLIENT), CLIENT, NO_TOPICS)
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as line:
            line.sendall(struct.pack(">i", len(body)) + body)
            (size,) = struct.unpack(">i", _exactly(line, 4))
            if not 8 <= size <= LARGEST:
                return False
            correlation, brokers = struct.unpack(">ii", _exactly(line, size)[:8])
    except OSError:  # refused, reset, timed out, or closed in the middle
        return False
    return bool(correlation == CORRELATION and brokers > 0)


def _exactly(line: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        part = line.recv(count - len(got))
        if not part:
            raise ConnectionResetError
        got += part
    return got
