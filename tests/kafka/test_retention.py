"""What if the broker keeps less: checkpoints compacted, crossings deleted before they were read, a full disk?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from stream.topic_log import read_all, start_of
from tests.kafka.border_log import Log
from tests.kafka.cluster import READ, Case, Cluster, cluster, note
from tests.kafka.test_broker_faults import finished
from tests.kafka_broker import started

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow, pytest.mark.crash]


def kept(workers: Cluster, topic: str) -> tuple[int, int]:
    """How many records the first partition of a topic holds, and how many have been written to it."""
    offsets = [record.offset for record in read_all(workers.connection, topic, 0, committed=True)]
    return len(offsets), offsets[-1] + 1 if offsets else 0


def test_checkpoints_that_were_compacted_in_between(workers: Cluster, disordered: Case) -> None:
    """Most of what was written is gone; a worker killed meanwhile goes on from what is left."""
    states = (workers.topics.state_vehicle, workers.topics.state_port)
    workers.settings["worker_checkpoint_s"] = "0.5"
    workers.command("topics", "--create").ended()
    for topic in states:
        workers.configure(topic, segment_ms=500, delete_retention_ms=100, min_cleanable_dirty_ratio=0.01)
    workers.worker()
    workers.until(workers.ready, "it has partitions")
    producer = workers.produce(disordered.log, "--speed", "10000", dispositions=True)
    workers.assessed(4_000)
    for topic in states:
        workers.until(lambda topic=topic: _mostly_gone(workers, topic), f"{topic} is compacted")  # type: ignore[misc]
    workers.kill(workers.workers[0])
    there = {topic.rpartition(".")[2]: "{} of {}".format(*kept(workers, topic)) for topic in states}
    workers.worker()
    producer.ended()
    counts = workers.agree(disordered)
    note("checkpoints compacted, worker killed (-9)", **there, crossings=counts["assessed"], alerts=counts["alerts"])


def _mostly_gone(workers: Cluster, topic: str) -> bool:
    there, written = kept(workers, topic)
    return written > 20 and there < written / 2


def test_crossings_deleted_before_they_were_read_are_counted_and_said(
    workers: Cluster, disordered: Case, tmp_path: Path
) -> None:
    """Retention went on while no worker ran: nothing of that is silent."""
    lines = disordered.log.lines
    parts = [Log(tmp_path / f"part-{k}.jsonl", disordered.log.dispositions) for k in range(3)]
    for number, part in enumerate(parts):
        part.path.write_bytes(b"\n".join(lines[number * 2_000 : (number + 1) * 2_000]) + b"\n")
    topic = workers.topics.crossings
    workers.worker()
    workers.produce(parts[0]).ended()
    workers.settled()
    workers.stop()
    workers.workers.clear()
    read = workers.came()
    workers.produce(parts[1]).ended()
    workers.configure(topic, retention_ms=500, segment_ms=100)
    ends = workers.came()
    # a segment ends with the next record
    workers.until(lambda: _poke(workers, tmp_path) and _first(workers) >= ends, "they are deleted")
    workers.configure(topic, retention_ms=-1)
    deleted = _first(workers) - read
    workers.produce(parts[2]).ended()
    worker = workers.worker()
    came = workers.came()

    def all_known() -> bool:
        counts = worker.counts()
        there = sum(counts[name] for name in (*READ, "missed"))
        return came == there and counts["accepted"] == counts["assessed"]

    workers.until(all_known, f"each of {came} records is read or counted as missed")
    assert deleted == worker.counts()["missed"] >= 2_000
    assert any(f"{deleted:,} records were deleted before they were read" in line for line in worker.lines)
    workers.stop()
    note("crossings deleted while no worker ran", came=came, missed_and_said=deleted)


def _first(workers: Cluster) -> int:
    return sum(start_of(workers.connection, workers.topics.crossings, number) for number in range(4))


def _poke(workers: Cluster, folder: Path) -> bool:
    """A line more in each partition."""
    log = Log(folder / "poke.jsonl", folder)
    log.path.write_bytes(b"no json\n" * 8)
    workers.produce(log, "--again").ended()
    return True


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 300 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_at_the_broker(small_disk: Path, disordered: Case, tmp_path: Path) -> None:
    """It goes down; with room made and the broker started again all that was produced is assessed."""
    with started(small_disk / "kafka") as broker, cluster(tmp_path, Connection((broker.bootstrap,)), "t") as workers:
        for _ in range(2):
            workers.worker()
        workers.until(lambda: workers.ready() == 2, "both have partitions")
        producer = workers.produce(disordered.log, "--speed", "10000", dispositions=True)
        workers.assessed(1_000)
        _fill(small_disk, broker)
        broker.start()
        producers = finished(workers, producer, disordered)
        again = workers.settle_restarting()
        counts = workers.agree(disordered)
        note("the broker's disk full", producer_restarts=producers, worker_restarts=again, crossings=counts["assessed"])


def _fill(disk: Path, broker: LocalKafka) -> None:
    """Until the broker has gone; then make room."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    assert 0 == shutil.disk_usage(disk).free
    try:
        code = broker._process.wait(60)  # type: ignore[union-attr]
        assert code != 0
    finally:
        ballast.unlink()
