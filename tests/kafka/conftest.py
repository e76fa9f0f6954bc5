"""Which broker do these tests share? One real one; each test takes topics of its own on it."""

from __future__ import annotations

import pytest

from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from tests.kafka_broker import broker, own_broker

__all__ = ["broker", "own_broker"]  # pytest finds fixtures by name


@pytest.fixture
def connection(broker: LocalKafka) -> Connection:
    """To the shared broker."""
    return Connection((broker.bootstrap,))


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Of the topics of this test, which no other one touches."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:150]
