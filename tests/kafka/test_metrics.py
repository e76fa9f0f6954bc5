"""Do workers tell Prometheus what they did? Two of them on a real broker, summed as Prometheus sums."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from ops.metrics_catalogue import served_by
from tests.kafka.cluster import Case, Child, Cluster
from tests.ops.scraped import Scraped, missing, samples_of, scrape

pytestmark = [pytest.mark.xdist_group("kafka")]
LIFT = {"lift_ratio", "lift_low_ratio", "lift_high_ratio"}  # where nobody was looked at by chance yet there is none


class Told:
    """What these workers serve now."""

    def __init__(self, workers: list[Child]) -> None:
        found = [re.search(r"http://\S+/metrics", worker.said.read_text()) for worker in workers]
        self.each: list[Scraped] = [scrape(one[0]) for one in found if one]
        assert len(self.each) == len(workers)

    def sum(self, name: str, **labels: str) -> float:
        """Of all of them, of those labels."""
        return sum(sum(one.of(name, **labels)) for one in self.each)


def test_two_workers_tell_together_what_one_process_counts(workers: Cluster, disordered: Case) -> None:
    """Crossings, rejects, repeats, late ones and alerts add up; each partition is told of once; nothing is behind."""
    pair = [workers.worker(), workers.worker()]
    workers.until(lambda: workers.ready() == 2, "both have partitions")
    workers.produce(disordered.log, dispositions=True).ended()
    workers.settled()

    counts = disordered.answer.counts
    workers.until(lambda: Told(pair).sum("crossings_total") == counts["accepted"], "the last tick", 20)
    workers.until(lambda: not Told(pair).sum("consumer_lag"), "nothing is behind", 20)
    told = Told(pair)
    absent = [set(missing(one, served_by("worker"))) for one in told.each]
    assert absent[0] & absent[1] <= LIFT  # one of them may have no partition of ports
    for one in told.each:
        assert one.ours <= samples_of(served_by("worker"))
        assert 1 == one.sum("up")
    assert counts["rejected"] == told.sum("rejects_total")
    assert counts["duplicates"] == told.sum("duplicates_total")
    assert counts["late"] == told.sum("late_total")
    assert counts["accepted"] == told.sum("port_crossings_total") == told.sum("decided_crossings_total")
    alerts = [json.loads(line) for line in disordered.answer.said.alerts]
    for port, count in Counter(alert["port"] for alert in alerts).items():
        assert count == told.sum("alerts_total", port=port)
    assert len(alerts) == told.sum("crossing_to_alert_seconds_count") == told.sum("decided_alerts_total")
    assert 6 == told.sum("partitions")
    assert told.sum("dispositions_total") > 0
    assert 1 == sum("precision_ratio" in one.ours for one in told.each)
    text = "".join(one.text for one in told.each)
    assert [] == [a["vehicle"] for a in alerts if a["vehicle"] in text or a["crossing_id"] in text]
