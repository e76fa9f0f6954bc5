"""Does whoever takes a partition over know what was committed for it, however many owners it had before?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ops.configure import load
from ops.metrics_worker import WorkerFigures
from ops.wiring_kafka import build_worker
from stream.kafka_clients import Connection
from stream.lanes import Output
from stream.topics import Topics
from stream.worker_run import WorkerRun
from tests.kafka.topic_contents import records

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]


@contextmanager
def owner(connection: Connection, prefix: str, topics: Topics) -> Iterator[WorkerRun]:
    """A worker that has taken everything over; it ends without a word, like one that was killed."""
    flags = {
        "kafka_bootstrap": ",".join(connection.bootstrap), "kafka_topics": prefix, "kafka_group": prefix,
        "kafka_partitions": "1", "kafka_port_partitions": "1",
    }  # fmt: skip
    settings = load(flags=[f"{name}={value}" for name, value in flags.items()]).settings
    run = build_worker(settings, lambda _: None, WorkerFigures(settings))
    try:
        run.take_over({topics.crossings: {0}, topics.assessed: {0}})
        yield run
    finally:
        run.worker.publisher.wait()
        run.worker.publisher.failed = ConnectionAbortedError("killed")
        run.close()


def test_what_an_owner_has_yet_to_say_again_is_known_to_the_next(connection: Connection, prefix: str) -> None:
    """Committed by one, left out by the second, who takes a checkpoint before it comes to it, and by the third."""
    topics = Topics.of(prefix)
    drawn = [Output(topics.control, 0, b"c1", b"{}", []), Output(topics.control, 0, b"c2", b"{}", [])]
    with owner(connection, prefix, topics) as first:
        first.worker._commit(first.worker.tenants.at_ports[0], drawn)
    with owner(connection, prefix, topics) as second:
        home = second.worker.tenants.at_ports[0]
        second.worker._commit(home, drawn[:1])
        assert {f"{topics.control} c2"} == home.said
        home.changed = True
        second.worker.tenants.save_all()
    with owner(connection, prefix, topics) as third:
        third.worker._commit(third.worker.tenants.at_ports[0], drawn[1:])
    assert [b"c1", b"c2"] == [record.key for record in records(connection, topics.control)]
