"""One process and many partitions give the same bytes, whatever the log and however they interleave."""

from __future__ import annotations

import numpy as np
import pytest

from stream.pipeline import Decided
from tests.stream.logs import CONFIG, border, decoded, late_lines, single
from tests.stream.partitions import Cluster, records_of


def by_crossing(decided: list[Decided]) -> dict[str, bytes]:
    """Every crossing's answer as bytes; partitions decide ports apart, so the order between ports is free."""
    out: dict[str, bytes] = {}
    for part in decided:
        for rows in part.assessed:
            columns = (rows.score, rows.p_value, rows.alerted, rows.threshold, rows.p, rows.evidence, rows.terms)
            for i, crossing in enumerate(rows.batch.crossing_id):
                answer = b"|".join(column[i].tobytes() for column in columns)
                assert answer == out.setdefault(crossing, answer)  # after a crash it is given once more
    return out


def said(decided: list[Decided]) -> list[bytes]:
    """Alerts, notices and the control sample."""
    alerts = [alert.to_json() for part in decided for alert in part.alerts]
    notices = [notice.to_json() for part in decided for notice in part.notices]
    return sorted([*alerts, *notices, *(one.to_json() for part in decided for one in part.control)])


@pytest.mark.parametrize(("vehicles", "ports"), [(12, 3), (1, 1)])
def test_partitions_give_the_same_bytes_as_one_process(vehicles: int, ports: int) -> None:
    """A log with late and repeated records, split by vehicle and by port: same alerts and columns, byte for byte."""
    names, lines = border()[1], late_lines()
    pipeline = single(CONFIG, names)
    alone = [pipeline.push(decoded(lines, names)), pipeline.flush()]
    cluster = Cluster(CONFIG, names, vehicles, ports)
    apart = cluster.run(records_of(lines, names, vehicles), np.random.default_rng(vehicles))
    assert by_crossing(alone) == by_crossing(apart)
    assert said(alone) == said(apart)
    assert any(part.alerts for part in apart)
    assert pipeline.counters["late"] == sum(partition.counts["late"] for partition in cluster.at_ports) > 0
    assert pipeline.counters["duplicates"] == sum(p.stage.duplicates for p in cluster.at_vehicles) > 0


def test_partitions_that_crash_say_the_same_again() -> None:
    """Lost at random moments and gone on with from the last checkpoint: nothing is missing, nothing is different."""
    names, lines = border()[1], late_lines()
    pipeline = single(CONFIG, names)
    alone = [pipeline.push(decoded(lines, names)), pipeline.flush()]
    cluster = Cluster(CONFIG, names, 4, 3, crashes=0.01)
    apart = cluster.run(records_of(lines, names, 4), np.random.default_rng(8))
    assert cluster.crashed > 20
    assert by_crossing(alone) == by_crossing(apart)
    assert set(said(alone)) == set(said(apart))
    assert len(lines) == sum(sum(p.counts.values()) + p.stage.duplicates for p in cluster.at_vehicles)


def test_what_was_silent_before_a_log_came_is_waited_for() -> None:
    """Partitions were silent, and said so; then their owners died, a log came, and new ones read it one by one."""
    names, lines = border()[1], late_lines()[:2_000]
    pipeline, rng = single(CONFIG, names), np.random.default_rng(3)
    alone = [pipeline.push(decoded(lines, names)), pipeline.flush()]
    cluster, topic = Cluster(CONFIG, names, 4, 2), records_of(lines, names, 4)
    cluster.run([[] for _ in topic], rng)
    assert all((partition.idle_at == 0).all() for partition in cluster.at_ports)
    for number in range(4):
        cluster.crash(number)
    cluster.sent_to = [len(records) for records in topic]
    assert by_crossing(alone) == by_crossing(cluster.run(topic, rng))
    assert pipeline.counters["late"] == sum(partition.counts["late"] for partition in cluster.at_ports) > 0
