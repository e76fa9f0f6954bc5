"""What crossings does a row hold, and may they be in a log? A row and a map to JSON lines or refusals.

Values are converted as the map says; a plate becomes its pseudonym before anything else is done with the row. What
comes out has been read by the codec of the pipeline, so that `linewatch replay` takes every line written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from ops.import_fields import FIELDS, read_value
from ops.import_refusal import Redactor, Refused, RefusedError
from ops.import_rows import BadRow, Row
from ops.import_time import TimeReader, iso
from ops.mapping import KEEP, REQUIRED, ImportMap
from ops.template import Template
from schemas.codec import YEAR_1990_MS, YEAR_2100_MS, Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports

MAX_HASH = 64  # characters of an already hashed plate that are kept, the longest a pseudonym may be
BLOCK = 2048  # passages that are put before the codec at once


class Pseudonyms(Protocol):
    """What turns a plate into a pseudonym (schemas.plates.Pseudonymiser)."""

    def pseudonym(self, plate: str, jurisdiction: str) -> str:
        """The pseudonym of a plate; the same for every spelling of it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A crossing for the log: its time (ms UTC) and its line of JSON without the newline."""

    time_ms: int
    line: bytes


@dataclass(frozen=True, slots=True)
class _Draft:
    """A crossing that the codec has not seen yet, and where it is from."""

    made: Made
    line: int
    part: int
    values: dict[str, Any]


class RowReader:
    """Makes crossings of the rows of one file.

    `file` is its name without endings, for templates; `ports` (an open registry) learns its ports.
    """

    def __init__(self, m: ImportMap, file: str, pseudonyms: Pseudonyms | None, ports: Ports) -> None:
        self._map = m
        self._file = file
        self._pseudonyms = pseudonyms
        self._missing = frozenset(m.missing)
        self._templates = {field: Template(text) for field, text in m.templates.items()}
        self._tables = {field: {k.casefold(): v for k, v in table.items()} for field, table in m.values.items()}
        self._redactor = Redactor(m)
        self._codec = Codec(ports, Pseudonymiser(bytes(32)))  # the key is never used: no line has a plate any more
        self.times = TimeReader(m.time)

    def read(self, rows: Iterable[Row | BadRow], counted: Callable[[], None]) -> Iterator[Made | Refused]:
        """One result for every passage, in order; a row in which no passage can be told counts as one.

        `counted` is called for every row.
        """
        block: list[_Draft | Refused] = []
        for row in rows:
            counted()
            block.extend(self._drafts(row))
            if len(block) >= BLOCK:
                yield from self._checked(block)
                block = []
        yield from self._checked(block)

    def _checked(self, block: list[_Draft | Refused]) -> Iterator[Made | Refused]:
        """What the codec of the pipeline refuses is refused here: replay then takes every line of the log."""
        drafts = [item for item in block if isinstance(item, _Draft)]
        decoded = self._codec.decode(b"\n".join(draft.made.line for draft in drafts))
        rejects = {reject.line: reject for reject in decoded.rejects}
        number = 0
        for item in block:
            if isinstance(item, Refused):
                yield item
                continue
            number += 1
            if number in rejects:
                error = RefusedError(rejects[number].reason, rejects[number].detail)
                yield self._redactor.row(item.line, item.part, error, item.values)
            else:
                yield item.made

    def _drafts(self, row: Row | BadRow) -> Iterator[_Draft | Refused]:
        if isinstance(row, BadRow):
            yield self._redactor.record(row)
            return
        try:
            parts = self._explode(row.values)
        except RefusedError as refuse:
            yield self._redactor.row(row.line, 1, refuse, row.values)
            return
        for number, part in enumerate(parts, 1):
            values = row.values if part is None else part
            try:
                yield _Draft(self._crossing(row, number, part), row.line, number, values)
            except RefusedError as refuse:
                yield self._redactor.row(row.line, number, refuse, values)
            except UnicodeEncodeError:  # JSON can hold half of a surrogate pair: "\ud800"
                half = RefusedError("not_utf8", "a text holds half of a surrogate pair")
                yield self._redactor.row(row.line, number, half, values)

    def _names(self) -> list[str]:
        return self._map.explode.names if self._map.explode else []

    def _explode(self, values: dict[str, Any]) -> list[dict[str, Any] | None]:
        explode = self._map.explode
        if explode is None:
            return [values]
        text = self._text(values.get(explode.column))
        if text is None:
            raise RefusedError("missing_field", f"{explode.column} is empty: the row holds no passage")
        pieces = [piece.split(explode.part_separator) for piece in text.split(explode.separator) if piece.strip()]
        return [
            values | dict(zip(explode.names, piece, strict=True)) if len(piece) == len(explode.names) else None
            for piece in pieces
        ] or [None]

    def _crossing(self, row: Row, part: int, values: dict[str, Any] | None) -> Made:
        if values is None:
            raise RefusedError("explode", f"passage {part} does not have the pieces {', '.join(self._names())}")
        fields = self._fields(values)
        time_ms = self._time(values)
        fields["occurred_at"] = iso(time_ms)
        marks = {"@line": row.line, "@part": part, "@file": self._file, "@vehicle": fields.get("vehicle", "")}
        for field, template in self._templates.items():
            fields[field] = self._filled(field, template, values | marks)
        for field in REQUIRED:
            if field not in fields:
                raise RefusedError("missing_field", f"{field}: no value in this row and no default in the map")
        ordered = {field: fields[field] for field in FIELDS if field in fields}
        return Made(time_ms, msgspec.json.encode(ordered))

    def _time(self, values: Mapping[str, Any]) -> int:
        for column in self._map.time.columns:
            if self._text(values.get(column)) is None:
                raise RefusedError("missing_field", f"time: {column} is empty")
        try:
            time_ms = self.times.read(values)
        except ValueError as error:
            raise RefusedError("bad_time", f"time: {error}") from None
        if not YEAR_1990_MS <= time_ms < YEAR_2100_MS:
            raise RefusedError("time_range", "time: before 1990 or after 2099")
        return time_ms

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self._map.constants) | self._vehicle(values)
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
            try:
                made["vehicle"] = self._pseudonyms.pseudonym(plate, jurisdiction or "")
            except ValueError as error:
                raise RefusedError("missing_field", str(error)) from None
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
                raise RefusedError("value_table", f"{field}: {text!r} is not in the map's table")
            text = text if found == KEEP else found
        try:
            typed = read_value(field, text)
        except ValueError as error:
            raise RefusedError("wrong_type", f"{field}: {error}") from None
        factor = self._map.scale.get(field)
        # a scale such as 0.01 would turn 29 into 0.29000000000000004; 12 digits are more than any sensor has
        return typed if factor is None else float(f"{typed * factor:.12g}")

    def _filled(self, field: str, template: Template, values: Mapping[str, Any]) -> str:
        try:
            return template.fill(values)
        except KeyError as error:
            raise RefusedError("missing_field", f"{field}: the row has no {error.args[0]!r}") from None
