"""Does the live service take what is sent, keep what it acknowledged, and go on after it was stopped or killed?"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ops.running import LOOSE, linewatch, one_line, start, wait_for, write_log

LIVE = ("--progress", "lines", "--set", "checkpoint_every_crossings=500", *LOOSE)
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Crossings of a small border."""
    return write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=500).read_bytes().splitlines(keepends=True)


class Service:
    """A running `linewatch run`."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.child = start(folder, "run", "--data", "data", *words, *LIVE, stdout=subprocess.DEVNULL,
                           stdin=subprocess.PIPE)  # fmt: skip
        self.address = ""

    def listening(self) -> Service:
        """Wait until it answers."""
        found = re.search(r"http://\S+", wait_for(self.child, "listening on"))
        assert found
        self.address = found[0]
        return self.ready()

    def ready(self) -> Service:
        """Wait until it works."""
        wait_for(self.child, "ready:")
        return self

    def post(self, rows: list[bytes]) -> int:
        """Send crossings; the status."""
        sent = httpx.post(f"{self.address}/crossings", content=b"".join(rows), headers=NDJSON, timeout=240)
        return sent.status_code

    def reached(self, count: int) -> None:
        """Wait until so many lines were handled."""
        while int(re.findall(r"lines=(\d+)", wait_for(self.child, "progress"))[0]) < count:
            pass

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit code and the last line."""
        self.child.send_signal(number)
        _, err = self.child.communicate(timeout=240)
        return self.child.returncode, (err.splitlines() or [""])[-1]


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """Services that are ended with the test, however it went."""
    made: list[Service] = []
    yield made
    for service in made:
        if service.child.poll() is None:
            service.child.kill()
            service.child.communicate()


def test_what_was_acknowledged_survives_a_kill(lines: list[bytes], tmp_path: Path, services: list[Service]) -> None:
    """Posted, killed with signal 9 at once, started again: every line is handled once, a repeat is a duplicate."""
    for k, part in enumerate((lines[:700], lines[700:1400], lines[1400:])):
        service = Service(tmp_path, "--set", "ingest_port=0").listening()
        services.append(service)
        assert 202 == service.post(part)
        if k < 2:
            service.end(signal.SIGKILL)
    assert 202 == service.post(lines[-1:])
    service.reached(len(lines) + 1)
    health = httpx.get(f"{service.address}/healthz", timeout=240).json()
    assert ("ok", len(lines) + 1) == (health["status"], health["lines"])
    code, last = service.end()
    assert 0 == code
    assert f"stopped after {len(lines) + 1:,} lines" in last


def test_a_followed_file_stopped_and_resumed_gives_every_line(
    lines: list[bytes], tmp_path: Path, services: list[Service]
) -> None:
    """SIGTERM is 0 after a checkpoint, Ctrl-C 130; the same command goes on with the next line."""
    log = tmp_path / "live.jsonl"
    log.write_bytes(b"".join(lines[:800]))
    for number, code, upto in ((signal.SIGTERM, 0, 1600), (signal.SIGINT, 130, len(lines))):
        service = Service(tmp_path, "--source", "live.jsonl", "--alerts", "alerts.jsonl").ready()
        services.append(service)
        with log.open("ab") as file:
            file.write(b"".join(lines[800 if upto == 1600 else 1600 : upto]))
        service.reached(upto)
        assert code == service.end(number)[0]
    again = Service(tmp_path, "--source", "live.jsonl", "--alerts", "alerts.jsonl")
    services.append(again)
    assert f"{len(lines):,} lines before" in wait_for(again.child, "ready:")
    assert 0 == again.end()[0]


def test_a_pipe_is_read_to_its_end(lines: list[bytes], tmp_path: Path, services: list[Service]) -> None:
    """`reader | linewatch run --source -` ends with 0 when the reader ends."""
    ended = linewatch(tmp_path, "run", "--source", "-", "--data", "data", *LOOSE, stdin=b"".join(lines[:500]))
    assert 0 == ended.code, ended.err
    assert "500 lines" in ended.lines[-1]
    assert services == []


def test_live_refuses_what_is_ahead_of_the_clock(tmp_path: Path) -> None:
    """A year from now is a wrong clock at the reader, not a crossing."""
    row = {"crossing_id": "a", "occurred_at": "2099-01-01T00:00:00Z", "port": "1", "lane": "1",
           "direction": "inbound", "vehicle": "v"}  # fmt: skip
    ended = linewatch(tmp_path, "run", "--source", "-", "--data", "data", stdin=json.dumps(row).encode())
    assert 0 == ended.code, ended.err
    reject = json.loads((tmp_path / "data" / "stdin.rejects.jsonl").read_text())
    assert "time_range" == reject["reason"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "ingest_host=0.0.0.0"], "ingest_token is required"),
        (["--source", "missing.jsonl"], "cannot follow missing.jsonl"),
        (["--set", "ingest_host=203.0.113.7", "--set", "ingest_token=t"], "cannot listen on 203.0.113.7"),
        (["--data", "/dev/null/data"], "/dev/null/data"),
    ],
)
def test_what_cannot_be_served_is_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    """Exit code 1, and what to change."""
    one_line(linewatch(tmp_path, "run", *words), says)
