"""How far have producers come, and which partitions are silent because nothing is there?

A producer that sends a recorded log says in the exchange how far it is (`messages.Progress`). While it does, a silent
partition is one whose next crossing has not happened yet in the log: it waits for that word. Otherwise a partition in
which nothing came for a while is *idle*, and nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable

from stream.messages import Progress

EVER = 2**62
PATIENCE_S = 120.0  # a producer that says nothing for so long has gone


class Sessions:
    """The last words of producers; `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: dict[int, tuple[Progress, float]] = {}
        self._ends: dict[int, int] = {}  # partition -> the offset after the last record that any of them has sent

    def hear(self, word: Progress) -> None:
        """A producer's word; an older one than the last is not heard."""
        last = self._last.get(word.log)
        if last is None or word.line >= last[0].line:
            self._last[word.log] = (word, self._now())
            for partition, end in word.ends.items():
                self._ends[partition] = max(end, self._ends.get(partition, 0))

    def reached(self, partition: int, read_to: int) -> int | None:
        """How far the producers have come, if all they had sent to this partition by then is read; None: unknown."""
        words = [word for word, _ in self._last.values() if word.ends.get(partition, 0) <= read_to]
        return max((word.reached_ms for word in words), default=None)

    def sent_to(self, partitions: int) -> list[int]:
        """Of each partition, up to which offset producers have sent; while one is at work, there may be any more."""
        at_work = self.open
        return [EVER if at_work else self._ends.get(partition, 0) for partition in range(partitions)]

    def words(self) -> list[Progress]:
        """The last of each, for a checkpoint."""
        return [word for word, _ in self._last.values()]

    @property
    def open(self) -> bool:
        """Whether some producer is at work."""
        return any(not word.done and self._now() - said < PATIENCE_S for word, said in self._last.values())

    def finished(self, partition: int, read_to: int) -> bool:
        """Whether producers have sent all they had and this partition has read it."""
        done = bool(self._last) and all(word.done for word, _ in self._last.values())
        return done and self._ends.get(partition, 0) <= read_to
