"""Is every metric of the catalogue served, with the value that it ought to have, and nothing that names anybody?"""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ops import metrics
from ops.metrics_catalogue import CATALOGUE, LABELS, PREFIX, served_by
from tests.ops.running import LOOSE, start, wait_for, write_log
from tests.ops.scraped import Scraped, missing, samples_of, scrape

LOOKED, FOUND = {"alert": 30, "random": 20}, {"alert": 6, "random": 1}
CONTRACT = (  # what other tools rely on
    "crossings_total", "rejects_total{reason}", "duplicates_total", "late_total", "consumer_lag",
    "batch_seconds{stage}", "alerts_total{port,severity,typology}", "alert_budget_ratio{port}", "alert_threshold{port}",
    "detector_p_value{detector}", "detector_drift_total{detector}", "crossing_to_alert_seconds", "state_bytes{stage}",
    "state_entities{stage}", "checkpoint_age_seconds", "reader_silent_seconds{port}",
    "dispositions_total{outcome,selected_by}", "precision_ratio{selected_by}",
)  # fmt: skip


def plated(line: bytes) -> bytes:
    """Every third vehicle with a raw plate instead of its pseudonym."""
    row = json.loads(line)
    if ord(row["vehicle"][-1]) % 3 == 0:
        row |= {"plate": f"PL8{row.pop('vehicle')[-6:]}", "plate_jurisdiction": "US-CA"}
    return json.dumps(row).encode() + b"\n"


def said(crossings: list[dict[str, Any]]) -> bytes:
    """Dispositions of the first crossings: so many looked at by each choice, so many of them found."""
    lines: list[dict[str, Any]] = []
    for choice, looked in LOOKED.items():
        for n in range(looked):
            row = crossings[len(lines)]
            at = dt.datetime.fromisoformat(row["occurred_at"]) + dt.timedelta(minutes=5)
            lines.append(
                {"disposition_id": f"d{len(lines)}", "crossing_id": row["crossing_id"], "alert_id": None,
                 "outcome": "seizure" if n < FOUND[choice] else "cleared", "selected_by": choice, "by": "officer-9",
                 "at": at.isoformat()}
            )  # fmt: skip
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with plates, a repeat and two bad lines, and what people found."""
    folder = tmp_path_factory.mktemp("run")
    rows = write_log(folder / "whole.jsonl", vehicles=1_500, planted_rate=0.06).read_bytes().splitlines()
    lines = [plated(line) for line in rows]
    (folder / "log.jsonl").write_bytes(b"".join([*lines, lines[-1], b"[]\n", b'{"crossing_id": "PL8SECRET"}\n']))
    (folder / "found.jsonl").write_bytes(said([json.loads(line) for line in rows]))
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Scraped:
    """What `linewatch run` serves when it has read that log."""
    words = ["--source", "log.jsonl", "--data", "data", "--alerts", "alerts.jsonl", "--dispositions", "found.jsonl"]
    more = [
        "--console",
        "--set",
        "console_port=0",
        "--progress",
        "lines",
        "--set",
        "batch_lines=500",
        "--set",
        "checkpoint_every_crossings=1500",
    ]
    count = (folder / "log.jsonl").read_bytes().count(b"\n")
    child = start(folder, "run", *words, *more, *LOOSE)
    try:
        found = re.search(r"http://\S+/metrics", wait_for(child, "metrics at"))
        assert found
        while f"lines={count} " not in wait_for(child, "progress"):
            pass
        return scrape(found[0])
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)


def test_run_serves_its_part_of_the_catalogue_and_nothing_else(served: Scraped) -> None:
    """Each metric has a sample, those of the console beside it too, and no name that is not documented is served."""
    assert [] == missing(served, served_by("run"))
    assert samples_of(served_by("run")) <= served.ours <= samples_of(served_by("run", "console"))
    assert served.sum("alerts_total") == served.sum("waiting_alerts")


def test_what_run_counts_is_what_happened(served: Scraped, folder: Path) -> None:
    """Crossings, rejects, repeats and alerts are those of the log and of the alert file."""
    ids = [json.loads(line)["crossing_id"] for line in (folder / "log.jsonl").read_text().splitlines()[:-2]]
    assert len(set(ids)) == served.sum("crossings_total")
    assert len(ids) - len(set(ids)) == served.sum("duplicates_total") > 0
    assert (2, 1) == (served.sum("rejects_total"), served.sum("rejects_total", reason="not_object"))
    alerts = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert len(alerts) > 10
    assert Counter(alert["severity"] for alert in alerts) == served.by("alerts_total", "severity")
    assert Counter(alert["port"] for alert in alerts) == served.by("alerts_total", "port")
    assert Counter(alert["typologies"][0] for alert in alerts) == served.by("alerts_total", "typology")
    assert len(alerts) == served.sum("decided_alerts_total") == served.sum("crossing_to_alert_seconds_count")
    assert served.sum("port_crossings_total") == served.sum("decided_crossings_total")
    assert served.sum("crossings_total") >= served.sum("port_crossings_total") > 0.99 * served.sum("crossings_total")
    newest = max(dt.datetime.fromisoformat(alert["occurred_at"]).timestamp() for alert in alerts)
    assert served.sum("last_event_timestamp_seconds") >= newest


def test_run_tells_how_detectors_and_ports_stand(served: Scraped) -> None:
    """Calibrated p-values lie in 0..1, most of them; every port has a threshold, a budget and a last crossing."""
    decided = served.sum("port_crossings_total")
    for detector, count in served.by("detector_p_value_count", "detector").items():
        assert count <= decided
        assert count == served.sum("detector_p_value_bucket", detector=detector, le="1.0")
        assert 0 <= served.sum("detector_p_value_sum", detector=detector) <= count
    usual = served.sum("detector_p_value_bucket", detector="combined", le="0.5")
    assert 0.3 < usual / served.sum("detector_p_value_count", detector="combined") < 0.7
    ports = set(served.by("port_crossings_total", "port"))
    for name in ("alert_threshold", "alert_budget_ratio", "reader_silent_seconds"):
        assert ports == set(served.by(name, "port"))
    assert 0 == min(served.of("reader_silent_seconds"))
    assert min(served.of("alert_threshold")) >= 1.69  # -log10 of the floor
    assert 0 <= min(served.of("alert_budget_ratio")) <= max(served.of("alert_budget_ratio")) <= 256 / 60


def test_run_tells_what_people_found(served: Scraped) -> None:
    """Dispositions by outcome and choice; precision and lift as they follow from them."""
    assert FOUND["alert"] == served.sum("dispositions_total", outcome="seizure", selected_by="alert")
    assert sum(LOOKED.values()) == served.sum("dispositions_total")
    for choice, looked in LOOKED.items():
        assert pytest.approx(FOUND[choice] / looked) == served.sum("precision_ratio", selected_by=choice)
    assert served.sum("lift_low_ratio") < served.sum("lift_ratio") < served.sum("lift_high_ratio")


def test_run_tells_what_it_costs(served: Scraped) -> None:
    """Each stage has worked, state has a size, and a checkpoint was not long ago."""
    for stage in ("decode", "assess", "write", "checkpoint"):
        assert served.sum("batch_seconds_count", stage=stage) > 0
        assert 0 < served.sum("batch_seconds_sum", stage=stage) < 240
    for stage in ("vehicle", "port"):
        assert served.sum("state_entities", stage=stage) > 0
        assert served.sum("state_bytes", stage=stage) > 1_000
    assert served.sum("checkpoints_total") >= 2
    assert 0 <= served.sum("checkpoint_age_seconds") < 240
    assert 1 == served.sum("up")


def test_nobody_is_named(served: Scraped, folder: Path) -> None:
    """No plate, no pseudonym, no crossing and no officer is in the text."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()[:-2]]
    alerts = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    names = {row[key] for row in rows for key in ("vehicle", "plate", "crossing_id", "driver", "officer") if key in row}
    names |= {alert["vehicle"] for alert in alerts} | {"PL8", "officer-9"}
    assert len(names) > 500
    assert [] == [name for name in names if name and name in served.text]


# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_the_contract_is_in_the_catalogue() -> None:
    """Names and labels that other tools rely on."""
    known = {m.name: set(m.labels) for m in CATALOGUE}
    for wanted in CONTRACT:
        name, _, labels = wanted.rstrip("}").partition("{")
        assert set(labels.split(",")) - {""} <= known[name], name


def test_names_follow_the_conventions_of_prometheus() -> None:
    """As `promtool check metrics` asks: counters end in _total, units are base units, every one has a help text."""
    for m in CATALOGUE:
        assert re.fullmatch(r"linewatch_[a-z]+(_[a-z]+)*", m.full_name)
        assert (m.kind == "counter") == m.name.endswith("_total"), m.name
        assert not re.search(
            r"_(ms|milliseconds|minutes|hours|kb|megabytes|count|sum|bucket|gauge|histogram)(_|$)", m.name
        )
        assert (m.kind == "histogram") == bool(m.buckets), m.name
        assert sorted(set(m.buckets)) == list(m.buckets)
        assert m.help.endswith("."), m.name
        assert set(m.labels) <= set(LABELS) - {"vehicle", "plate", "le", "quantile"}
    assert len({m.name for m in CATALOGUE}) == len(CATALOGUE)


def test_a_metric_that_is_not_in_the_catalogue_is_not_served() -> None:
    """Whoever serves one is told where to write it down."""
    exposed = metrics.registry(["run"], lambda: {"up": {(): 1}, "surprise_total": {(): 1}})
    with pytest.raises(AssertionError, match=r"not in ops/metrics_catalogue.py for run: surprise_total"):
        metrics.page(exposed)


def test_a_service_that_has_yet_to_begin_is_not_up() -> None:
    """The names are there, with their help; there is nothing to count yet."""
    text = metrics.page(metrics.registry(["run"], lambda: {"up": {(): 0}})).decode()
    assert 0 == Scraped(text).sum("up")
    assert {PREFIX + m.name for m in served_by("run")} == {
        line.split()[2] for line in text.splitlines() if line.startswith(f"# HELP {PREFIX}")
    }
