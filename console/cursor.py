"""Where does the next page of a list begin? After the keys of the last row, in a text that programs hand back.

So rows that come in between are neither repeated nor do they push others out of sight.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

CHARACTERS = 512
LARGEST = 2**62
Order = Sequence[tuple[ColumnElement[Any], bool]]  # what a list is sorted by, and whether downwards


class CursorError(ValueError):
    """Not a cursor that this list gave."""


def after(order: Order, keys: Sequence[Any]) -> ColumnElement[bool]:
    """The rows that follow the one with these keys: beyond it in the first key that differs."""
    follows = []
    for k, (column, down) in enumerate(order):
        same = [key == value for (key, _), value in zip(order[:k], keys, strict=False)]
        follows.append(and_(*same, column < keys[k] if down else column > keys[k]))
    return or_(*follows)


def write(kind: str, keys: Sequence[Any]) -> str:
    """The cursor of a list of this kind."""
    return base64.urlsafe_b64encode(json.dumps([kind, *keys]).encode()).decode().rstrip("=")


def read(cursor: str, kind: str, types: Sequence[type]) -> list[Any]:
    """Its keys, numbers and texts. CursorError for anything but what `write` gave for a list of this kind."""
    keys: list[Any]
    try:
        said, *keys = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise CursorError from None
    if said != kind or len(keys) != len(types) or not all(map(_fits, keys, types)):
        raise CursorError
    return keys


def _fits(key: Any, wanted: type) -> bool:
    if wanted is str:
        return isinstance(key, str) and key.isprintable()
    numbers = (int, float) if wanted is float else (int,)
    return type(key) in numbers and math.isfinite(key) and abs(key) < LARGEST
