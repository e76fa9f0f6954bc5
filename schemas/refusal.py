"""Why was a line refused, in words that give nothing of the line away?

The decoder's messages are mapped to a reason of the closed set and rebuilt from the names of fields alone: some of them
quote the offending value, and where columns were swapped that value may be a plate.
"""

from __future__ import annotations

import re

import msgspec

from schemas.wire import MAX_DEPTH, SCHEMA

_FIELD = re.compile(r" - at `\$\.([a-z_]+)")
_MISSING = re.compile(r"missing required field `([a-z_]+)`")
_GOT = re.compile(r"^Expected `([a-z| ]+)`, got `([a-z]+)`")
_BOUND = re.compile(r"^Expected `([a-z| ]+)` (of length )?([<>]=) ([0-9.e+]+)")
_SAFE_VERSION = re.compile(r"[a-z_]{1,20}/[0-9]{1,4}")
_POSITION = re.compile(r"\(byte ([0-9]+)\)")


Refusal = tuple[str, str]  # reason, detail
TOO_DEEP: Refusal = ("too_deep", f"nested deeper than {MAX_DEPTH} levels")


def refusal(line: bytes, error: Exception, schema: str = SCHEMA) -> Refusal:
    """Reason and detail for a line that the decoder of `schema` refused with `error`."""
    if isinstance(error, UnicodeDecodeError):
        return "not_utf8", f"byte {error.start} of the line is not UTF-8"
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if not isinstance(error, msgspec.ValidationError):
        position = _POSITION.search(str(error))
        return "json", f"not JSON at byte {position[1]}" if position else "not JSON, the line ends too soon"
    return _whole(line, schema) or _validation(str(error), schema)


def _whole(line: bytes, schema: str) -> Refusal | None:
    """What is wrong with the line as a whole comes before what is wrong with a field of it."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.ValidationError, RecursionError):  # JSON, with a number that nothing holds
        return None
    except (msgspec.DecodeError, ValueError) as error:
        return refusal(line, error, schema)
    if not isinstance(document, dict):
        return "not_object", "one JSON object a line is required"
    version = document.get("schema", schema)
    if version == schema:
        return None
    shown = version if isinstance(version, str) and _SAFE_VERSION.fullmatch(version) else "something else"
    return "schema_version", f"`schema`: {schema} is required, got {shown}"


def _validation(message: str, schema: str) -> Refusal:
    if missing := _MISSING.search(message):
        return "missing_field", f"`{missing[1]}` is required"
    found = _FIELD.search(message)
    name = found[1] if found else "a field"
    if "timezone component" in message:
        return "naive_time", f"`{name}`: an offset from UTC is required, as in 2026-01-31T08:15:00+01:00 or …Z"
    if "RFC3339" in message:
        return "bad_time", f"`{name}`: RFC 3339 is required, as in 2026-01-31T08:15:00+01:00"
    if bound := _BOUND.search(message):
        return "out_of_range", f"`{name}`: {bound[2] or ''}{bound[3]} {bound[4]} is required"
    if got := _GOT.search(message):
        return "wrong_type", f"`{name}`: {got[1]} is required, got {got[2]}"
    if "enum" in message:
        return "out_of_range", f"`{name}`: not one of the values of {schema}"
    return "out_of_range", f"`{name}`: not a value that {schema} allows"
