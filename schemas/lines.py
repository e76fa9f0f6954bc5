"""Where does each line of a block stand, and is the block neat enough for the fast decoder?

The fast decoder takes values, not lines: it also reads two objects on one line and one object over two. In a neat block
every line starts with `{` and ends with `}`; a line's end inside an object would have to be followed by a comma or a
bracket, so in a neat block every line's end is one between objects, and as many objects as lines means one a line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from schemas.wire import MAX_DEPTH

_NEWLINE, _OPEN, _CLOSE = b"\n{}"
_BLANK = b" \t\r"
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line that is not blank: 1-based number, byte offset in the stream, content without its line feed."""

    number: int
    offset: int
    raw: bytes


def filled(data: bytes) -> list[bytes]:
    """The lines of `data` that are not blank, without their line feeds."""
    return [raw for raw in data.split(b"\n") if raw[:1] == b"{" or raw.strip(_BLANK)]


def located(data: bytes, number: int, offset: int) -> list[Line]:
    """The same lines with their places; the first line of `data` has this number and offset."""
    lines = []
    for raw in data.split(b"\n"):
        if raw.strip(_BLANK):
            lines.append(Line(number, offset, raw))
        number += 1
        offset += len(raw) + 1
    return lines


def without_bom(data: bytes, offset: int) -> bytes:
    """`data` with the byte order mark at the start of the stream blanked, so that offsets stay."""
    return b"   " + data[3:] if offset == 0 and data.startswith(_BOM) else data


def neat_lines(data: bytes, max_line_bytes: int) -> int | None:
    """How many lines a neat block has; None where it has to be read line by line.

    Neat also means: no blank line, no line over the limit, valid UTF-8, nesting that cannot get too deep.
    """
    if data[:1] != b"{" or not _is_utf8(data):
        return None
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == _NEWLINE)
    if data[-1] == _NEWLINE:
        inner, count = ends[:-1], len(ends)
    else:
        inner, count = ends, len(ends) + 1
    last = len(data) - (data[-1] == _NEWLINE) - 1
    if data[last] != _CLOSE or not (array[inner - 1] == _CLOSE).all() or not (array[inner + 1] == _OPEN).all():
        return None
    if len(data) > max_line_bytes and np.diff(ends, prepend=-1, append=len(data)).max() > max_line_bytes + 1:
        return None
    nested = np.count_nonzero(array == _OPEN) - count
    if b"[" in data:  # looked for first: counting what is not there takes ten times as long
        nested += data.count(b"[")
    return count if nested < MAX_DEPTH else None


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
