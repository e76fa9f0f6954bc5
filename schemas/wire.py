"""What does one line of crossings look like to the fast decoder?

The msgspec mirror of `schemas.models.Crossing`, with the same constraints (a test holds the two together), and the two
rules that a type cannot say: which fields go together, and which characters a text may not hold. The structs are not
tracked by the garbage collector (`gc=False`): they hold no cycles, and a block makes thousands.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.redact import REDACTED

SCHEMA = "crossing/1"
MAX_DEPTH = 64  # of nested objects and arrays; a fixed number, since the decoder's own depends on the caller's stack

# Not allowed in a text: C0 and C1 controls and DEL, line separators, marks that turn the direction of the writing
# (they make a screen show another id than the one that is stored), the byte order mark.
FORBIDDEN = r"\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"

Direction = Literal["inbound", "outbound"]
LaneType = Literal["general", "ready", "trusted", "commercial", "commercial_trusted", "bus"]
VehicleClass = Literal["passenger", "motorcycle", "bus", "truck", "tractor_trailer", "other"]
Text32 = Annotated[str, Meta(min_length=1, max_length=32)]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[dt.datetime, Meta(tz=True)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Occupants = Annotated[int, Meta(ge=0, le=999)]
Kilograms = Annotated[float, Meta(ge=0, le=1e6)]
Money = Annotated[float, Meta(ge=0, le=1e15)]
Seconds = Annotated[float, Meta(ge=0, le=1e7)]


class WireCore(Struct, gc=False, forbid_unknown_fields=True):
    """The fields that every source sends; a line with any other is left to `WireCrossing`."""

    crossing_id: Text64
    occurred_at: Moment
    port: Text32
    lane: Text64
    direction: Direction
    vehicle: Text64 | None = None
    plate: Text32 | None = None
    plate_jurisdiction: Text32 | None = None
    lane_type: LaneType = "general"
    vehicle_class: VehicleClass = "passenger"
    read_confidence: Fraction = 1.0
    schema: Literal["crossing/1"] = "crossing/1"


class WireCrossing(WireCore, gc=False, forbid_unknown_fields=False):
    """All fields of the contract; unknown ones are passed over."""

    occupants: Occupants | None = None
    driver: Text64 | None = None
    make: Text64 | None = None
    model: Text64 | None = None
    colour: Text64 | None = None
    registered_on: dt.date | None = None
    owner_changed_on: dt.date | None = None
    rental: bool | None = None
    weight_kg: Kilograms | None = None
    laden: bool | None = None
    trailer: Text64 | None = None
    carrier: Text64 | None = None
    shipper: Text64 | None = None
    consignee: Text64 | None = None
    commodity: Text64 | None = None
    declared_value: Money | None = None
    officer: Text64 | None = None
    wait_s: Seconds | None = None
    inspection_s: Seconds | None = None
    prequeue_lane: Text64 | None = None


CORE_TEXTS = ("crossing_id", "port", "lane", "vehicle", "plate_jurisdiction")
OTHER_TEXTS = (
    "driver", "make", "model", "colour", "trailer", "carrier", "shipper", "consignee", "commodity", "officer",
    "prequeue_lane",
)  # fmt: skip
_FORBIDDEN = re.compile(f"[{FORBIDDEN}]")
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def all_fit(rows: Sequence[WireCore], plain: bool) -> bool:
    """Whether it is certain at a glance that no row has a `problem` and each has its `vehicle`.

    `plain` says that no text in the rows can hold a forbidden character.
    """
    if [row.vehicle for row in rows].count(None) or [row.plate for row in rows].count(None) != len(rows):
        return False
    if plain or not rows:
        return True
    names = CORE_TEXTS + OTHER_TEXTS if isinstance(rows[0], WireCrossing) else CORE_TEXTS
    return all("".join(filter(None, map(attrgetter(name), rows))).isprintable() for name in names)


def forbidden(text: str) -> bool:
    """Whether a text holds a character that is not allowed."""
    return not text.isprintable() and _FORBIDDEN.search(text) is not None


def problem(row: WireCore) -> tuple[str, str] | None:
    """Reason and detail of what the types let through, None where all is well; the detail holds no value."""
    names = CORE_TEXTS + OTHER_TEXTS if isinstance(row, WireCrossing) else CORE_TEXTS
    for name in names:
        text = getattr(row, name)
        if text is not None and forbidden(text):
            return "control_character", f"`{name}` holds control characters"
    if row.plate is None:
        if row.vehicle is None:
            return "missing_field", "`vehicle` is required, or `plate` and `plate_jurisdiction`"
        return None
    if row.vehicle is not None:
        return "conflict", "`vehicle` and `plate` are both given; one is required"
    if row.plate_jurisdiction is None:
        return "missing_field", "`plate_jurisdiction` is required with `plate`"
    if row.plate == REDACTED:
        return "redacted_plate", "`plate` was taken out of this line before; send the original again"
    return None


def too_deep(line: bytes) -> bool:
    """Whether objects and arrays are nested deeper than MAX_DEPTH (brackets inside of texts do not count)."""
    if len(line) <= MAX_DEPTH or line.count(b"{") + (line.count(b"[") if b"[" in line else 0) <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKENS.finditer(line):
        first = token[0][:1]
        depth += 1 if first in b"[{" else -1 if first in b"]}" else 0
        if depth > MAX_DEPTH:
            return True
    return False
