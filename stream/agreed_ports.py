"""How do several processes give a port the same number? By its place in a topic that all of them read.

With an open registry a port that nobody knew is written to the topic `ports`; its number is the place at which its code
first stands there. A closed registry needs none of this.
"""

from __future__ import annotations

from stream.delivery import Delivery
from stream.kafka_clients import Connection
from stream.messages import PortCode, encode
from stream.produced import registered_ports


class AgreedPorts:
    """The topic as a list of codes."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection, self._topic = connection, topic

    def codes(self) -> list[str]:
        """All codes, each at its number."""
        return registered_ports(self._connection, self._topic)

    def agree(self, code: str) -> list[str]:
        """Announce a code and return all codes, this one among them."""
        delivery = Delivery(self._connection, linger_ms=0)
        try:
            delivery.send(self._topic, encode(PortCode(code)), key=code.encode())
            delivery.flush()
        finally:
            delivery.close()
        return self.codes()
