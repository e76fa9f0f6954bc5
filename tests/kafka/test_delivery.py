"""Is what a partition holds always a beginning of what was sent to it, whatever the broker does?"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import errors

from ops.local_kafka import LocalKafka
from schemas.errors import ConfigError, Unavailable
from stream.delivery import Delivery
from stream.kafka_clients import Connection
from tests.kafka.test_produce import complete
from tests.kafka.topic_contents import crossings, records, words
from tests.ops.running import linewatch, start, wait_for, write_log

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]


def make(connection: Connection, topic: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
    """A topic."""
    with closing(connection.admin()) as admin:
        asked = {"num_partitions": partitions, "replication_factor": 1, "configs": dict(configs or {})}
        admin.create_topics({topic: asked}, wait_for_metadata=True)


def values(connection: Connection, topic: str) -> list[bytes]:
    """What is in a topic of one partition."""
    return [record.value for record in records(connection, topic)]


@contextmanager
def suspended(kafka: LocalKafka) -> Iterator[None]:
    """The broker is killed, and there again at the end."""
    kafka.kill()
    try:
        yield
    finally:
        kafka.start()


def test_what_was_flushed_is_there_once_in_order_and_its_end_is_known(connection: Connection, prefix: str) -> None:
    """In each partition."""
    make(connection, prefix, 3)
    sent: list[tuple[bytes, None, int, list[tuple[str, bytes]]]] = [(b"%d" % k, None, k % 3, []) for k in range(1_000)]
    with closing(Delivery(connection)) as delivery:
        assert 3 == delivery.partitions(prefix)
        delivery.send_all(prefix, sent)
        delivery.flush()
        assert {0: 334, 1: 333, 2: 333} == delivery.ends(prefix)
    assert sorted((p, int(v)) for v, _, p, _ in sent) == [
        (r.partition, int(r.value)) for r in records(connection, prefix)
    ]


def test_after_a_record_that_is_refused_nothing_is_written(connection: Connection, prefix: str) -> None:
    """Whoever begins again from a place that was acknowledged could not tell that something before it is missing."""
    make(connection, prefix, configs={"max.message.bytes": "2000"})
    before, after = [b"%d" % k for k in range(9)], [b"after"] * 9
    fills_a_batch = random.Random(1).randbytes(300_000)
    with closing(Delivery(connection, [prefix])) as delivery:
        for value in before:
            delivery.send(prefix, value)
        delivery.flush()
        with pytest.raises(ConfigError, match=r"writing: .*Raise max.message.bytes"):
            _send_and_flush(delivery, prefix, [fills_a_batch, *after])
        with pytest.raises(ConfigError, match=r"Raise max.message.bytes"):
            delivery.send(prefix, b"more")
    assert before == values(connection, prefix)


def test_of_a_batch_that_is_refused_as_a_whole_all_up_to_the_culprit_is_written(
    connection: Connection, prefix: str
) -> None:
    """The library cuts it in halves; what comes after the culprit is left out."""
    make(connection, prefix, configs={"max.message.bytes": "2000"})
    small = [b"%d" % k for k in range(500)]
    large = random.Random(1).randbytes(10_000)
    with closing(Delivery(connection, [prefix])) as delivery, pytest.raises(ConfigError, match=r"max.message.bytes"):
        _send_and_flush(delivery, prefix, [*small, large, *small])
    there = values(connection, prefix)
    assert small[: len(there)] == there


def test_whatever_fails_the_records_that_wait_are_not_written(connection: Connection, prefix: str) -> None:
    """A batch that timed out, for instance, after which the library would go on with the next one."""
    make(connection, prefix)
    with closing(Delivery(connection, [prefix], linger_ms=60_000)) as delivery:
        _send_and_flush(delivery, prefix, [b"1"])
        delivery.send(prefix, b"2")
        delivery._fail(errors.KafkaTimeoutError("of an earlier batch"))
        delivery._producer.flush(timeout=10)  # what would still be written is written now
        with pytest.raises(Unavailable, match="of an earlier batch"):
            delivery.flush()
    assert [b"1"] == values(connection, prefix)


def _send_and_flush(delivery: Delivery, topic: str, some: list[bytes]) -> None:
    for value in some:
        delivery.send(topic, value)
    delivery.flush()


def test_a_broker_that_stays_away_is_waited_for_as_long_as_was_said(own_broker: LocalKafka) -> None:
    """Then it is unavailable, and what is in the topic is a beginning of what was sent."""
    connection = Connection((own_broker.bootstrap,))
    make(connection, "t")
    now = iter(range(1_000_000))  # a clock that goes on by a second whenever it is asked
    with closing(Delivery(connection, patience_s=5, now=lambda: float(next(now)))) as delivery:
        delivery.send("t", b"1")
        delivery.flush()
        with suspended(own_broker):
            delivery.send("t", b"2")
            with pytest.raises(Unavailable, match=f"writing: no broker answers at {own_broker.bootstrap}"):
                delivery.flush()
        with pytest.raises(Unavailable):
            delivery.send("t", b"3")
    assert [b"1"] == values(connection, "t")


def test_asked_to_stop_it_does_not_wait_for_long(own_broker: LocalKafka) -> None:
    """Ctrl-C while the broker is away."""
    connection, stop = Connection((own_broker.bootstrap,)), threading.Event()
    make(connection, "t")
    with closing(Delivery(connection, ["t"], stop=stop, leave_s=0.3)) as delivery, suspended(own_broker):
        delivery.send("t", b"1")
        stop.set()
        with pytest.raises(Unavailable):
            delivery.flush()


def test_a_broker_killed_again_and_again_loses_nothing(own_broker: LocalKafka, tmp_path: Path) -> None:
    """The command waits and goes on; every line is in the topic, each once, in order."""
    log = write_log(tmp_path / "log.jsonl", days=20)
    at = ["--bootstrap", own_broker.bootstrap, "--progress", "lines"]
    child = start(tmp_path, "produce", log, *at, "--speed", "200000")  # for eight seconds
    for _ in range(2):
        wait_for(child, "progress")
        with suspended(own_broker):
            pass
    _, err = child.communicate(timeout=120)
    assert 0 == child.returncode, err
    connection = Connection((own_broker.bootstrap,))
    sent = crossings(connection, "linewatch")
    complete(sent, log)
    assert log.read_bytes().count(b"\n") == len(sent)
    assert words(connection, "linewatch")[-1].done
    assert "were sent before" in linewatch(tmp_path, "produce", log, *at).err
