"""What does Kafka keep of a compacted topic? The last record of each key."""

from __future__ import annotations

from collections.abc import Iterator

from stream.changelog import Change


class Topic:
    """What a compacted topic keeps: the last record of each key, in the order of their offsets."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes | None] = {}

    def write(self, changes: list[Change]) -> None:
        """One transaction."""
        for key, value in changes:
            self.records.pop(key, None)
            self.records[key] = None if value is None else value()

    def compacted(self) -> Iterator[tuple[bytes, bytes | None]]:
        """After Kafka's cleaner has been there."""
        return ((key, value) for key, value in self.records.items() if value is not None)

    def raw(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Before."""
        return iter(self.records.items())
