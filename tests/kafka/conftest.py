"""Which broker do these tests share? One real one; each test takes topics of its own on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from tests.kafka.cases import disordered
from tests.kafka.cluster import Cluster, cluster
from tests.kafka_broker import broker, own_broker

__all__ = ["broker", "disordered", "own_broker"]  # pytest finds fixtures by name


@pytest.fixture
def connection(broker: LocalKafka) -> Connection:
    """To the shared broker."""
    return Connection((broker.bootstrap,))


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Of the topics of this test, which no other one touches."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:150]


@pytest.fixture
def workers(connection: Connection, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Nobody yet, at the shared broker."""
    with cluster(tmp_path, connection, prefix) as made:
        yield made
