"""How do the console's decisions get into the topic of dispositions? One by one, acknowledged before it says so."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from schemas.errors import Unavailable
from schemas.redact import redact
from stream.delivery import Delivery
from stream.kafka_clients import Connection
from stream.produce_dispositions import crossing_of

PATIENCE_S = 10.0


class DecisionTopic:
    """Sends lines. Delivery: at least once; the worker knows a repeated one by its `disposition_id`."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection, self.name = connection, topic
        self._delivery: Delivery | None = None

    def __call__(self, lines: Sequence[bytes]) -> None:
        """Return when all are acknowledged; Unavailable, and another attempt may send them again, when not."""
        try:
            if self._delivery is None:
                self._delivery = Delivery(self._connection, [self.name], linger_ms=0, patience_s=PATIENCE_S)
            for line in lines:
                value = redact(line.rstrip(b"\n"))
                self._delivery.send(self.name, value, key=crossing_of(value))
            self._delivery.flush()
        except BaseException:
            self.close()  # a producer that failed once writes nothing more
            raise

    def close(self) -> None:
        """Let go of the broker."""
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            with suppress(Unavailable):
                delivery.close()
