"""Does a running console tell Prometheus what waits, what was decided, and how quickly it answers?"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.database import Database
from console.queue import Queue
from ops.metrics_catalogue import served_by
from tests.console.stored import Clock, alert, fill, user
from tests.ops.running import start, wait_for
from tests.ops.scraped import missing, samples_of, scrape

OUTCOMES = ("seizure", "cleared", "cleared", "not_examined")
CODES = {"seizure": "goods", "cleared": "other", "not_examined": "no_staff"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six alerts of an hour ago; four were decided, each a minute after the one before."""
    clock = Clock()
    clock.ms = time.time_ns() // 1_000_000 - 3_600_000
    (tmp_path / "data").mkdir()
    database = Database.open(tmp_path / "data" / "console.sqlite")
    fill(database, clock, [alert(k) for k in range(1, 7)])
    ana = user(database, clock, "ana")
    for number, outcome in enumerate(OUTCOMES, start=1):
        clock.pass_s(60)
        with database.begin() as connection:
            queue = Queue(connection, ana, clock)
            queue.open(f"a-{number}", hold=True)
            queue.decide(f"a-{number}", outcome, CODES[outcome])
    database.close()
    return tmp_path / "data"


@pytest.fixture
def addresses(data: Path) -> Iterator[tuple[str, str]]:
    """Of the metrics and of the pages."""
    child = start(data.parent, "console", "--data", "data", "--set", "console_port=0", stdout=subprocess.DEVNULL)
    found = [re.search(r"http://\S+", wait_for(child, words)) for words in ("metrics at", "ready:")]
    assert all(found)
    yield found[0][0], found[1][0].rstrip(",")  # type: ignore[index]
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)


def test_the_console_serves_its_part_of_the_catalogue(addresses: tuple[str, str]) -> None:
    """Decisions, the time they took, agreement, what waits; requests by page; nobody's pseudonym."""
    metrics, pages = addresses
    for path in ("/healthz", "/healthz", "/queue"):
        httpx.get(pages + path, timeout=60)
    served = scrape(metrics)
    assert [] == missing(served, served_by("console"))
    assert samples_of(served_by("console")) == served.ours
    assert (4, 2) == (served.sum("decisions_total"), served.sum("decisions_total", outcome="cleared"))
    assert (4, 60 + 120 + 180 + 240) == (
        served.sum("decision_seconds_count"),
        round(served.sum("decision_seconds_sum")),
    )
    assert 2 == served.sum("decision_seconds_bucket", le="120.0")
    assert pytest.approx(1 / 3) == served.sum("agreement_ratio")
    assert (2, 0, 1) == (served.sum("waiting_alerts", port="2504"), served.sum("open_feeds"), served.sum("up"))
    assert 3_590 < served.sum("oldest_waiting_seconds") < 3_900
    assert 2 == served.sum("http_request_seconds_count", route="/healthz", code="200")
    assert 1 == served.sum("http_request_seconds_count", route="/queue", code="303")
    assert not [alert(k).vehicle for k in range(1, 7) if alert(k).vehicle in served.text]
