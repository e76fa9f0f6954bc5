"""How long from a crossing to its alert in Kafka, at 300, 1,000 and 3,000 crossings a second?

`linewatch produce --speed 1` sends a log in which so many crossings happen each second; one `linewatch worker` decides
them; this process reads what is committed (isolation level read_committed). Broker, worker, producer and reader share
the machine. Measured is the time from the moment at which a crossing is due, by the log's clock, to the moment at which
this reader has the record: what the producer is late with counts, and so does the allowed lateness, 250 ms.

Alerts are rare. So the control sample is set to 20 crossings a second: its records are written in the same transactions
as alerts, by chance and not by what is found, which makes them the latency of every crossing. Alerts are shown beside
it. Each rate has a worker and topics of its own; it has seen the same history before and goes on with it. The first
seconds are not counted, in which the first crossings wait for every partition to begin.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.figures import Figure, Result, Table, text
from benchmarks.kafka import watched
from benchmarks.kafka.arrivals import Arrival, Arrivals
from benchmarks.kafka.ground import Border, Ground
from benchmarks.kafka.percentiles import SHARES, percentile, spread
from benchmarks.kafka.process import Worker
from benchmarks.kafka.scale import PORT_PARTITIONS, Scale
from benchmarks.kafka.traffic import Live, history_and_live
from benchmarks.kafka.usage import Usage

GOAL_MS, GOAL_FROM = 500.0, 1_000  # p99, from that rate on
SAMPLED = 20.0  # a second
# thresholds are low, so that there are alerts to measure
ALERTS: dict[str, Any] = {"floor_p": 0.05, "budget_per_hour": 100.0, "budget_cap_per_hour": 256}


class Decision(NamedTuple):
    """An alert or a crossing of the sample: when it was due and came; for alerts also the steps between. Seconds."""

    due: float
    came: float
    taken: float | None = None  # when the broker had the crossing
    issued: float | None = None  # when the worker decided


class Measured(NamedTuple):
    """One rate."""

    live: Live
    sample: list[Decision]
    alerts: list[Decision]
    cores: dict[str, float]


def run(scale: Scale, cache: Path) -> Result:
    """The figures, rate by rate."""
    found = []
    with Ground(cache) as ground:
        history, lives = history_and_live(cache, scale, ground.folder)
        for live in lives:
            border = Border(ground, f"live-{live.rate}", control_share=min(1.0, SAMPLED / live.rate), **ALERTS)
            records = border.fill(history)
            worker = border.worker()
            worker.settled(records)
            topics = {border.topics.alerts: PORT_PARTITIONS, border.topics.control: PORT_PARTITIONS}
            with Arrivals(border.connection, topics) as arrivals:
                found.append(_measure(border, worker, live, arrivals, scale, records))
            worker.stop()
            _keep(found[-1], cache)
    return result(found, scale)


def _measure(
    border: Border, worker: Worker, live: Live, arrivals: Arrivals, scale: Scale, before: int
) -> Measured:  # fmt: skip
    """`before`: records that are in the topic already."""
    notes = border.ground.folder / f"begun-{live.rate}"
    producer = border.produce(live.path, speed=1, notes=notes)
    start_s = watched.start_of(notes, producer)
    from_s = start_s + min(live.event_ms.values()) / 1000 + scale.warm_s
    usage = Usage({
        "worker": worker.pid, "broker": border.ground.broker.pid, "producer": producer.pid, "reader": os.getpid(),
    })  # fmt: skip
    time.sleep(max(0.0, from_s - time.time()))
    usage.start()
    time.sleep(max(0.0, from_s + scale.seconds - 1 - time.time()))  # the producer lives a little longer
    cores = usage.stop()
    producer.end(60)
    worker.settled(before + live.records, 120)
    time.sleep(1)  # what is decided is on its way
    came = arrivals.since(0)
    sample = [
        Decision(due, a.at)
        for a in came
        if a.topic == border.topics.control and (due := start_s + live.event_ms[a.key] / 1000) >= from_s
    ]
    alerts = [
        _alert(due, a)
        for a in came
        if a.topic == border.topics.alerts
        and (due := start_s + live.event_ms[json.loads(a.value)["crossing_id"]] / 1000) >= from_s
    ]
    return Measured(live, sample, alerts, cores)


def _alert(due: float, arrival: Arrival) -> Decision:
    taken, issued = (int(arrival.headers[name]) / 1000 for name in ("taken_ms", "issued_ms"))
    return Decision(due, arrival.at, taken, issued)


def _keep(measured: Measured, cache: Path) -> None:
    """Every time, for who wants to look closer."""
    rows = [f"{d.due:.3f},{1000 * (d.came - d.due):.0f}\n" for d in measured.sample]
    (cache / f"kafka-latency-{measured.live.rate}.csv").write_text("due_s,latency_ms\n" + "".join(rows))


def result(found: Sequence[Measured], scale: Scale) -> Result:
    """Figures and tables."""
    figures = []
    for measured in found:
        times, rate = milliseconds(measured.sample), f"{measured.live.rate:,}/s"
        goal = GOAL_MS if measured.live.rate >= GOAL_FROM else None
        figures += [
            Figure(f"crossing to decision at {rate}, p50", [percentile(times, SHARES[0])], "ms"),
            Figure(f"crossing to decision at {rate}, p99", [percentile(times, SHARES[1])], "ms", at_most=goal),
            Figure(f"crossing to decision at {rate}, p99.9", [percentile(times, SHARES[2])], "ms"),
        ]
    counted = f"{scale.seconds:.0f} s at each rate, after {scale.warm_s:.0f} s that do not count"
    slower = ", ".join(f"{len(m.sample) // 1000} at {m.live.rate:,}/s" for m in found)
    notes = [
        f"{counted} and {scale.history:,} crossings of history. An hour of event time ends in the middle.",
        "All times hold the allowed lateness, 250 ms: how long a port waits for what comes out of order.",
        f"Sample: {SAMPLED:.0f} crossings a second, drawn by chance, committed like alerts. Above its p99.9: {slower}.",
    ]
    return Result(figures, [_times(found), _steps(found), _cores(found)], notes)


def milliseconds(decisions: Sequence[Decision]) -> list[float]:
    """From due to come."""
    return [1000 * (d.came - d.due) for d in decisions]


def _times(found: Sequence[Measured]) -> Table:
    rows = [
        [f"{m.live.rate:,}", what, f"{len(some):,}", *(text(value) for value in spread(milliseconds(some)))]
        for m in found
        for what, some in (("sample", m.sample), ("alerts", m.alerts))
    ]
    return Table("From due to read, ms", ["crossings/s", "of", "how many", "p50", "p99", "p99.9", "most"], rows)


def _steps(found: Sequence[Measured]) -> Table:
    """Of alerts: p50 and p99 of each step."""
    rows = []
    for m in found:
        steps = [
            [1000 * (d.taken - d.due) for d in m.alerts if d.taken is not None],
            [1000 * (d.issued - d.taken) for d in m.alerts if d.issued is not None and d.taken is not None],
            [1000 * (d.came - d.issued) for d in m.alerts if d.issued is not None],
        ]
        cells = [" / ".join(text(percentile(step, share)) for share in SHARES[:2]) for step in steps]
        rows.append([f"{m.live.rate:,}", *cells])
    head = ["crossings/s", "due to in the topic", "in the topic to decided", "decided to read"]
    return Table("The steps of an alert, ms: p50 / p99", head, rows)


def _cores(found: Sequence[Measured]) -> Table:
    names = list(found[0].cores) if found else []
    rows = [[f"{m.live.rate:,}", *(f"{m.cores[name]:.2f}" for name in names)] for m in found]
    return Table("Cores in use", ["crossings/s", *names], rows)
