"""Do the Kafka benchmarks count right? Their pure parts, without a broker; `make bench-kafka ARGS=--quick` runs all."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.kafka import latency, process, rate, recovery, takeover, traffic, watched
from benchmarks.kafka.arrivals import Arrival
from benchmarks.kafka.latency import Decision, Measured
from benchmarks.kafka.percentiles import percentile, spread
from benchmarks.kafka.process import Process, Said, counts_of, settled
from benchmarks.kafka.scale import FULL, QUICK
from benchmarks.kafka.state import visited
from benchmarks.kafka.usage import OTHERS, Usage, memory_gb

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
WORKER = "linewatch: progress accepted=90 duplicates=5 rejected=3 resent=2 assessed=90 late=0 alerts=1"


def test_a_percentile_is_a_time_that_was_measured() -> None:
    """Nearest rank: the smallest value that so large a share does not exceed."""
    times = [float(k) for k in range(1, 1001)]
    assert [500.0, 990.0, 999.0, 1000.0] == spread(times[::-1])
    assert 29.0 == percentile(times[:100], 0.29)
    assert math.isnan(percentile([], 0.5))


@pytest.mark.parametrize(
    ("counts", "records", "expected"),
    [
        (counts_of(WORKER), 100, True),
        (counts_of(WORKER), 101, False),
        (counts_of(WORKER.replace("assessed=90", "assessed=89")), 100, False),
        (counts_of("linewatch: ready: 12 partitions of crossings, 4 of ports"), 100, False),
    ],
)
def test_a_worker_has_settled_when_all_is_decided(counts: dict[str, int], records: int, expected: bool) -> None:
    """Every record is read, repeated and refused ones too, and every accepted crossing is decided."""
    assert expected is settled(counts, records)


def test_words_of_a_process_are_heard_with_their_time() -> None:
    """Lines come as they are said; the end of the process ends the waiting, and shows what it said."""
    talker = Process("talker", ["-c", "print('one\\ntwo', flush=True); raise SystemExit('three')"])
    said = talker.wait_for(lambda line: line.text == "two", 20)
    assert talker.started <= said.at <= time.time()
    with pytest.raises(RuntimeError, match=r"talker did not come so far: one \| two \| three"):
        talker.wait_for(lambda line: line.text == "four", 20)
    with pytest.raises(RuntimeError, match="talker ended with 1"):
        talker.end(20)


def test_a_worker_says_which_partitions_it_has() -> None:
    """The last word counts, and only one that came after the moment asked for."""
    worker = object.__new__(process.Worker)
    worker.said = [
        Said(1.0, "linewatch: ready: 12 partitions of crossings, 4 of ports"),
        Said(2.0, "linewatch: ready: 8 partitions of crossings, 0 of ports"),
        Said(3.0, WORKER),
    ]
    assert (8, 0) == worker.partitions
    assert 90 == worker.counts()["assessed"]


@LINUX
def test_cores_are_counted_for_us_and_for_others() -> None:
    """A process that works all the time uses most of a core, unless others take it."""
    usage = Usage({"mine": os.getpid()})
    usage.start()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    cores = usage.stop()
    assert {"mine", OTHERS} == cores.keys()
    assert 0 < cores["mine"] < 2
    assert 0 < memory_gb(os.getpid()) <= memory_gb(os.getpid(), highest=True)


def test_a_live_log_has_the_wanted_rate(tmp_path: Path) -> None:
    """The same lines at other times, rising, so many a second; what is due when is known by the crossing."""
    lines = [b'{"crossing_id":"c%d","occurred_at":"2026-01-05T00:00:00.000Z","port":"1"}\n' % k for k in range(3_000)]
    live = traffic.squeezed(lines, 1_000, 5_000, tmp_path / "live.jsonl")
    written = [json.loads(line) for line in live.path.read_text().splitlines()]
    times = np.array([one["occurred_at"].rstrip("Z") for one in written], "M8[ms]").astype(np.int64)
    assert [f"c{k}" for k in range(3_000)] == [one["crossing_id"] for one in written]
    assert list(live.event_ms.values()) == times.tolist()
    assert 5_000 == times[0]
    assert (np.diff(times) >= 0).all()
    assert 3_000 == pytest.approx(times[-1] - times[0], rel=0.1)
    assert (3_000, 1_000) == (live.records, live.rate)


def test_lines_that_are_missing_stop_the_benchmark() -> None:
    """A generated log that is too short gives no shorter run."""
    with pytest.raises(RuntimeError, match="too short: 3 more lines"):
        traffic._next([b"one\n", b"two\n"], 3)


def test_the_rate_counts_from_the_first_taken_to_the_last_decided() -> None:
    """The time before the first crossing and after the last decision is nobody's."""
    notes = [
        {"at": 1.0, "what": "turn", "accepted": 0, "assessed": 0},
        {"at": 10.0, "what": "taken"},
        {"at": 11.0, "what": "turn", "accepted": 400, "assessed": 0},
        {"at": 14.0, "what": "turn", "accepted": 400, "assessed": 400},
        {"at": 15.0, "what": "turn", "accepted": 401, "assessed": 400},
    ]
    assert 100.0 == rate.sustained(notes)


def test_notes_are_read_while_they_are_written(tmp_path: Path) -> None:
    """Half a line is left for the next time; before the first there is nothing."""
    notes = tmp_path / "notes"
    assert [] == watched.read(notes)
    notes.write_text('{"at": 1, "what": "taken"}\n{"at": 2, "wh')
    assert ["taken"] == [note["what"] for note in watched.read(notes)]


def test_the_ratio_is_held_against_the_goal() -> None:
    """Each worker is compared with the agent on its own records; the median of the ratios counts."""
    cores = {"worker": 1.0, "broker": 0.5, OTHERS: 0.0}
    drained = [rate.Drained(800.0, 1_000.0, cores), rate.Drained(700.0, 1_000.0, cores), rate.Drained(9.0, 10.0, cores)]
    found = {figure.what: figure for figure in rate.result(drained, [], ["about"]).figures}
    ratio = found["worker / agent that does nothing (one day)"]
    assert (0.8, "met") == (ratio.median, ratio.verdict)
    slow = rate.result(drained[1:2], [], ["about"]).figures[-1]
    assert "missed" == slow.verdict


def arrival(at: float, crossing: str, partition: int) -> Arrival:
    """A record of the control sample."""
    return Arrival(at, "control", partition, crossing, b"", {})


def test_a_takeover_ends_when_every_partition_decides_anew() -> None:
    """What was due before the kill does not count; the last partition does; and the last that came late."""
    due = {"a": 90.0, "b": 101.0, "c": 102.0, "d": 103.0, "e": 120.0}
    came = [arrival(112, "a", 0), arrival(113, "b", 0), arrival(114, "c", 1), arrival(116, "d", 0)]
    came.append(arrival(120.5, "e", 1))
    assert (14.0, 16.0) == takeover.resumed(came, due, 100.0)
    assert (math.inf, 0.0) == takeover.resumed([], due, 100.0)


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [([(8, 0), (4, 4)], True), ([(12, 4), (0, 0)], False), ([(12, 4), (6, 2)], False), ([(6, 2), (6, 2)], True)],
)
def test_workers_have_shared_when_each_has_crossings(partitions: list[tuple[int, int]], expected: bool) -> None:
    """Together all partitions, and none of them alone."""
    assert expected is takeover.all_dealt(partitions)


def test_latency_is_told_by_rate_and_by_step(tmp_path: Path) -> None:
    """From due to read for the sample and for alerts; of alerts also how long each step took."""
    live = traffic.Live(tmp_path / "log", 3_000, 10, {})
    sample = [Decision(100.0, 100.3), Decision(101.0, 101.4), Decision(102.0, 102.7)]
    alerts = [Decision(100.0, 100.5, taken=100.01, issued=100.48)]
    found = latency.result([Measured(live, sample, alerts, {"worker": 0.5, OTHERS: 0.0})], FULL)
    figure = next(f for f in found.figures if f.what == "crossing to decision at 3,000/s, p99")
    assert 700 == pytest.approx(figure.median)
    assert "missed" == figure.verdict
    times, steps, cores = found.tables
    assert ["3,000", "sample", "3", "400", "700", "700", "700"] == times.rows[0]
    assert ["3,000", "10 / 10", "470 / 470", "20 / 20"] == steps.rows[0]
    assert ["3,000", "0.50", "0.00"] == cores.rows[0]


def test_a_state_of_a_million_has_a_goal() -> None:
    """Thirty seconds for a million vehicles; others are told without a goal."""
    cores = {"worker": 1.0, OTHERS: 0.0}
    found = [recovery.Recovered(n, 980, n * 100, [31.0], [1.0], 1.0, 1.5, cores) for n in (1_000_000, 5_000_000)]
    figures = {figure.what: figure for figure in recovery.result(found, FULL).figures}
    assert "missed" == figures["1 M vehicles: from start to ready"].verdict
    assert "" == figures["5 M vehicles: from start to ready"].verdict
    assert 5_000_000 / 30 == figures["5 M vehicles: restored"].median


def test_a_visit_is_one_crossing_of_each_vehicle() -> None:
    """Another one each time: later, and never with an id that was there."""
    who = np.arange(500)
    first, second = visited(who, 0, 10), visited(who, 1, 10)
    assert (first.vehicle_key == second.vehicle_key).all()
    assert 1_000 == len({*first.crossing_key.tolist(), *second.crossing_key.tolist()})
    assert first.time_ms.max() < second.time_ms.min()
    assert (first.direction != second.direction).all()


def test_quick_is_smaller_in_everything() -> None:
    """Nothing of the quick run is larger than in the full one."""
    for name, full in FULL._asdict().items():
        quick = getattr(QUICK, name)
        assert quick <= full if isinstance(full, int | float) else len(quick) <= len(full), name
    assert set(QUICK.rates) <= set(FULL.rates)


def test_the_kafka_page_has_a_place_for_figures(repository: Path) -> None:
    """docs/benchmarks-kafka.md carries the markers that `--write` looks for."""
    text = (repository / "docs" / "benchmarks-kafka.md").read_text(encoding="utf-8")
    assert 1 == text.count(report.BEGIN) == text.count(report.END)
    assert re.search(r"^make bench-kafka ", text, re.MULTILINE)
