"""Which kinds of error are there, and what does each carry?

Three kinds only. `Reject` is data, not an exception: one input line that cannot be used, on its way to the dead letter
while the stream goes on. `ConfigError` stops the program at its start. `Unavailable` is retried with backoff.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

RAW_LIMIT = 4096  # bytes of a rejected line that are kept

# reason -> what it means; the closed label set of `linewatch_rejects_total{reason}`
REJECT_REASONS: dict[str, str] = {
    "json": "the line is not one JSON value",
    "not_utf8": "the line is not UTF-8",
    "too_long": "the line is longer than the limit",
    "too_deep": "objects or arrays are nested deeper than the limit",
    "not_object": "the line is JSON, but not an object",
    "schema_version": "`schema` names another version than crossing/1",
    "missing_field": "a required field is absent",
    "wrong_type": "a field has another type than the contract says",
    "out_of_range": "a value is outside the range or the list the contract allows",
    "control_character": "a text holds control characters",
    "conflict": "both `vehicle` and `plate` are given",
    "bad_time": "a time or date is not written as RFC 3339",
    "naive_time": "a time has no offset from UTC",
    "time_range": "the time is before the earliest or after the latest one accepted",
    "unknown_port": "the port is not in the registry, or the open registry is full",
    "redacted_plate": "the plate was already taken out of this line (a dead letter fed in again)",
}


class LinewatchError(Exception):
    """An error that a user can cause: its text is one line that says why and what to do."""


class ConfigError(LinewatchError):
    """A setting cannot be used. The text says which key, what was required, what came and what to do."""


class Unavailable(LinewatchError):  # noqa: N818 - it names a state that passes, not a fault
    """A broker, database or disk is away for now: retry with backoff, lose nothing."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One input line that could not be used.

    `line` is 1-based and `offset` is the byte offset of the line's start, both in the decompressed stream. `raw` is the
    line without its line end, plates redacted, cut to `RAW_LIMIT` bytes; `length` is its true length in bytes. `source`
    names the stream where that is not the crossings'.
    """

    reason: str
    detail: str
    line: int
    offset: int
    raw: bytes
    length: int = 0
    source: str = ""

    def to_json(self) -> bytes:
        """One dead-letter line, without its line end; `raw_base64` stands for `raw` where that is not UTF-8."""
        try:
            raw = {"raw": self.raw.decode()}
        except UnicodeDecodeError:
            raw = {"raw_base64": base64.b64encode(self.raw).decode()}
        fields = {"schema": "reject/1", "reason": self.reason, "detail": self.detail, "line": self.line}
        source = {"source": self.source} if self.source else {}
        record = {**fields, "offset": self.offset, "length": self.length, **source, **raw}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
