"""Which Kafka broker do the tests talk to? A real one on loopback: shared by a session, or one's own to be killed.

Their tests are marked `@pytest.mark.xdist_group("kafka")`, so that one worker has them all and one broker is started.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.broker import engine
from ops.local_kafka import LocalKafka
from schemas.errors import Unavailable
from tests.missing import missing


def require_kafka(folder: Path) -> None:
    """Skip where no broker can be had, and say what to install; in CI that is a failure.

    Jars that are absent are fetched here. One with other bytes than the pinned one is an error, never a skip.
    """
    try:
        engine.find(folder, port=0)
    except Unavailable as problem:
        missing(str(problem))


@contextmanager
def started(folder: Path) -> Iterator[LocalKafka]:
    """A broker with its data in the folder, stopped at the end."""
    require_kafka(folder)
    with LocalKafka(folder) as kafka:
        yield kafka


@pytest.fixture
def can_run_kafka(tmp_path: Path) -> None:
    """For tests that start a broker in their own way."""
    require_kafka(tmp_path)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A started broker for all tests of the session: take topic and group names of your own, and leave it running."""
    with started(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[LocalKafka]:
    """A started broker for this test alone: kill it, start it again with its data."""
    with started(tmp_path / "kafka") as kafka:
        yield kafka
