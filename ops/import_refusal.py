"""What may be written down about a row that is refused? Enough to find and mend it, never the plate.

Only the columns that the map reads are shown. Where the map reads plates, the plate is cut out of every value and of
the reason, however it is spaced or cased there, and a record that could not be taken apart is not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from ops.import_rows import BadRow
from ops.mapping import ImportMap
from schemas.redact import REDACTED

MAX_SHOWN = 200  # characters of a value or a reason that are shown

# what a row can be refused for besides schemas.errors.REJECT_REASONS
IMPORT_REASONS = {
    "csv": "the record cannot be split into the columns of the header",
    "explode": "a passage of the row does not have the pieces that the map names",
    "value_table": "a value is not in the map's table",
}


class RefusedError(Exception):
    """A passage cannot become a crossing. `detail` may hold a plate until a `Redactor` has seen it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Refused:
    """A passage that is not in the log. `line` is where its row begins, `passage` its number in the row (from 1)."""

    line: int
    passage: int
    reason: str
    detail: str
    row: dict[str, Any]

    def to_json(self) -> bytes:
        """One line for the rejects file, without the newline."""
        return msgspec.json.encode(self)


class Redactor:
    """Makes refusals that hold no plate, for the rows of one map."""

    def __init__(self, m: ImportMap) -> None:
        self._plate = m.plates.column if m.plates else None
        self._columns = list(dict.fromkeys(column for _, column in m.sources()))
        self._cell_of_plates = m.explode.column if m.explode and self._plate in m.explode.names else None

    def row(self, line: int, passage: int, error: RefusedError, values: Mapping[str, Any]) -> Refused:
        """The refusal of a passage with these values (those of its row and, where exploded, its pieces)."""
        shown = {column: values.get(column) for column in self._columns}
        detail = error.detail
        if self._plate is not None:
            pattern = _anyhow(values.get(self._plate))
            shown = {column: _without(value, pattern) for column, value in shown.items()}
            detail = _without(detail, pattern)
            shown[self._plate] = REDACTED
        if self._cell_of_plates is not None:
            shown[self._cell_of_plates] = REDACTED
        return Refused(
            line, passage, error.reason, _short(detail), {key: _short(value) for key, value in shown.items()}
        )

    def record(self, bad: BadRow) -> Refused:
        """The refusal of a record without columns: nobody can tell where in it a plate may be."""
        if self._plate is not None:
            row: dict[str, Any] = {"withheld": "may hold a plate", "characters": len(bad.raw)}
        else:
            row = {"raw": _short(bad.raw)}
        return Refused(bad.line, 1, bad.reason, bad.detail, row)


def _anyhow(plate: Any) -> re.Pattern[str] | None:
    """Finds `AB 12-CD` in `cam1_ab12cd.jpg`: its letters and digits in that order, whatever stands between them."""
    letters = [char for char in str(plate) if char.isalnum()] if plate is not None else []
    return re.compile(r"[\W_]*".join(map(re.escape, letters)), re.IGNORECASE) if letters else None


def _without(value: Any, pattern: re.Pattern[str] | None) -> Any:
    if pattern is None or value is None or isinstance(value, bool):
        return value
    return pattern.sub(REDACTED, value if isinstance(value, str) else str(value))


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)} characters)"
