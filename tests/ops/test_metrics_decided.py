"""Are decided crossings counted as they are, whatever the number of ports and however the batches were cut?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest

from ops.metrics import Spread, Values
from ops.metrics_catalogue import MOST_PORTS, OTHER, P_VALUE
from ops.metrics_decided import COMBINED, DecidedFigures
from schemas.batch import LANE_TYPES, VEHICLE_CLASSES, CrossingBatch
from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.assessment import Assessed
from stream.pipeline import Decided

HOUR_MS = 3_600_000


def crossings(ports: Ports, count: int) -> CrossingBatch:
    """So many, one a second, each at a port of its own."""
    codec = Codec(ports, Pseudonymiser(bytes(32)))
    lines = [
        f'{{"crossing_id":"c{k}","occurred_at":"2026-01-01T00:{k // 60:02d}:{k % 60:02d}Z","port":"p{k}","lane":"1",'
        f'"direction":"inbound","vehicle":"v{k}","lane_type":"{LANE_TYPES[k % 6]}",'
        f'"vehicle_class":"{VEHICLE_CLASSES[k % 4]}"}}'
        for k in range(count)
    ]
    decoded = codec.decode("\n".join(lines).encode())
    assert not decoded.rejects
    return decoded.batch


def assessed(batch: CrossingBatch, p: np.ndarray, first: int = 0) -> Assessed:
    """With these answers of the detectors; every tenth alerted; `first` is the number of the first crossing."""
    k = first + np.arange(len(batch))
    combined = np.where(np.isnan(p).all(axis=1), 1.0, 0.05)
    nobody = np.zeros(len(batch), np.bool_)
    evidence = np.zeros((len(batch), 0), np.float32)
    return Assessed(batch, -np.log10(combined), combined, k % 10 == 0, nobody, k / 10, p, evidence, p, nobody)


def figures_of(ports: Ports, *parts: Assessed) -> Values:
    """What is told of these."""
    figures = DecidedFigures(["one", "two"], ports, 6.0)
    for part in parts:
        figures.take(Decided([], [part], [], []))
    return figures.values()


def answers(n: int) -> np.ndarray:
    """One detector answers evenly, the other every second time; the last crossing has no answer at all."""
    p = np.stack([(np.arange(n) + 1) / n, np.where(np.arange(n) % 2, 1e-3, np.nan)], axis=1)
    p[-1] = np.nan
    return p


def spread_of(values: Values, detector: str) -> Spread:
    """A detector's histogram."""
    return cast("Spread", values["detector_p_value"][detector,])


def test_p_values_are_counted_up_to_each_bucket() -> None:
    """A value on a bucket's edge belongs to it; what was not evaluated is nowhere."""
    ports = Ports.open()
    values = figures_of(ports, assessed(crossings(ports, 100), answers(100)))
    counts, total = spread_of(values, "one")
    p = answers(100)[:-1, 0]
    assert [int((p <= edge).sum()) for edge in P_VALUE] == np.cumsum(counts)[:-1].tolist()
    assert 99 == sum(counts)
    assert pytest.approx(p.sum()) == total
    assert 49 == spread_of(values, "two").counts[P_VALUE.index(1e-3)]
    assert 99 == sum(spread_of(values, COMBINED).counts)


def test_cuts_do_not_matter() -> None:
    """One batch or many of any size: the same figures."""
    ports = Ports.open()
    whole = assessed(crossings(ports, 60), answers(60))
    cuts = (slice(0, 1), slice(1, 7), slice(7, 60))
    answered = answers(60)
    parts = [assessed(whole.batch.take(cut), answered[cut], cut.start) for cut in cuts]
    assert figures_of(ports, whole) == figures_of(ports, *parts)


def test_the_labels_of_ports_are_bounded() -> None:
    """An open registry that fills with garbage gives one label more, not hundreds."""
    ports = Ports.open()
    n = MOST_PORTS + 50
    values = figures_of(ports, assessed(crossings(ports, n), answers(n)))
    crossed = cast("Mapping[tuple[str, ...], int]", values["port_crossings_total"])
    assert (MOST_PORTS + 1, 50, n) == (len(crossed), crossed[OTHER,], sum(crossed.values()))
    for name in ("alert_threshold", "alert_budget_ratio", "reader_silent_seconds"):
        assert MOST_PORTS == len(values[name])
    assert (n - 1.0, 0.1) == (values["reader_silent_seconds"]["p0",], values["alert_threshold"]["p1",])


def test_alerts_are_counted_by_group() -> None:
    """Of each lane type and vehicle class: the crossings, and those that alerted."""
    ports = Ports.open()
    values = figures_of(ports, assessed(crossings(ports, 120), answers(120)))
    crossed = cast("Mapping[tuple[str, ...], int]", values["decided_crossings_total"])
    alerted = cast("Mapping[tuple[str, ...], int]", values["decided_alerts_total"])
    assert {(LANE_TYPES[k % 6], VEHICLE_CLASSES[k % 4]) for k in range(120)} == set(crossed)
    assert (120, 12, 10) == (sum(crossed.values()), sum(alerted.values()), crossed["general", "passenger"])
    assert sum(k % 6 == 0 and k % 4 == 0 for k in range(0, 120, 10)) == alerted["general", "passenger"]


def test_ports_of_others_are_forgotten() -> None:
    """After partitions have changed hands only counters stay: how a port stands is told by who has it."""
    ports = Ports.open()
    figures = DecidedFigures(["one", "two"], ports, 6.0)
    figures.take(Decided([], [assessed(crossings(ports, 20), answers(20))], [], []))
    figures.forget()
    values = figures.values()
    assert ({}, {}) == (values["alert_threshold"], values["last_event_timestamp_seconds"])
    assert 20 == len(values["port_crossings_total"])
