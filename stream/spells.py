"""What is wrong with a reader or a port, and since when? Said once as it begins, not while or soon after it lasts.

A key names the thing: "direction 3 0" (port, direction), "port 3", "lane 17", "confidence 17" (row of the lane).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stream.words import Word

PATIENCE = 72  # hours after which what is shown is the usual
QUIET = {"reader_fault": 24, "flow_anomaly": 7 * 24}  # hours after the end in which the same is not said again


class Spell(NamedTuple):
    """Something that lasts: since when, how many good hours in a row, whether less or more is wrong."""

    since: int
    good: int
    kind: str
    word: str  # the kind of its notice


class Spells:
    """The ones that last, by key, and until when what ended is not said again."""

    def __init__(self) -> None:
        self.open: dict[str, Spell] = {}
        self.quiet: dict[str, int] = {}

    def of(self, kind: str) -> list[str]:
        """Keys that begin with a word."""
        return [key for key in self.open if key.startswith(f"{kind} ")]

    def begin(self, key: str, kind: str, word: Word) -> Iterator[Word]:
        """Something begins: the word for it, unless it was said lately."""
        self.open[key] = Spell(word.hour, 0, kind, word.kind)
        yield from self.unless_quiet(_topic(key, word.kind), word)

    def unless_quiet(self, topic: str, word: Word) -> Iterator[Word]:
        """The word, unless there was one on the topic lately."""
        if self.quiet.get(topic, 0) <= word.hour:
            yield word
        self.quiet[topic] = word.hour + QUIET[word.kind]

    def end(self, key: str, hour: int) -> Spell:
        """Nothing is wrong any more since `hour`."""
        spell = self.open.pop(key)
        topic = _topic(key, spell.word)
        self.quiet[topic] = max(self.quiet.get(topic, 0), hour + QUIET[spell.word])
        return spell

    def lasts_too_long(self, key: str, hour: int) -> bool:
        """Whether what is wrong has to be taken for the usual."""
        return hour - self.open[key].since >= PATIENCE

    def save(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {"open": self.open, "quiet": self.quiet}

    def load(self, values: Mapping[str, Any]) -> None:
        """The inverse of `save`."""
        self.open = {key: Spell(*spell) for key, spell in values["open"].items()}
        self.quiet = dict(values["quiet"])


def _topic(key: str, kind: str) -> str:
    """What is not said twice: a fault of this reader; anything about the traffic of the port."""
    return key if kind == "reader_fault" else f"flow_anomaly {key.split()[1]}"
