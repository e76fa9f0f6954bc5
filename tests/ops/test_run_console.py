"""Do pipeline and console work as one process: alerts in, decisions back, both ended cleanly?"""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.console.stored import PASSWORD
from tests.kafka.cluster import until
from tests.ops.running import LOOSE, linewatch, start, wait_for, write_log

UNDO_MS = 31_000
RUN = ("run", "--console", "--data", "data", "--set", "console_port=0", *LOOSE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small border's."""
    return write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=500)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    """Ended with the test, however it went."""
    made: list[subprocess.Popen[str]] = []
    yield made
    for child in made:
        if child.poll() is None:
            child.kill()
            child.communicate()


def found(pattern: str, child: subprocess.Popen[str], line: str) -> str:
    """A part of what the child says next with these words."""
    part = re.search(pattern, wait_for(child, line))
    assert part
    return part[0]


def ended(child: subprocess.Popen[str], number: signal.Signals) -> int:
    """The exit code after a signal; nothing went wrong on the way."""
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert "Traceback" not in err
    return child.returncode


def decide(browser: httpx.Client) -> None:
    """The first alert of the queue."""
    page = browser.get("/queue")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    opened = browser.post("/queue/next", data={"csrf": csrf[1]})
    decided = browser.post(f"{opened.url.path}/decide", data={"csrf": csrf[1], "decision": "seizure narcotics"})
    assert 200 == decided.status_code


def test_a_decision_reaches_the_pipeline_by_itself(
    log: Path, tmp_path: Path, children: list[subprocess.Popen[str]]
) -> None:
    """An alert is decided on its page; the pipeline of the same process counts it once it cannot be taken back."""
    child = start(tmp_path, *RUN, "--source", log, stdout=subprocess.DEVNULL)
    children.append(child)
    address = found(r"http://[0-9.:]+", child, "console: ")
    assert httpx.get(address + found(r"/welcome/\S+", child, "the first time"), timeout=60).is_success
    metrics = found(r"http://\S+", child, "metrics at")
    wait_for(child, "ready:")
    added = linewatch(tmp_path, "users", "add", "ana", "--data", "data")
    with httpx.Client(base_url=address, headers={"origin": address}, follow_redirects=True, timeout=60) as ana:
        assert "/queue" == ana.post(added.out.strip(), data={"password": PASSWORD}).url.path
        until(lambda: 'data-alert="' in ana.get("/queue").text, "an alert waits")
        decide(ana)
    with closing(sqlite3.connect(tmp_path / "data" / "console.sqlite", timeout=60)) as db, db:
        db.execute("UPDATE dispositions SET at_ms = at_ms - ?", (UNDO_MS,))  # so much time goes by
    wanted = 'linewatch_dispositions_total{outcome="seizure",selected_by="alert"} 1.0'
    until(lambda: wanted in httpx.get(metrics, timeout=60).text, wanted)
    assert 0 == ended(child, signal.SIGTERM)


def test_a_recorded_log_can_be_looked_at_after_its_end(
    log: Path, tmp_path: Path, children: list[subprocess.Popen[str]]
) -> None:
    """With a watermark the console stays when the pipe has ended, and says what it shows; until Ctrl-C."""
    with log.open("rb") as lines:
        child = start(tmp_path, *RUN, "--watermark", "REPLAY", "--source", "-", stdin=lines, stdout=subprocess.DEVNULL)
    children.append(child)
    address = found(r"http://[0-9.:]+", child, "console: ")
    wait_for(child, "the console stays")
    assert "REPLAY" in httpx.get(f"{address}/login", timeout=60).text
    assert 130 == ended(child, signal.SIGINT)
