"""Are notices the same however the log was cut, and is a level shift a notice and not an alert on every vehicle?"""

from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.batch import DIRECTIONS, Array, CrossingBatch
from schemas.models import Notice
from stream.config import PipelineConfig
from stream.pipeline import Decided, Pipeline
from stream.watch import Watch
from tests.stream.logs import border, border_lines, lines, lines_of, single
from tests.stream.partitions import Cluster, records_of
from tests.stream.test_partitions import by_crossing

HOUR, DAY = 3_600_000, 86_400_000
CONFIG = PipelineConfig()
OUT, BACK = 24, 26  # days of the outage


@lru_cache(maxsize=1)
def border_log() -> tuple[CrossingBatch, list[str]]:
    """Five weeks at three ports."""
    batch, names = border(seed=7, days=35, vehicles=7000, ports=3)
    order = np.argsort(batch.time_ms, kind="stable")
    return batch.take(order), names


def day_of(batch: CrossingBatch) -> NDArray[np.float64]:
    """Days since the log began."""
    return days(batch.time_ms, batch)


def days(time_ms: Array, batch: CrossingBatch) -> NDArray[np.float64]:
    """Days since the log began."""
    since: NDArray[np.float64] = (time_ms - batch.time_ms[0]) / DAY
    return since


@lru_cache(maxsize=1)
def outage() -> tuple[CrossingBatch, list[str], int]:
    """The log without the outbound reads of its busiest port for two days, and that port."""
    batch, names = border_log()
    port = int(np.bincount(batch.port).argmax())
    at = day_of(batch)
    lost = (batch.port == port) & (batch.direction == DIRECTIONS.index("outbound")) & (at >= OUT) & (at < BACK)
    return batch.take(~lost), names, port


def bridge() -> tuple[CrossingBatch, list[str], int]:
    """The log in which half of the vehicles of the busiest port use a new one from the fourth week on."""
    batch, names = border_log()
    busiest = int(np.bincount(batch.port).argmax())
    moved = (batch.port == busiest) & (day_of(batch) >= OUT) & (batch.vehicle_key % np.uint64(2) == 0)
    port = np.where(moved, len(names), batch.port).astype(np.int32)
    return dataclasses.replace(batch, port=port), [*names, "9999"], len(names)


def notices_of(decided: list[Decided]) -> list[Notice]:
    """All notices."""
    return [notice for part in decided for notice in part.notices]


@lru_cache(maxsize=1)
def whole() -> list[Decided]:
    """The log with the outage, in one piece."""
    batch, names, _ = outage()
    pipeline = single(CONFIG, names)
    decided = [pipeline.push(batch), pipeline.flush()]
    assert pipeline.errors == {}
    return decided


def test_an_outage_is_one_notice_with_its_numbers() -> None:
    """Which reader, when, how many were usual; the line keeps to the schema."""
    batch, names, port = outage()
    said = [notice for notice in notices_of(whole()) if notice.kind == "reader_fault"]
    (fault,) = [notice for notice in said if notice.port == names[port]]  # the border has outages of its own elsewhere
    assert (names[port], "outbound", "operator") == (fault.port, fault.direction, fault.audience)
    since = (fault.occurred_at.timestamp() * 1000 - batch.time_ms[0]) / DAY - OUT
    assert 0 < since < 1.1
    assert fault.observed is not None
    assert fault.usual is not None
    assert fault.observed < 0.1 * fault.usual[0]
    assert fault.sentence.startswith(f"No outbound reads at port {names[port]} in the last ")
    assert fault == Notice.model_validate_json(fault.to_json())
    assert list(Notice.model_fields)[1:] == list(json.loads(fault.to_json()))[1:]


def test_answers_that_rest_on_the_gap_are_taken_back() -> None:
    """In again without an out between, over the gap: not evaluated there, still evaluated at the other ports."""
    batch, _, port = outage()
    pipeline = single(CONFIG, outage()[1])
    column = pipeline.layout.column["same_direction_repeat"]
    gap_s = pipeline.layout.slices["same_direction_repeat"].start + 1
    taken = kept = elsewhere = 0
    for rows in (rows for part in whole() for rows in part.assessed):
        at = days(rows.batch.time_ms, batch)
        since = at - np.nan_to_num(rows.evidence[:, gap_s]) / 86_400
        answered = ~np.isnan(rows.p[:, column])
        over = ~np.isnan(rows.evidence[:, gap_s]) & (at > OUT + 1.2) & (since < BACK - 0.3) & (at < BACK + 5)
        here, inbound = rows.batch.port == port, rows.batch.direction == 0
        taken += int((over & here & inbound & ~answered).sum())
        kept += int((over & here & inbound & answered).sum())
        elsewhere += int((over & ~here & answered).sum())
    assert taken > 50
    assert 0 == kept
    assert elsewhere > 50


def test_cut_saved_and_loaded_gives_the_same_notices(tmp_path: Path) -> None:
    """Random cuts, some of them with a checkpoint and another process: every byte of every output."""
    batch, names, _ = outage()
    rng = np.random.default_rng(5)
    edges = [0, *np.unique(rng.integers(1, len(batch), 30)).tolist(), len(batch)]
    pipeline, decided = single(CONFIG, names), list[Decided]()
    for number, (a, b) in enumerate(pairwise(edges)):
        decided.append(pipeline.push(batch.take(slice(a, b))))
        if number % 4 == 0:
            folder = tmp_path / str(number)
            folder.mkdir()
            pipeline.save(folder)
            pipeline = single(CONFIG, names)
            pipeline.load(folder)
    assert lines(whole()) == lines([*decided, pipeline.flush()])


def test_partitions_give_the_same_notices() -> None:
    """What several partitions conclude from their sums, and each of its own ports, is what one process says."""
    batch, names, _ = outage()
    topic = records_of(lines_of(batch, border_lines(seed=7, days=35, vehicles=7000, ports=3)), names, 3)
    apart = Cluster(CONFIG, names, 3, 2).run(topic, np.random.default_rng(2))
    assert by_crossing(whole()) == by_crossing(apart)
    assert {n.to_json() for n in notices_of(whole())} == {n.to_json() for n in notices_of(apart)}


def test_a_new_bridge_is_a_notice_and_not_an_alert_on_every_vehicle() -> None:
    """One notice of the port that opened; its vehicles alert no more often than the budget lets them, and rarely."""
    batch, names, port = bridge()
    pipeline = Pipeline(CONFIG, single(CONFIG, names).ports)
    decided = [pipeline.push(batch), pipeline.flush()]
    opened_ms = batch.time_ms[0] + OUT * DAY
    flows = [notice for notice in notices_of(decided) if notice.kind == "flow_anomaly"]
    said = [notice for notice in flows if notice.occurred_at.timestamp() * 1000 > opened_ms]
    assert 1 == sum(notice.port == names[port] for notice in said)
    assert len({notice.port for notice in said}) == len(said)
    there = batch.port == port
    crossings = int(there.sum())
    assert crossings > 1000
    alerts = [alert for part in decided for alert in part.alerts if alert.port == names[port]]
    assert len(alerts) < 0.02 * crossings
    drifts = [notice.detector for notice in notices_of(decided) if notice.kind == "drift"]
    assert len(set(drifts)) == len(drifts)


def test_a_port_may_appear_after_an_hour_was_collected() -> None:
    """A partition collects an hour when it closes it; by the time it is published new ports have lanes, too."""
    batch, _ = border_log()
    watch = Watch(2, lambda time_ms, _: time_ms)
    hours = [batch.take(np.flatnonzero(batch.port == port)[:20]) for port in (0, 1)]
    for hour, some in enumerate(hours):
        n = len(some)
        blank = np.full((n, 2), np.nan)
        watch.note(hour, hour + 1, some, np.ones(n, np.uint8), blank, np.ones(n), blank, np.zeros(n, np.bool_))
        if hour == 0:
            counted = watch.collect(0, 1)
    watch.publish(0, [counted])
    watch.publish(1, [watch.collect(1, 2)])
    counts = watch.flow.rows["counts"].reshape(2, 2, -1).sum(axis=1)  # [ports, hours], the newest first
    assert [[0, 20], [20, 0]] == counts[:, :2].tolist()
