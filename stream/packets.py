"""How do assessed crossings travel from the vehicle stage to the port stage? As packets: columns in one message.

A packet holds what the vehicle partitions of one worker have for one port partition: crossings, what the detectors said
of them, and how far each partition has come. It may hold no crossing: then it says just that. One message of many rows
costs what one message of one row costs, so the engine's price is paid per packet, not per crossing. Columns travel as
raw little-endian bytes in MessagePack, compressed with zstd; optional fields that no crossing carries are left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from schemas.batch import COLUMN_NAMES, OPTIONAL_FIELDS, TEXT_COLUMNS, CrossingBatch, absent, carried, dtype_of
from stream.assessment import Assessment

FORMAT = 3
BUSY = -1  # `Part.idle_at` of a partition for which more may come
LEVEL = 1  # of zstd: the columns are mostly empty, and time is what is short
_DTYPES = {"fresh": "u1", "p": "f8", "llr": "f8", "evidence": "f4", "place_ms": "i8", "reached_ms": "i8", "diary": "u2"}
_WIDE = ("p", "llr", "evidence", "diary")  # two-dimensional


class Part(NamedTuple):
    """What a packet has of one vehicle partition."""

    source: int
    reached_ms: int  # how far the partition has come, rows of other port partitions included
    idle_at: int  # it has read all records before this offset, and nothing is there to come; `BUSY` otherwise
    size: int  # crossings of it


class Packet(NamedTuple):
    """Crossings of each part in turn, in their order; `offset` and `taken_ms` are those of the records they came in."""

    parts: list[Part]
    rows: Assessment | None
    offset: NDArray[np.int64]  # [n] in the crossings topic
    taken_ms: NDArray[np.int64]  # [n] when the broker got it, ms since 1970


NOTHING = np.empty(0, np.int64)


class _Wire(msgspec.Struct, array_like=True):
    format: int
    parts: list[Part]
    n: int
    widths: dict[str, int]
    columns: dict[str, bytes]
    texts: dict[str, list[str | None]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Wire).decode


class Packets:
    """Packs and unpacks; one a thread."""

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(level=LEVEL).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def pack(self, packet: Packet) -> bytes:
        """The value of one message."""
        rows = packet.rows
        if rows is None:
            wire = _Wire(FORMAT, packet.parts, 0, {}, {}, {})
            return self._compress(_encode(wire))
        columns = {name: getattr(rows, name) for name in _DTYPES}
        widths = {name: columns[name].shape[1] for name in _WIDE}
        columns |= {"offset": packet.offset, "taken_ms": packet.taken_ms}
        texts = {}
        for name, column in rows.batch.columns():
            if name in TEXT_COLUMNS:
                texts[name] = column.tolist()
            elif name not in OPTIONAL_FIELDS or carried(name, column):
                columns[f"batch.{name}"] = column
        raw = {name: np.ascontiguousarray(column).tobytes() for name, column in columns.items()}
        wire = _Wire(FORMAT, packet.parts, len(packet.offset), widths, raw, texts)
        return self._compress(_encode(wire))

    def unpack(self, data: bytes) -> Packet:
        """The packet in a message's value. Raises ValueError for bytes that are none."""
        try:
            wire = _decode(self._decompress(data))
            if wire.format != FORMAT:
                raise ValueError(f"packets of format {FORMAT} are required, this has {wire.format}")
            return _packet(wire)
        except (zstandard.ZstdError, msgspec.MsgspecError, KeyError) as problem:
            raise ValueError(f"no packet of assessed crossings ({problem})") from None


def _packet(wire: _Wire) -> Packet:
    if any(part.size < 0 for part in wire.parts) or sum(part.size for part in wire.parts) != wire.n:
        raise ValueError(f"no packet: its parts do not have {wire.n} crossings")
    if not wire.n:
        return Packet(wire.parts, None, NOTHING, NOTHING)

    def column(name: str, dtype: Any) -> NDArray[Any]:
        return np.frombuffer(wire.columns[name], dtype).copy()  # the stages write into what they get

    batch: dict[str, NDArray[Any]] = {}
    for name in COLUMN_NAMES:
        if name in TEXT_COLUMNS:
            batch[name] = np.array(wire.texts[name], object)
        elif f"batch.{name}" in wire.columns:
            batch[name] = column(f"batch.{name}", dtype_of(name))
        else:
            batch[name] = absent(name, wire.n)
    rest = {name: column(name, dtype) for name, dtype in _DTYPES.items()}
    rest |= {name: rest[name].reshape(wire.n, wire.widths[name]) for name in _WIDE}
    rows = Assessment(CrossingBatch(**batch), **rest)
    return Packet(wire.parts, rows, column("offset", "i8"), column("taken_ms", "i8"))
