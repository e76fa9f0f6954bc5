"""How do the dispositions of a file get into their topic? Those that are not there yet, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from schemas.redact import redact
from stream.delivery import Delivery
from stream.lines import Block
from stream.produced import Values, digest

_IDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def send(blocks: Iterator[Block], delivery: Delivery, topic: str, there: Values) -> int:
    """Send each line that is neither blank nor among the values `there`; how many that were, all acknowledged.

    Delivery: every line at least once, whatever crashes; the worker knows a repeated one by its disposition_id. Lines
    that are no dispositions are sent too, for the dead letter; a plate that somebody wrote into one is not.
    """
    sent = 0
    for block in blocks:
        for line in block.data.split(b"\n"):
            value = redact(line)
            if not line.strip() or (known := digest(value)) in there:
                continue
            there.add(known)
            delivery.send(topic, value, key=crossing_of(value))
            sent += 1
        delivery.flush()
    return sent


def crossing_of(line: bytes) -> bytes | None:
    """The crossing that a disposition is about, as a key; None where that cannot be read."""
    try:
        return _TEXT.decode(_IDS.decode(line)["crossing_id"]).encode()
    except (msgspec.MsgspecError, ValueError, RecursionError, KeyError):
        return None
