"""What may somebody who measures hear of a run? Times of day and of work, which never reach a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.errors import Reject
    from stream.pipeline import Decided


class Observer:
    """Told by the thread that does the work, so it must be quick; this one listens to nothing."""

    def took(self, stage: str, seconds: float) -> None:
        """Work on one batch. Of a runner: `decode`, `assess`, `write`, `checkpoint`; of a worker: `vehicle`, `port`."""

    def came(self, newest_ms: int) -> None:
        """A runner has read crossings up to this event time."""

    def decided(self, decided: Decided, taken_ms: Mapping[str, int]) -> None:
        """A worker has decided crossings; when the broker got them, ms since 1970, by crossing_id."""

    def refused(self, rejects: Sequence[Reject]) -> None:
        """Lines, records or dispositions that go to the dead letter."""

    def settled(self) -> None:
        """A worker has other partitions from now on."""
