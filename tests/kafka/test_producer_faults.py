"""Is a log assessed once although it was sent more than once?"""

from __future__ import annotations

import pytest

from tests.kafka.cluster import READ, Case, Cluster, note

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow, pytest.mark.crash]


def test_two_producers_of_the_same_log_at_once(workers: Cluster, disordered: Case) -> None:
    """What the second one sends is known by its marks and dropped."""
    workers.worker()
    workers.until(workers.ready, "it has partitions")
    for producer in [workers.produce(disordered.log, "--speed", "20000", dispositions=True) for _ in range(2)]:
        producer.ended()
    counts = workers.agree(disordered)
    note("two producers of one log", sent=workers.came(), resent=counts["resent"], crossings=counts["assessed"])


def test_a_producer_killed_in_the_middle_and_begun_again(workers: Cluster, disordered: Case) -> None:
    """Three times, and once more when all was sent."""
    workers.worker()
    workers.until(workers.ready, "it has partitions")
    for part in range(3):
        producer = workers.produce(disordered.log, "--speed", "12000", dispositions=True)
        workers.until(lambda part=part: workers.counts()["accepted"] > 1_000 * (part + 1), "it sends")  # type: ignore[misc]
        producer.kill()
    for _ in range(2):
        workers.produce(disordered.log, dispositions=True).ended()
    counts = workers.agree(disordered)
    assert sum(counts[name] for name in READ) > len(disordered.log.lines)
    note("a producer killed (-9)", times=3, sent=workers.came(), resent=counts["resent"], crossings=counts["assessed"])
