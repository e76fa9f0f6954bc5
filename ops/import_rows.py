"""Which rows does a source file hold? Reads CSV, JSON lines and Parquet, plain or packed (.gz, .zst).

Every record comes out once, as a `Row` or as a `BadRow`, with the line it begins on (Parquet: the record's number),
so that rows read = rows used + rows refused. Compression is told by the first bytes, not by the name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from ops.mapping import ImportMap, closest
from schemas.errors import ConfigError, LinewatchError

MAX_CELL = 131_072  # characters in one CSV cell; an unclosed quote ends there instead of eating the file
Progress = Callable[[int], None]  # told the position in the (packed) file, bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins on (1-based) and its values by column."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be taken apart; `raw` may hold a plate."""

    line: int
    reason: str
    detail: str
    raw: str


def read_rows(path: Path, m: ImportMap, progress: Progress = lambda _: None) -> Iterator[Row | BadRow]:
    """The records of a file. Raises ConfigError where map and file do not fit, LinewatchError where it is broken."""
    try:
        with path.open("rb") as file:
            if not file.peek(1):
                raise LinewatchError(f"{path} is empty: there is nothing to import")
            if m.format == "parquet":
                yield from _parquet(path, file, m, progress)
                return
            with io.TextIOWrapper(_unpacked(file), _encoding(m), "surrogateescape", newline="") as text:
                lines = _telling(text, file, progress)
                yield from _csv(path, lines, m) if m.format == "csv" else _jsonl(lines)
    except UnicodeError as error:
        raise LinewatchError(
            f"{path} is not {m.encoding} ({error}); set `encoding:` in the map, for example latin-1"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise LinewatchError(f"{path}: the packed data is broken or cut short ({error}); get the file again") from None
    except OSError as error:
        raise LinewatchError(f"{path} cannot be read: {error.strerror or error}") from None


def _encoding(m: ImportMap) -> str:
    return "utf-8-sig" if m.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else m.encoding


def _unpacked(file: io.BufferedReader) -> io.BufferedReader:
    head = file.peek(4)[:4]
    if head[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"))
    if head == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    return file


def _telling(lines: io.TextIOWrapper, file: IO[bytes], progress: Progress) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number % 4096 == 0:
            progress(file.tell())
        yield line


def _csv(path: Path, lines: Iterator[str], m: ImportMap) -> Iterator[Row | BadRow]:
    kept = _Kept(lines)
    csv.field_size_limit(MAX_CELL)
    style: dict[str, Any] = {"quotechar": m.quote} if m.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    reader = csv.reader(kept, delimiter=m.delimiter, strict=True, **style)
    names = list(m.names)
    if m.header:
        names = _header(path, reader, m)
    else:
        _check_columns(path, names, m)
    wanted = {column: names.index(column) for column in dict.fromkeys(column for _, column in m.sources())}
    while True:
        begin = reader.line_num + 1
        kept.lines.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(begin, "csv", f"{error} (lines {begin} to {reader.line_num})", "".join(kept.lines))
            continue
        if cells:  # a blank line is no record
            yield _record(begin, len(names), wanted, cells, "".join(kept.lines))


def _record(line: int, width: int, wanted: dict[str, int], cells: list[str], raw: str) -> Row | BadRow:
    if not raw.isascii() and any(0xDC80 <= ord(char) <= 0xDCFF for char in raw):
        return BadRow(line, "not_utf8", "bytes that are not text in the map's encoding", raw)
    if len(cells) != width:
        return BadRow(line, "csv", f"{len(cells)} cells where the header has {width}", raw)
    return Row(line, {column: cells[index] for column, index in wanted.items()})


class _Kept:
    """The lines as the CSV reader takes them, kept until the record is complete (a quoted cell may hold several)."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._source = lines
        self.lines: list[str] = []

    def __iter__(self) -> _Kept:
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.lines.append(line)
        return line


def _header(path: Path, reader: Any, m: ImportMap) -> list[str]:
    try:
        names = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise ConfigError(f"{path}: no header line could be read ({str(error) or 'the file ends'})") from None
    _check_columns(path, names, m)
    for key, column in m.sources():
        if names.count(column) > 1:
            raise ConfigError(f"{key}: the header of {path} has {column!r} more than once; rename one")
    return names


def _check_columns(path: Path, names: list[str], m: ImportMap) -> None:
    # a file without a header has its first row here: with a plate in it, what holds digits is better not shown
    shown = [name for name in names if m.plates is None or not any(map(str.isdigit, name))]
    for key, column in m.sources():
        if column not in names:
            listed = ", ".join(repr(name[:40]) for name in shown[:12]) or "none that can be shown here"
            more = " …" if len(names) > len(shown[:12]) else ""
            raise ConfigError(f"{key}: {path} has no column {column!r}{closest(column, shown)}. It has {listed}{more}")


def _jsonl(lines: Iterator[str]) -> Iterator[Row | BadRow]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            why = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "not readable"
            yield BadRow(number, "json", why, text)
            continue
        if not text.isascii() and any(0xDC80 <= ord(char) <= 0xDCFF for char in text):
            yield BadRow(number, "not_utf8", "bytes that are not text in the map's encoding", text)
        elif isinstance(value, dict):
            yield Row(number, flatten(value))
        else:
            yield BadRow(number, "json", f"an object was required, not {type(value).__name__}", text)


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted columns: `a.b`; a list of `{"Key": k, "Value": v}` (Genetec) as `a.k`; others `a.0`."""
    flat: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, list):
            flat |= flatten({_list_key(entry, i): _list_value(entry) for i, entry in enumerate(item)}, f"{name}.")
        elif isinstance(item, dict):
            flat |= flatten(item, f"{name}.")
        else:
            flat[name] = item
    return flat


def _list_key(entry: Any, index: int) -> str:
    return str(entry["Key"]) if isinstance(entry, dict) and "Key" in entry and "Value" in entry else str(index)


def _list_value(entry: Any) -> Any:
    return entry["Value"] if isinstance(entry, dict) and "Key" in entry and "Value" in entry else entry


def _parquet(path: Path, file: IO[bytes], m: ImportMap, progress: Progress) -> Iterator[Row | BadRow]:
    import pyarrow as pa  # slow to import, and only this format needs it
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        _check_columns(path, table.schema_arrow.names, m)
        size, done, rows = path.stat().st_size, 0, max(table.metadata.num_rows, 1)
        wanted = list(dict.fromkeys(column for _, column in m.sources()))
        for batch in table.iter_batches(batch_size=8192, columns=wanted):
            for values in batch.to_pylist():
                done += 1
                yield Row(done, values)
            progress(size * done // rows)
    except pa.ArrowException as error:
        raise LinewatchError(f"{path} is not a Parquet file that can be read: {str(error).splitlines()[0]}") from None
