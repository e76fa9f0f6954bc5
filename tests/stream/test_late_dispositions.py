"""Does a disposition count, once, whenever it comes and whatever crashes meanwhile?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from detectors.base import HOUR_MS
from schemas.dispositions import Given
from stream.exchange import FIRST, Closed, unpack
from stream.feedback import Heard
from tests.stream.logs import CONFIG, border, late_lines
from tests.stream.partitions import Cluster, records_of


@pytest.mark.parametrize("crashes", [0, 0.005])
def test_one_that_comes_when_its_hour_is_closed_counts_for_another(crashes: float) -> None:
    """Between the end of an hour and the moment from which it counts lie two hours, in which much can come."""
    batch, names = border()
    cluster = Cluster(CONFIG, names, 3, 2, crashes=crashes)
    every = range(0, len(batch), len(batch) // 150)
    cluster.trickle = [
        Given(int(batch.time_ms[i]) + HOUR_MS, f"d{i:05}", batch.crossing_id[i], "cleared", "random") for i in every
    ]
    cluster.run(records_of(late_lines(), names, 3), np.random.default_rng(3))
    named = Counter(one.disposition_id for one in named_by_first(cluster))
    first = cluster.at_ports[FIRST]
    feedback = first.stage.feedback
    waiting = Counter(name for hour, some in feedback.pending.items() if hour > first.closed for name in some)
    assert len(cluster.trickle) == cluster.heard
    assert dict.fromkeys((one.disposition_id for one in cluster.trickle), 1) == dict(named + waiting)
    assert len(named) > 50
    assert feedback.counts["late"] > 10
    assert bool(crashes) == bool(cluster.crashed)


def named_by_first(cluster: Cluster) -> list[Given]:
    """What the first port partition has named; of an hour that is closed again its first word stands."""
    hours: dict[int, list[Given]] = {}
    for word in cluster.exchange:
        if isinstance(word, Closed) and word.stage == "port" and word.partition == FIRST:
            for hour, data in word.periods.items():
                hours.setdefault(hour, [one for part in unpack(data) if isinstance(part, Heard) for one in part.due])
    return [one for due in hours.values() for one in due]
