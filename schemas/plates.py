"""How does a plate become a pseudonym, and where does the key come from?

`vehicle = HMAC-SHA-256(key, plate + "|" + jurisdiction)`, both normalised, in UTF-8; the first 128 bits, in hex.

Normalised means, in this order: Unicode NFKC (full-width and superscript forms become plain), upper case, NFKC again,
then only letters, marks and numbers are kept (categories L, M, N): spaces of every kind, dashes, dots, middle dots and
other punctuation, symbols and control characters go. So "7-ABC 123", "7abc123" and full-width "７ＡＢＣ１２３" are one.

O/0 and B/8 are NOT merged. In most jurisdictions both are issued, so merging would give two real vehicles one history
and accuse one of the other's travels; a misread instead costs one crossing its history, and `read_confidence` travels
with the crossing for the detectors that weigh a misread (such as `impossible_journey`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import msgspec

from schemas.errors import ConfigError
from schemas.redact import REDACTED, is_plate_key, may_name_plate, names_no_plate, redact, redact_text, scrub
from schemas.wire import SCHEMA, Direction, LaneType, VehicleClass, WireCrossing, too_deep

KEY_VARIABLE = "LINEWATCH_PLATE_KEY"
KEY_BYTES = 32
_HEX_DIGITS = 32  # 128 bits
_IDENTITY = ("vehicle", "plate", "plate_jurisdiction")
_CONTRACT = frozenset(WireCrossing.__struct_fields__)
_VOCABULARIES = frozenset(("schema", "occurred_at", "direction", "lane_type", "vehicle_class"))
_WORDS = (SCHEMA, *get_args(Direction), *get_args(LaneType), *get_args(VehicleClass))  # a plate may read BUS
_MARK = msgspec.json.encode(REDACTED)
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def normalise(text: str) -> str:
    """`text` as the module's docstring says; normalising twice changes nothing.

    >>> normalise("7-abc 12.3")
    '7ABC123'
    """
    if text.isascii():  # the same, a few times faster
        return "".join(filter(str.isalnum, text.upper()))
    previous = ""
    while text != previous:  # a second round is needed for a few letters whose upper case composes anew
        previous = text
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
        text = "".join(c for c in text if unicodedata.category(c)[0] in "LMN")
    return text


class Pseudonymiser:
    """Replaces plates by keyed pseudonyms; keeps no plate, so nothing can be read back from it."""

    def __init__(self, key: bytes) -> None:
        """Raises ConfigError for a key under 32 bytes."""
        if len(key) < KEY_BYTES:
            raise ConfigError(f"plate key: {KEY_BYTES} bytes or more are required, got {len(key)}")
        self._key = bytes(key)

    def __repr__(self) -> str:
        return "Pseudonymiser(key=...)"

    def derived(self, purpose: str) -> bytes:
        """A key of 16 bytes for another purpose, from which neither this one nor a pseudonym follows.

        `purpose` holds a small letter, so it can be no normalised plate.
        """
        return hmac.digest(self._key, purpose.encode(), "sha256")[:16]

    def pseudonym(self, plate: str, jurisdiction: str) -> str:
        """32 lower-case hex digits. Raises ValueError where nothing of the plate is left after normalising."""
        plain = normalise(plate)
        if not plain:
            raise ValueError("plate: no letter or digit in it")
        message = f"{plain}|{normalise(jurisdiction)}".encode()
        return hmac.digest(self._key, message, hashlib.sha256).hex()[:_HEX_DIGITS]

    def rewrite_plates(self, lines: bytes) -> bytes:
        """JSONL in which no plate is left: `vehicle` stands for it where that can be, else the plate is redacted.

        For an edge that stores lines before they are decoded. Decoding the result accepts the same crossings with the
        same columns as decoding `lines`, and has as many lines.
        """
        objects = lines.startswith(b"{") and lines.count(b"\n{") == lines.count(b"\n") - lines.endswith(b"\n")
        if objects and names_no_plate(lines):
            return lines
        return b"\n".join(self._rewrite(line) if line.strip() else line for line in lines.split(b"\n"))

    def _rewrite(self, line: bytes) -> bytes:
        if line.startswith(b"{") and names_no_plate(line):
            return line
        if not may_name_plate(line):
            return redact(line)
        if too_deep(line):
            return redact_text(line)
        try:
            line.decode()
            values = _RAW_OBJECT.decode(line)
            texts = {key: msgspec.json.decode(values[key]) for key in _IDENTITY if key in values}
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return redact(line)
        plate, origin = texts.get("plate"), texts.get("plate_jurisdiction")
        if plate is not None:
            complete = isinstance(plate, str) and isinstance(origin, str) and texts.get("vehicle") is None
            if not complete or plate == REDACTED or not normalise(plate):
                return redact(line)  # the codec refuses it, before and after
            values["vehicle"] = msgspec.Raw(msgspec.json.encode(self.pseudonym(str(plate), str(origin))))
            del values["plate"]
        fields = {key: _without_plate(key, bytes(raw), plate) for key, raw in values.items()}
        return b"{" + b",".join(msgspec.json.encode(key) + b":" + raw for key, raw in fields.items()) + b"}"


def _without_plate(key: str, raw: bytes, plate: str | None) -> bytes:
    """The value of a field beside the plate: the mark where it is that plate, or any field unknown that may hold one.

    A text of the contract that only contains the plate's letters stays, as it does in a batch.
    """
    if key not in _CONTRACT:
        return _MARK if is_plate_key(key) or may_name_plate(raw) or _holds(raw, plate) else raw
    misplaced = key in _VOCABULARIES and plate not in (None, *_WORDS) and raw == msgspec.json.encode(plate)
    return _MARK if misplaced else raw


def _holds(raw: bytes, plate: str | None) -> bool:
    try:
        value = msgspec.json.decode(raw)
        return plate is not None and scrub(value, [plate]) != value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True


def load_key(path: Path, environ: Mapping[str, str] | None = None) -> bytes:
    """The plate key: from LINEWATCH_PLATE_KEY (hex) in `environ`, else from the file, made there on first use.

    `environ` is the process's environment where it is None. The file holds hex digits, mode 0600; two processes that
    start together end up with one key. Raises ConfigError for a key that is too short or not hex, and for a file
    that others may read or that cannot be read or made.
    """
    given = (os.environ if environ is None else environ).get(KEY_VARIABLE)
    if given is not None:
        return _from_hex(given, KEY_VARIABLE)
    try:
        if not path.exists():
            _create(path)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(f"plate key {path}: a file is required, this is none; name another path")
        if mode & 0o077:
            rights = f"{stat.S_IMODE(mode):04o}"
            raise ConfigError(f"plate key {path}: mode 0600 is required, it is {rights}; run `chmod 600 {path}`")
        return _from_hex(path.read_text("ascii"), str(path))
    except OSError as error:
        raise ConfigError(
            f"plate key {path}: cannot be read or made ({error.strerror}); name a path that can be written, "
            f"or give the key in {KEY_VARIABLE}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"plate key {path}: hex digits are required, it holds other bytes") from error


def _from_hex(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        raise ConfigError(f"plate key from {where}: hex digits are required (try `openssl rand -hex 32`)") from None
    if len(key) < KEY_BYTES:
        raise ConfigError(f"plate key from {where}: {KEY_BYTES} bytes in hex or more are required, got {len(key)}")
    return key


def _create(path: Path) -> None:
    """Write a new key beside `path` and link it there: whoever comes second finds a whole key, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its key is the key
    finally:
        draft.unlink(missing_ok=True)
