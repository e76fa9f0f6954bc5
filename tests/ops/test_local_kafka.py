"""Is the tests' broker a real one? Does it answer, keep its data through a kill, say why when it cannot start?"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from ops.broker import owner, wire
from ops.local_kafka import LocalKafka
from schemas.errors import Unavailable
from tests.ops.running import REPOSITORY, Ended, wait_for

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

COMPACTED = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}


def make(kafka: LocalKafka, topic: str, configs: Mapping[str, str] | None = None) -> None:
    """A topic of one partition."""
    with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
        admin.create_topics(
            [NewTopic(topic, num_partitions=1, replication_factor=1, topic_configs=dict(configs or {}))]
        )


def put(kafka: LocalKafka, topic: str, *values: bytes, **config: Any) -> None:
    """Records under one key, acknowledged; in one transaction when the configuration names one."""
    with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap, **config)) as producer:
        if "transactional_id" in config:
            producer.init_transactions()
            producer.begin_transaction()
        for sent in [producer.send(topic, value, key=b"k") for value in values]:
            if "transactional_id" not in config:
                sent.get(timeout=60)
        if "transactional_id" in config:
            producer.commit_transaction()


def read(kafka: LocalKafka, topic: str) -> list[bytes]:
    """Every committed value of the topic as it stands now."""
    part = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    with closing(consumer):
        consumer.assign([part])
        end = consumer.end_offsets([part])[part]
        found: list[bytes] = []
        while consumer.position(part) < end:
            for records in consumer.poll(timeout_ms=200).values():
                found += [record.value for record in records]
    return found


def test_it_takes_topics_records_and_transactions(broker: LocalKafka) -> None:
    """A topic is made, what is produced comes back in order, a transaction too."""
    assert broker.running
    assert wire.answers(broker.port)
    make(broker, "plain")
    put(broker, "plain", b"1", b"2")
    put(broker, "plain", b"3", b"4", transactional_id="t")
    assert [b"1", b"2", b"3", b"4"] == read(broker, "plain")


def test_a_topic_that_nobody_made_is_not_made_by_asking(broker: LocalKafka) -> None:
    """A misspelt topic is an error here, as it is in production."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        with closing(KafkaConsumer("mispelt", bootstrap_servers=broker.bootstrap, group_id=None)) as consumer:
            assert {} == consumer.poll(timeout_ms=200)
        assert "mispelt" not in admin.list_topics()


def test_compaction_is_seen_within_a_test(broker: LocalKafka) -> None:
    """Of many values under one key few are left soon after: the cleaner does not wait for its usual 15 s."""
    make(broker, "compacted", COMPACTED)
    deadline = time.monotonic() + 30
    number = 0
    while len(read(broker, "compacted")) >= number and time.monotonic() < deadline:
        put(broker, "compacted", b"%d" % number)  # a new record closes the segment before, which can then be cleaned
        number += 1
    left = read(broker, "compacted")
    assert len(left) < number
    assert b"%d" % (number - 1) == left[-1]


def test_what_was_acknowledged_survives_a_kill(own_broker: LocalKafka) -> None:
    """Killed with signal 9 and started again: another process at the same address, the record still there."""
    make(own_broker, "kept")
    put(own_broker, "kept", b"before")
    address, before = own_broker.bootstrap, own_broker.pid
    own_broker.kill()
    assert not own_broker.running
    assert not wire.answers(own_broker.port)
    with pytest.raises(Unavailable, match="is not running"):
        _ = own_broker.pid
    own_broker.start()
    assert address == own_broker.bootstrap
    assert before != own_broker.pid
    put(own_broker, "kept", b"after")
    assert [b"before", b"after"] == read(own_broker, "kept")


def test_another_object_on_the_folder_takes_ports_and_data_over(own_broker: LocalKafka) -> None:
    """Stopped, then started from its folder alone; while it ran, the folder was refused."""
    make(own_broker, "kept")
    put(own_broker, "kept", b"1")
    again = LocalKafka(own_broker.folder)
    with pytest.raises(Unavailable, match=f"process {own_broker.pid}"):
        again.start()
    own_broker.stop()
    with again:
        assert own_broker.bootstrap == again.bootstrap
        assert [b"1"] == read(again, "kept")


@pytest.mark.usefixtures("can_run_kafka")
def test_a_broker_that_ends_says_why(tmp_path: Path) -> None:
    """The setting that it refused stands in the error, and nothing is left running."""
    kafka = LocalKafka(tmp_path, settings={"message.max.bytes": "many"})
    with pytest.raises(Unavailable, match=r"could not be set up: .*message\.max\.bytes.*kafka\.log"):
        kafka.start()
    LocalKafka(tmp_path).start().stop()
    kafka = LocalKafka(tmp_path, settings={"log.cleaner.dedupe.buffer.size": 1})
    with pytest.raises(Unavailable, match=r"ended with 1 instead of starting: .*log\.cleaner\.dedupe"):
        kafka.start()
    assert not kafka.running


@pytest.mark.usefixtures("can_run_kafka")
def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Whoever listens there would answer in the broker's place."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} of 127.0.0.1 is taken"):
            LocalKafka(tmp_path, port).start()


@pytest.mark.usefixtures("can_run_kafka")
def test_a_program_that_forgets_it_leaves_nothing_running(tmp_path: Path) -> None:
    """The program ends by an error, without a `stop`: its broker has ended too."""
    start = f"from ops.local_kafka import LocalKafka, Path; LocalKafka(Path({str(tmp_path)!r})).start()"
    ended = subprocess.run(
        [sys.executable, "-c", f"{start}; 1 / 0"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert "ZeroDivisionError" in ended.stderr
    assert owner.find(tmp_path) is None
    assert not wire.answers(LocalKafka(tmp_path).port)


def command(folder: Path, *words: str) -> list[str]:
    """`python -m ops.local_kafka …` with its data in a folder."""
    return [sys.executable, "-m", "ops.local_kafka", *words, "--data", str(folder)]


def told(folder: Path, *words: str) -> Ended:
    """Run it to its end."""
    done = subprocess.run(command(folder, *words), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.usefixtures("can_run_kafka")
def test_started_in_the_background_and_stopped_by_another_command(tmp_path: Path) -> None:
    """It outlives the command that started it; a second start is refused in one line; a second stop finds nothing."""
    try:
        started = told(tmp_path, "start", "--port", "0")
        assert 0 == started.code, started.err
        kafka = LocalKafka(tmp_path)
        assert f"answers at {kafka.bootstrap}" in started.err
        assert wire.answers(kafka.port)
        refused = told(tmp_path, "start", "--port", "0")
        assert (1, 1) == (refused.code, len(refused.lines)), refused.err
        assert "stop that one first" in refused.err
    finally:
        stopped = told(tmp_path, "stop")
    assert 0 == stopped.code, stopped.err
    assert "stopped the broker" in stopped.err
    assert not wire.answers(kafka.port)
    assert "no broker runs" in told(tmp_path, "stop").err


@pytest.mark.usefixtures("can_run_kafka")
def test_in_the_foreground_until_ctrl_c(tmp_path: Path) -> None:
    """SIGINT ends it with 0, and the broker with it."""
    words = command(tmp_path, "run", "--port", "0")
    with subprocess.Popen(words, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as child:
        assert "127.0.0.1" in wait_for(child, "answers at")
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert 0 == child.returncode, err
    assert "stopped" in err
    assert not wire.answers(LocalKafka(tmp_path).port)


def test_a_port_where_something_else_listens_is_no_broker() -> None:
    """A server that closes, or speaks another protocol, is not taken for Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for reply in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            with ThreadPoolExecutor() as threads:
                asked = threads.submit(wire.answers, port)
                line, _ = other.accept()
                with line:
                    line.recv(100)
                    line.sendall(reply)
                assert not asked.result(timeout=60)
