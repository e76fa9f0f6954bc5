"""Do workers on Kafka say the same as one process, byte for byte, however many they and the partitions are?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from tests.kafka.border_log import Log
from tests.kafka.cases import disordered, in_order
from tests.kafka.cluster import Case, Cluster, cluster, embedded

__all__ = ["disordered", "in_order"]  # pytest finds fixtures by name

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

LATENESS_S = 5
PORT_PARTITIONS = {1: 1, 4: 2, 12: 4}  # by those of the crossings


@pytest.fixture
def start(broker: LocalKafka, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster with topics of its own; the test sets how many partitions."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    with cluster(tmp_path, Connection((broker.bootstrap,)), name) as made:
        yield made


def shape(some: Cluster, partitions: int) -> None:
    """How many partitions its topics get."""
    some.settings |= {"kafka_partitions": str(partitions), "kafka_port_partitions": str(PORT_PARTITIONS[partitions])}


# each number of workers with two of partitions, fewer and more than they are
@pytest.mark.parametrize(("workers", "partitions"), [(1, 1), (1, 12), (2, 1), (2, 4), (3, 4), (3, 12)])
def test_workers_say_what_one_process_says(workers: int, partitions: int, start: Cluster, disordered: Case) -> None:
    """Alerts, notices, the control sample and rejects; and every record that came in is accounted for."""
    shape(start, partitions)
    for _ in range(workers):
        start.worker()
    start.produce(disordered.log, dispositions=True).ended()
    counts = start.agree(disordered)
    assert len(disordered.log.lines) == start.came()
    assert 0 == counts["resent"]


def send_plainly(some: Cluster, lines: Sequence[bytes]) -> None:
    """As a program would that knows nothing of ours: the line, and the vehicle as its key."""
    with closing(some.connection.producer()) as producer:
        for line in lines:
            producer.send(some.topics.crossings, line, key=json.loads(line)["vehicle"].encode())
        producer.flush()


def make_topics(some: Cluster) -> None:
    """By the command."""
    some.command("topics", "--create").ended()


def test_another_programs_records_out_of_order_within_lateness(start: Cluster, in_order: Case, tmp_path: Path) -> None:
    """One partition holds them in one order, so what one process would say is said."""
    lines = in_order.log.lines
    at = [datetime.fromisoformat(json.loads(line)["occurred_at"]).timestamp() for line in lines]
    arrival = np.array(at) + np.random.default_rng(3).uniform(0, LATENESS_S, len(at))
    order = np.argsort(arrival, kind="stable").tolist()
    assert any(before > after for before, after in pairwise(order))
    lines = [lines[place] for place in order]
    log = Log(tmp_path / "log.jsonl", in_order.log.dispositions)
    log.path.write_bytes(b"\n".join(lines) + b"\n")
    start.settings["lateness_ms"] = str(1_000 * LATENESS_S)
    answer = embedded(tmp_path, log, {"lateness_ms": str(1_000 * LATENESS_S)})
    assert 0 == answer.counts["late"]
    shape(start, 1)
    make_topics(start)
    send_plainly(start, lines)
    start.worker()
    start.agree(Case(log, answer))


def test_another_programs_records_in_order_in_several_partitions(
    start: Cluster, in_order: Case, tmp_path: Path
) -> None:
    """Two workers, all that came before they started, and ports that have their numbers from a registry."""
    answer = embedded(tmp_path, in_order.log, {"ports": "us"})
    start.settings["ports"] = "us"
    shape(start, 4)
    make_topics(start)
    send_plainly(start, in_order.log.lines)
    start.worker()
    start.worker()
    start.agree(Case(in_order.log, answer))


def test_another_programs_records_while_they_come_are_all_assessed(start: Cluster, in_order: Case) -> None:
    """Partitions that seem silent for a while make some late; nothing is lost, and nothing decided twice."""
    shape(start, 4)
    start.worker()
    start.worker()
    start.until(lambda: start.ready() == 2, "both are ready")
    lines = in_order.log.lines
    for first in range(0, len(lines), 1_000):
        send_plainly(start, lines[first : first + 1_000])
    counts = start.settled(len(lines))
    start.stop()
    assert in_order.answer.counts["accepted"] == counts["assessed"]
    assert in_order.answer.counts["duplicates"] == counts["duplicates"]
    assert len(start.said().alerts) == counts["alerts"]
