"""One process and twelve partitions give the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from stream.pipeline import Decided
from tests.stream.logs import CONFIG, border, shuffled, single
from tests.stream.partitions import Cluster


def by_crossing(decided: list[Decided]) -> dict[str, bytes]:
    """Every crossing's answer as bytes; partitions decide ports apart, so the order between ports is free."""
    out: dict[str, bytes] = {}
    for part in decided:
        for rows in part.assessed:
            columns = (rows.score, rows.p_value, rows.alerted, rows.threshold, rows.p, rows.evidence, rows.terms)
            for i, crossing in enumerate(rows.batch.crossing_id):
                assert crossing not in out
                out[crossing] = b"|".join(column[i].tobytes() for column in columns)
    return out


@pytest.mark.parametrize(("vehicles", "ports"), [(12, 3), (5, 6)])
def test_partitions_give_the_same_bytes_as_one_process(vehicles: int, ports: int) -> None:
    """Split by vehicle into interleaved streams and run as workers would: same alerts and columns, byte for byte."""
    batch, names = border()
    batch = shuffled(batch, CONFIG.lateness_ms)
    pipeline = single(CONFIG, names)
    alone = [pipeline.push(batch), pipeline.flush()]
    apart = Cluster(CONFIG, names, vehicles, ports).run(batch, np.random.default_rng(vehicles))
    assert by_crossing(alone) == by_crossing(apart)
    alerts = sorted(alert.to_json() for part in alone for alert in part.alerts)
    assert alerts == sorted(alert.to_json() for part in apart for alert in part.alerts)
    assert alerts
    assert pipeline.counters["late"] == 0
