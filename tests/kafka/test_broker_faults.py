"""Is anything lost or said twice when the broker dies, or nobody reaches it for a while?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.broker import ports
from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from tests.kafka.cluster import Case, Child, Cluster, cluster, note, until
from tests.kafka.proxy import Proxy
from tests.kafka_broker import require_kafka

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow, pytest.mark.crash]

AWAY_S = 30


def finished(workers: Cluster, producer: Child, case: Case) -> int:
    """The log is sent to its end, begun again when `produce` gave up; how often it did."""
    again = 0
    until(lambda: not producer.running, "the producer ends", 150)
    while producer.process.returncode:
        producer.ended(1)
        producer, again = workers.produce(case.log), again + 1
        until(lambda producer=producer: not producer.running, "the producer ends", 150)  # type: ignore[misc]
    return again


def test_the_broker_killed_in_the_middle(own_broker: LocalKafka, disordered: Case, tmp_path: Path) -> None:
    """And started again with its data; workers that ended with a message are started again."""
    with cluster(tmp_path, Connection((own_broker.bootstrap,)), "t") as workers:
        for _ in range(2):
            workers.worker()
        workers.until(lambda: workers.ready() == 2, "both have partitions")
        producer = workers.produce(disordered.log, "--speed", "12000", dispositions=True)
        workers.assessed(1_000)
        own_broker.kill()
        began = time.monotonic()
        own_broker.start()
        away_s = time.monotonic() - began
        producer.ended(within_s=120)
        again = workers.settle_restarting()
        counts = workers.agree(disordered)
        note("the broker killed (-9)", away_s=round(away_s, 1), worker_restarts=again, crossings=counts["assessed"])


@pytest.fixture
def behind_a_proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A broker that tells its clients the proxy's port; to itself it talks past the proxy."""
    folder = tmp_path / "kafka"
    require_kafka(folder)
    kafka = LocalKafka(folder)
    (tmp_path / "proxy").mkdir()
    inner, outer = ports.choose(tmp_path / "proxy", 0)
    kafka.settings |= {
        "listeners": f"PLAINTEXT://127.0.0.1:{kafka.port},CONTROLLER://127.0.0.1:{kafka._controller},"
        f"INTERNAL://127.0.0.1:{inner}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{outer},INTERNAL://127.0.0.1:{inner}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
    }
    with kafka, Proxy(outer, kafka.port) as proxy:
        yield proxy


def test_the_network_refuses_for_half_a_minute(behind_a_proxy: Proxy, disordered: Case, tmp_path: Path) -> None:
    """Connections are cut and new ones refused; producer and workers go on when it is back."""
    with cluster(tmp_path, Connection((behind_a_proxy.address,)), "t") as workers:
        for _ in range(2):
            workers.worker()
        workers.until(lambda: workers.ready() == 2, "both have partitions")
        producer = workers.produce(disordered.log, "--speed", "12000", dispositions=True)
        workers.assessed(1_000)
        behind_a_proxy.refuse()
        began, again = time.monotonic(), 0
        workers.until(lambda: time.monotonic() - began > AWAY_S, "half a minute has passed")
        behind_a_proxy.accept()
        producer.ended(within_s=120)
        again = workers.settle_restarting()
        counts = workers.agree(disordered)
        note("no network", away_s=AWAY_S, worker_restarts=again, crossings=counts["assessed"])
