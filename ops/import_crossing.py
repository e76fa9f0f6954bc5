"""What crossings does a row hold, and may they be in a log? A row and a map to JSON lines or refusals.

Values are converted as the map says; a plate becomes its pseudonym before anything else is done with the row. What
comes out has been read by the pydantic model of the contract, so that `linewatch replay` takes every line written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from pydantic import ValidationError

from ops.import_rows import BadRow, Row
from ops.import_time import TimeReader, iso
from ops.mapping import FIELDS, KEEP, REQUIRED, ImportMap
from ops.template import Template
from schemas.models import Crossing

MAX_HASH = 64  # characters of an already hashed plate that are kept, the longest a pseudonym may be
MAX_SHOWN = 200  # characters of a value shown in a rejects file
_FLAGS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}
# what a row can be refused for besides REJECT_REASONS of the codec
IMPORT_REASONS = {
    "csv": "the record cannot be split into the columns of the header",
    "explode": "a passage of the row does not have the pieces that the map names",
    "value_table": "a value is not in the map's table",
}
_RANGE_MS = (631_152_000_000, 4_102_444_800_000)  # 1990-01-01 to 2100-01-01, the range the codec takes


class Pseudonyms(Protocol):
    """What turns a plate into a pseudonym (schemas.plates.Pseudonymiser)."""

    def pseudonym(self, plate: str, jurisdiction: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A crossing for the log: its time (ms UTC), its port and its line of JSON without the newline."""

    time_ms: int
    port: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A passage that is not in the log; `row` holds the columns the map reads, plates redacted."""

    line: int
    part: int
    reason: str
    detail: str
    row: dict[str, Any] | None

    def to_json(self) -> bytes:
        """One line for the rejects file, without the newline."""
        return msgspec.json.encode(
            {"line": self.line, "passage": self.part, "reason": self.reason, "detail": self.detail, "row": self.row}
        )


class _Refuse(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class RowReader:
    """Makes crossings of the rows of one file. `file` is its name without endings, for templates."""

    def __init__(self, m: ImportMap, file: str, pseudonyms: Pseudonyms | None) -> None:
        self._map = m
        self._file = file
        self._pseudonyms = pseudonyms
        self._missing = frozenset(m.missing)
        self._templates = {field: Template(text) for field, text in m.templates.items()}
        self._tables = {field: {k.casefold(): v for k, v in table.items()} for field, table in m.values.items()}
        self._shown = list(dict.fromkeys(column for _, column in m.sources()))
        self.times = TimeReader(m.time)

    def read(self, row: Row | BadRow) -> Iterator[Made | Refused]:
        """One result for every passage of the row; exactly one for a row that holds none that can be told."""
        if isinstance(row, BadRow):
            yield Refused(row.line, 1, row.reason, row.detail, self._withheld(row.raw))
            return
        try:
            parts = self._explode(row.values)
        except _Refuse as refuse:
            yield self._refused(row, 1, refuse)
            return
        for number, part in enumerate(parts, 1):
            try:
                if part is None:
                    raise _Refuse("explode", f"passage {number} does not have the pieces {', '.join(self._names())}")
                yield self._crossing(row, number, part)
            except _Refuse as refuse:
                yield self._refused(row, number, refuse)

    def _names(self) -> list[str]:
        return self._map.explode.names if self._map.explode else []

    def _explode(self, values: dict[str, Any]) -> list[dict[str, Any] | None]:
        explode = self._map.explode
        if explode is None:
            return [values]
        text = self._text(values.get(explode.column))
        if text is None:
            raise _Refuse("missing_field", f"{explode.column} is empty: the row holds no passage")
        pieces = [piece.split(explode.part_separator) for piece in text.split(explode.separator) if piece.strip()]
        return [
            values | dict(zip(explode.names, piece, strict=True)) if len(piece) == len(explode.names) else None
            for piece in pieces
        ] or [None]

    def _crossing(self, row: Row, part: int, values: dict[str, Any]) -> Made:
        fields = self._fields(values)
        try:
            time_ms = self.times.read(values)
            fields["occurred_at"] = iso(time_ms)
        except KeyError as error:
            raise _Refuse("missing_field", f"time: the row has no {error.args[0]!r}") from None
        except ValueError as error:
            raise _Refuse("bad_time", f"time: {error}") from None
        if not _RANGE_MS[0] <= time_ms < _RANGE_MS[1]:
            raise _Refuse("time_range", f"time: {fields['occurred_at']} is outside 1990 to 2100")
        marks = {"@line": row.line, "@part": part, "@file": self._file, "@vehicle": fields.get("vehicle", "")}
        for field, template in self._templates.items():
            fields[field] = self._filled(field, template, values | marks)
        for field in REQUIRED:
            if field not in fields:
                raise _Refuse("missing_field", f"{field}: no value in this row and no default in the map")
        ordered = {field: fields[field] for field in FIELDS if field in fields}
        line = msgspec.json.encode(ordered)
        try:
            Crossing.model_validate_json(line)
        except ValidationError as error:
            raise _model_refusal(error) from None
        return Made(time_ms, str(ordered["port"]), line)

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self._map.constants)
        fields |= self._vehicle(values)
        for field, column in self._map.columns.items():
            value = self._value(field, values.get(column))
            if value is not None:
                fields[field] = value
        for field, value in self._map.defaults.items():
            fields.setdefault(field, value)
        return fields

    def _vehicle(self, values: Mapping[str, Any]) -> dict[str, Any]:
        plates, hashed = self._map.plates, self._map.hashed
        if hashed is not None:
            digest = self._text(values.get(hashed))
            return {} if digest is None else {"vehicle": digest[:MAX_HASH]}
        if plates is None or self._pseudonyms is None:
            return {}
        plate = self._text(values.get(plates.column))
        jurisdiction = plates.constant_jurisdiction
        if plates.jurisdiction is not None:
            jurisdiction = self._text(values.get(plates.jurisdiction))
        made = {} if jurisdiction is None else {"plate_jurisdiction": jurisdiction}
        if plate is not None:
            made["vehicle"] = self._pseudonyms.pseudonym(plate, jurisdiction or "")
        return made

    def _text(self, value: Any) -> str | None:
        text = "" if value is None else str(value).strip()
        return None if not text or text in self._missing else text

    def _value(self, field: str, value: Any) -> Any:
        text = self._text(value)
        if text is None:
            return None
        table = self._tables.get(field)
        if table is not None:
            found = table.get(text.casefold(), table.get(KEEP))
            if found is None:
                raise _Refuse("value_table", f"{field}: {text[:60]!r} is not in the map's table")
            text = text if found == KEEP else found
        return self._typed(field, text)

    def _typed(self, field: str, text: str) -> Any:
        kind = FIELDS[field]
        if kind == "text":
            return text
        if kind == "flag":
            if text.casefold() not in _FLAGS:
                raise _Refuse("wrong_type", f"{field}: {text[:60]!r} is neither true nor false")
            return _FLAGS[text.casefold()]
        try:
            number = float(text)
        except ValueError:
            raise _Refuse("wrong_type", f"{field}: {text[:60]!r} is not a number") from None
        if kind == "integer":
            return int(number) if number.is_integer() else number
        factor = self._map.scale.get(field)
        # a scale such as 0.01 would turn 29 into 0.29000000000000004; 12 digits are more than any sensor has
        return number if factor is None else float(f"{number * factor:.12g}")

    def _filled(self, field: str, template: Template, values: Mapping[str, Any]) -> str:
        try:
            return template.fill(values)
        except KeyError as error:
            raise _Refuse("missing_field", f"{field}: the row has no {error.args[0]!r}") from None

    def _refused(self, row: Row, part: int, refuse: _Refuse) -> Refused:
        plate = None if self._map.plates is None else self._text(row.values.get(self._map.plates.column))
        shown = {column: _shown(row.values.get(column)) for column in self._shown}
        detail = refuse.detail
        if plate is not None and self._map.plates is not None:
            shown = {column: _redact(value, plate) for column, value in shown.items()}
            shown[self._map.plates.column] = "[plate]"
            detail = _redact(detail, plate)
        return Refused(row.line, part, refuse.reason, detail, shown)

    def _withheld(self, raw: str) -> dict[str, Any]:
        """A record that could not be taken apart: nobody can tell where in it the plate is, so none of it is shown."""
        if self._map.plates is not None:
            return {"withheld": "may hold a plate", "characters": len(raw)}
        return {"raw": _shown(raw)}


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)} characters)"


def _redact(value: Any, plate: str) -> Any:
    """The value without the plate, however it is spaced or cased: `AB 12-CD` is found in `cam1_ab12cd.jpg`."""
    letters = [char for char in plate if char.isalnum()]
    if not isinstance(value, str) or not letters:
        return value
    return re.sub(r"[\W_]*".join(map(re.escape, letters)), "[plate]", value, flags=re.IGNORECASE)


def _model_refusal(error: ValidationError) -> _Refuse:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "crossing"
    return _Refuse("out_of_range", f"{field}: {first['msg']}")
