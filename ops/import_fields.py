"""Which fields of a crossing may an import map give, and how is a written value read as one of them?"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

Kind = Literal["text", "number", "integer", "flag"]

# Every field of a crossing (contract.md) that a map may give, in the order of the contract, with what it holds.
FIELDS: dict[str, Kind] = {
    "crossing_id": "text", "occurred_at": "text", "port": "text", "lane": "text", "direction": "text",
    "vehicle": "text", "lane_type": "text", "vehicle_class": "text", "read_confidence": "number",
    "plate_jurisdiction": "text", "occupants": "integer", "driver": "text", "make": "text", "model": "text",
    "colour": "text", "registered_on": "text", "owner_changed_on": "text", "rental": "flag", "weight_kg": "number",
    "laden": "flag", "trailer": "text", "carrier": "text", "shipper": "text", "consignee": "text",
    "commodity": "text", "declared_value": "number", "officer": "text", "wait_s": "number",
    "inspection_s": "number", "prequeue_lane": "text",
}  # fmt: skip
FLAGS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


def _as_text(value: Any) -> Any:
    """YAML reads `1` as a number and `yes` as true; in a map both mean the text (`NO` is a country, too)."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is a true/false word to YAML; put it in quotes")  # noqa: TRY004 - for pydantic
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]


def read_value(field: str, text: str) -> Any:
    """A text of the source as the field of the contract holds it. Raises ValueError where it is none."""
    kind = FIELDS[field]
    if kind == "text":
        return text
    if kind == "flag":
        if text.casefold() not in FLAGS:
            raise ValueError(f"{text!r} is neither true nor false")
        return FLAGS[text.casefold()]
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(number) or (kind == "integer" and not number.is_integer()):
        raise ValueError(f"{text!r} is not {'a whole' if kind == 'integer' else 'a finite'} number")
    return int(number) if kind == "integer" else number


def constant(field: str, value: Any) -> Any:
    """A value that a map gives for all rows, as the contract holds it. Raises ValueError naming the field."""
    if field not in FIELDS:
        return value  # named when the map is checked
    if FIELDS[field] == "text":
        _as_text(value)
    try:
        return read_value(field, str(value))
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
