"""What did the watches notice, before it is put in words? Numbers only; `stream/notices.py` finds the sentence."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """What is to be said; `stream/notices.py` finds the words."""

    kind: str
    about: str  # "direction", "lane", "confidence", "less", "more", "new", "shift", and those of stream/watch.py
    hour: int
    port: int = -1
    lane: str | None = None
    direction: int = -1
    p: float | None = None
    observed: float = 0.0
    usual: tuple[float, float] = (0.0, 0.0)
    hours: int = 1  # that `observed` and `usual` are about
    column: int = -1  # of a detector
    other: int = -1  # another port
