"""How do bytes become a batch of crossings?

A block of whole lines is decoded at once; only where that fails, or where the block is not neat, is it read line by
line, which costs less than twice as much. Whatever stands in a line, the outcome is a crossing or a reject, never an
exception, and it is the same however the stream is cut into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import numpy as np

from schemas.batch import Array, CrossingBatch
from schemas.columns import OPTIONAL, times_ms, to_batch
from schemas.errors import RAW_LIMIT, ConfigError, Reject
from schemas.keys import KeyCache
from schemas.lines import Line, filled, located, neat_lines, without_bom
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from schemas.redact import redact, redact_text
from schemas.refusal import TOO_DEEP, Refusal, refusal
from schemas.wire import WireCore, WireCrossing, all_fit, problem, too_deep

YEAR_1990_MS = 631_152_000_000
YEAR_2100_MS = 4_102_444_800_000
MAX_LINE_BYTES = 65_536
AHEAD_MS = 3_600_000  # how far ahead of its clock a live service accepts
_UNKNOWN_FIELD = "unknown field"  # in the decoder's message


class Decoded(NamedTuple):
    """The crossings of some lines, the rejects among them in order, and how many lines were not blank: the sum."""

    batch: CrossingBatch
    rejects: list[Reject]
    lines: int


class Codec:
    """Decodes JSONL; keeps no state that could change a result, except the ports that an open registry registers."""

    def __init__(
        self,
        ports: Ports,
        pseudonymiser: Pseudonymiser,
        *,
        earliest_ms: int = YEAR_1990_MS,
        latest_ms: int = YEAR_2100_MS,
        max_line_bytes: int = MAX_LINE_BYTES,
        clock: Callable[[], int] | None = None,
        wanted: Collection[str] = OPTIONAL,
    ) -> None:
        """Accept times from `earliest_ms` up to, not including, `latest_ms` (UTC, ms since 1970).

        `clock` (ms since 1970) is for live services: what is over an hour ahead of it is refused. Leave it None for
        recorded logs. Optional columns that are not `wanted` are checked like all, but left absent in the batch: they
        are a third of the work where trucks carry them. Raises ConfigError for times that are out of order.
        """
        if earliest_ms >= latest_ms:
            raise ConfigError(f"the earliest time accepted must be before the latest, got {earliest_ms}, {latest_ms}")
        if max_line_bytes < 1:
            raise ConfigError(f"max_line_bytes: 1 or more is required, got {max_line_bytes}")
        self._ports = ports
        self._pseudonymiser = pseudonymiser
        self._earliest_ms = earliest_ms
        self._latest_ms = latest_ms
        self._max_line_bytes = max_line_bytes
        self._clock = clock
        self._wanted = frozenset(wanted)
        self._cache = KeyCache()
        self._core = msgspec.json.Decoder(WireCore)
        self._full = msgspec.json.Decoder(WireCrossing)
        self._core_suffices = True  # until a line with other fields is seen: only the speed depends on it

    def decode(self, data: bytes, *, line: int = 1, offset: int = 0) -> Decoded:
        """Decode zero or more whole lines; the last line feed may be missing, blank lines are passed over.

        `line` (1-based) and `offset` (bytes, in the decompressed stream) say where `data` starts.
        """
        data = without_bom(data, offset)
        refused: dict[int, Refusal] = {}  # by place among the lines that are not blank
        rows = self._read_block(data)
        if rows is None:
            rows, refused = self._read_lines(data)
        total = len(rows) + len(refused)
        batch, unfit = self._check(rows, _is_plain(data))
        if unfit:
            places = [place for place in range(total) if place not in refused]
            refused |= {places[n]: why for n, why in unfit.items()}
        lines = located(data, line, offset) if refused else []
        rejects = [self._reject(lines[place], refused[place]) for place in sorted(refused)]
        return Decoded(batch, rejects, total)

    def _read_block(self, data: bytes) -> list[WireCore] | None:
        """All lines at once; None where they have to be read one by one."""
        count = neat_lines(data, self._max_line_bytes)
        if count is None:
            return None
        rows, error = _try_lines(self._core, data) if self._core_suffices else (None, _UNKNOWN_FIELD)
        if rows is None and _UNKNOWN_FIELD in error:
            self._core_suffices = False
            rows, _ = _try_lines(self._full, data)
        return rows if rows is not None and len(rows) == count else None

    def _read_lines(self, data: bytes) -> tuple[list[WireCore], dict[int, Refusal]]:
        """Rows in order, and by place among the lines that are not blank why the others are none."""
        rows: list[WireCore] = []
        refused: dict[int, Refusal] = {}
        ascii_only = data.isascii()
        decode = self._full.decode
        for place, raw in enumerate(filled(data)):
            try:
                if len(raw) > self._max_line_bytes:
                    refused[place] = "too_long", f"{len(raw)} bytes, at most {self._max_line_bytes} are accepted"
                elif too_deep(raw):
                    refused[place] = TOO_DEEP
                elif ascii_only or raw.decode():
                    rows.append(decode(raw))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                refused[place] = refusal(raw, error)
        return rows, refused

    def _check(self, rows: list[WireCore], plain: bool) -> tuple[CrossingBatch, dict[int, Refusal]]:
        """The batch of the rows that hold what the types cannot say, and by place in `rows` why the others do not."""
        time_ms = times_ms(rows)
        refused = self._time_refusals(time_ms)
        if not all_fit(rows, plain):
            refused |= {n: why for n, row in enumerate(rows) if (why := problem(row) or self._replace_plate(row))}
        port = self._port_numbers(rows, refused)
        if refused:
            keep = [n for n in range(len(rows)) if n not in refused]
            rows, time_ms, port = [rows[n] for n in keep], time_ms[keep], port[keep]
        return to_batch(rows, time_ms, port, self._ports, self._cache, self._wanted), refused

    def _replace_plate(self, row: WireCore) -> Refusal | None:
        if row.plate is None or row.plate_jurisdiction is None:
            return None
        try:
            row.vehicle, row.plate = self._pseudonymiser.pseudonym(row.plate, row.plate_jurisdiction), None
        except ValueError:
            return "out_of_range", "`plate`: at least one letter or digit is required"
        return None

    def _time_refusals(self, time_ms: Array) -> dict[int, Refusal]:
        latest = self._latest_ms if self._clock is None else min(self._latest_ms, self._clock() + AHEAD_MS + 1)
        outside = np.flatnonzero((time_ms < self._earliest_ms) | (time_ms >= latest))
        return {n: ("time_range", self._time_detail(int(time_ms[n]), latest)) for n in outside.tolist()}

    def _time_detail(self, time_ms: int, latest: int) -> str:
        early = time_ms < self._earliest_ms
        side, bound = ("before the earliest", self._earliest_ms) if early else ("not before the end", latest)
        return f"`occurred_at` {_utc(time_ms)} is {side} of what is accepted, {_utc(bound)}"

    def _port_numbers(self, rows: list[WireCore], refused: dict[int, Refusal]) -> Array:
        """Numbers in the registry, int32; -1 and an entry in `refused` where there is none. Registers in order."""
        if not refused:
            with suppress(KeyError):  # all known already: the usual case, and nothing to register
                known = self._ports.codes.__getitem__
                return np.fromiter(map(known, [row.port for row in rows]), np.int32, len(rows))
        why = "`port` is new, and the open registry is full" if self._ports.is_open else "`port` is not in the registry"
        port = np.full(len(rows), -1, np.int32)
        for n, row in enumerate(rows):
            if n not in refused:
                try:
                    port[n] = self._ports.code_of(row.port)
                except KeyError:
                    refused[n] = "unknown_port", why
        return port

    def _reject(self, line: Line, why: Refusal) -> Reject:
        long = len(line.raw) > self._max_line_bytes
        raw = redact_text(line.raw[:RAW_LIMIT]) if long else redact(line.raw)[:RAW_LIMIT]
        return Reject(*why, line.number, line.offset, raw, len(line.raw))


def _try_lines(decoder: msgspec.json.Decoder[Any], data: bytes) -> tuple[list[WireCore] | None, str]:
    """The rows, or None and the decoder's message, which must not leave this file."""
    try:
        return decoder.decode_lines(data), ""
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return None, str(error)


def _is_plain(data: bytes) -> bool:
    """Whether no text in it can hold a character that is not allowed: those must be escaped, non-ASCII or DEL."""
    return data.isascii() and b"\\" not in data and b"\x7f" not in data


def _utc(time_ms: int) -> str:
    return f"{np.datetime64(time_ms, 'ms')}Z"
