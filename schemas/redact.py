"""How is a line that cannot be used kept without the plate in it?

A rejected line goes to the dead letter, where no raw plate may ever stand. A line that parses as a JSON object keeps
its shape: every value under a key that names a plate is replaced, and so is that same text anywhere else in the line.
A line that does not parse is cut where a plate key first occurs, escaped or in UTF-16 too. A line that is no object at
all may be a row of a CSV or the tail of a cut line, where the plate stands without its key: its words are starred out.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

REDACTED = "[redacted]"
_CUT = REDACTED.encode()
_SHORTEST = 3  # letters and digits in the shortest text taken for a plate where it stands without its key

_NAMES = rb"p\0*l\0*a\0*t\0*e|licen[cs]e|registration\b|registration_n|\bvr[mn]\b|\blpn\b"
_HINT = re.compile(rb"(?i)" + _NAMES + rb"|\\u00[4-7]")  # \u0070late is a plate too
_PIECES = (b"plate", b"licen", b"registration", b"vrm", b"vrn", b"lpn", b"\\u00", b"\0")  # _HINT finds none without one
_ORIGIN = b'"plate_jurisdiction"'
_KEY = re.compile(r"(?i)plate|licen[cs]e|registration$|registration_n|^vr[mn]$|^lpn$")
_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff](?:[\0 .-]*[0-9A-Za-z\x80-\xff]){2,}")
_DELIMITER = re.compile(rb"[,;\t|]")


def names_no_plate(raw: bytes) -> bool:
    """Whether it is certain at a glance that no key in the bytes names a plate: ten times as fast as `may_name_plate`.

    The key `plate_jurisdiction`, which ordinary crossings carry, is looked past.
    """
    # with a backslash about, "plate_jurisdiction" may be the end of another key
    lowered = (raw if b"\\" in raw else raw.replace(_ORIGIN, b"")).lower()
    return not any(piece in lowered for piece in _PIECES)


def may_name_plate(raw: bytes) -> bool:
    """Whether a key that names a plate may occur in the bytes; False is certain."""
    return _HINT.search(raw) is not None


def is_plate_key(key: str) -> bool:
    """Whether what stands under this key is taken for a plate; where a plate is from is not."""
    return key != "plate_jurisdiction" and _KEY.search(key) is not None


def redact(raw: bytes) -> bytes:
    """The line without any plate; unchanged where it cannot hold one."""
    if not raw.lstrip(b" \t\r\xef\xbb\xbf").startswith(b"{"):
        return _starred(raw) if may_name_plate(raw) or _DELIMITER.search(raw) else raw
    if not may_name_plate(raw):
        return raw
    try:
        document = msgspec.json.decode(raw)
        return msgspec.json.encode(scrub(document, plates_in(document)))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return redact_text(raw)


def redact_text(raw: bytes) -> bytes:
    """The line, cut where a key that names a plate first occurs; for what is not JSON or too long to be read."""
    found = _HINT.search(raw)
    return raw if found is None else raw[: found.start()] + _CUT


def _starred(raw: bytes) -> bytes:
    return _WORD.sub(lambda word: b"*" * len(word[0]), raw)


def plates_in(value: Any, under_plate: bool = False) -> list[str]:
    """The texts in a JSON value that stand under a plate key, long enough to be looked for elsewhere; longest first."""
    found: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += plates_in(inner, under_plate or is_plate_key(key))
    elif isinstance(value, list):
        for inner in value:
            found += plates_in(inner, under_plate)
    elif under_plate and value not in (None, REDACTED) and len(str(value)) >= _SHORTEST:
        found.append(str(value))
    return sorted(set(found), key=lambda text: (-len(text), text))


def scrub(value: Any, plates: list[str]) -> Any:
    """A JSON value without what stands under plate keys, and without the texts of `plates` anywhere."""
    if isinstance(value, dict):
        return {
            _without(key, plates): REDACTED if is_plate_key(key) and inner is not None else scrub(inner, plates)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [scrub(inner, plates) for inner in value]
    if isinstance(value, str):
        return _without(value, plates)
    return REDACTED if plates and str(value) in plates else value


def _without(text: str, plates: list[str]) -> str:
    for plate in plates:
        text = re.sub(re.escape(plate), REDACTED, text, flags=re.IGNORECASE)
    return text
