"""How do dispositions come in? Lines of JSON to the few things that are learnt from: who looked, and what was found.

The msgspec mirror of `schemas.models.Disposition` (a test holds the two together). Names and notes of people are
checked and left behind: nothing here keeps who decided or what was written about it.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from schemas.errors import RAW_LIMIT, Reject
from schemas.lines import located, without_bom
from schemas.redact import redact
from schemas.refusal import Refusal, refusal
from schemas.wire import Moment, Text64, forbidden

OUTCOMES = ("cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined")
SELECTED_BY = ("alert", "random", "officer")
FOUND = frozenset({"seizure", "other_violation", "possible_victim"})
NOT_EXAMINED = "not_examined"
SOURCE = "dispositions"  # of rejects in the dead letter
SCHEMA = "disposition/1"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Outcome = Literal["cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined"]
SelectedBy = Literal["alert", "random", "officer"]


class WireDisposition(Struct):
    """All fields of the contract; unknown ones are passed over."""

    disposition_id: Text64
    crossing_id: Text64
    outcome: Outcome
    selected_by: SelectedBy
    by: Text64
    at: Moment
    alert_id: Text64 | None = None
    note: Annotated[str, Meta(max_length=4096)] | None = None


class Given(NamedTuple):
    """One disposition, in the order in which they are learnt from: by time, then by id."""

    at_ms: int
    disposition_id: str
    crossing_id: str
    outcome: str
    selected_by: str


class Decoded(NamedTuple):
    """What a block of lines held."""

    given: list[Given]
    rejects: list[Reject]


_DECODER = msgspec.json.Decoder(WireDisposition)


def decode(data: bytes, *, line: int = 1, offset: int = 0) -> Decoded:
    """The dispositions of zero or more whole lines, and a reject for each line that is none.

    `line` (1-based) and `offset` (bytes) say where `data` starts. Nothing raises.
    """
    given, rejects = [], []
    for place in located(without_bom(data, offset), line, offset):
        read = _read(place.raw)
        if isinstance(read, Given):
            given.append(read)
        else:
            raw = redact(place.raw)[:RAW_LIMIT]
            rejects.append(Reject(*read, place.number, place.offset, raw, len(place.raw), SOURCE))
    return Decoded(given, rejects)


def _read(raw: bytes) -> Given | Refusal:
    try:
        row = _DECODER.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return refusal(raw, error, SCHEMA)
    for name in ("disposition_id", "crossing_id", "by", "alert_id"):
        text: Any = getattr(row, name)
        if text is not None and forbidden(text):
            return "control_character", f"`{name}` holds control characters"
    since = row.at - _EPOCH
    at_ms = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    return Given(at_ms, row.disposition_id, row.crossing_id, row.outcome, row.selected_by)
