"""Does `make up-local` bring everything up, does an alert travel the whole way, and is all of it gone afterwards?"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.stored import PASSWORD
from tests.ops.running import LOOSE_FLAGS, environment
from tests.prometheus import promtool, until

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]
PATIENCE_S = 120.0


class Up:
    """What runs, by what it said."""

    def __init__(self, folder: Path) -> None:
        words = [
            "--folder",
            folder,
            "--speed",
            "max",
            "--days",
            14,
            "--vehicles",
            3_000,
        ]  # three alerts, one on the fourth day
        words += [word for name in ("kafka", "console", "prometheus") for word in (f"--{name}-port", 0)]
        loose = {f"LINEWATCH_{flag.partition('=')[0].upper()}": flag.partition("=")[2] for flag in LOOSE_FLAGS}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "ops.up_local", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**environment(folder), **loose, "XDG_CACHE_HOME": cache()},
        )  # fmt: skip
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)  # to the end: a full pipe would stop them all
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        with self.child.stdout as lines:
            self.lines.extend(line.rstrip() for line in lines)

    def named(self, pattern: str) -> str:
        """What the pattern's group finds first in its lines, as soon as it does; fails when it ends without."""

        def search() -> str | None:
            return next((found[1] for line in self.lines if (found := re.search(pattern, line))), None)

        def settled() -> bool:
            assert search() or self.child.poll() is None, "\n".join(self.lines)
            return search() is not None

        until(settled, pattern, PATIENCE_S)
        return str(search())


def cache() -> str:
    """Where Kafka's jars are: the child has a home of its own."""
    return os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Everything, on free ports; skips, or fails in CI, where Java, Maven or Prometheus are missing."""
    promtool()
    running = Up(tmp_path)
    yield running
    running.child.send_signal(signal.SIGTERM)
    code = running.child.wait(timeout=90)
    running.reader.join()
    assert 143 == code, "\n".join(running.lines)
    assert not left_behind(tmp_path)


@pytest.mark.usefixtures("can_run_kafka")
def test_an_alert_travels_from_the_producer_to_the_console_and_is_counted(up: Up) -> None:
    """It waits in the queue of who has just chosen a password, and Prometheus has seen workers, console and alert."""
    address, prometheus = up.named(r"console: (http://\S+)"), up.named(r"prometheus: (http://\S+)")
    welcome = up.named(r"(/welcome/\S+)")
    with httpx.Client(base_url=address, headers={"origin": address}, follow_redirects=True, timeout=60) as admin:
        admin.post(welcome, data={"password": PASSWORD})

        def waiting() -> int:
            found = re.search(r'data-count="(\d+)"', admin.get("/queue").text)
            return int(found[1]) if found else 0

        until(lambda: waiting() > 0, "an alert in the queue", PATIENCE_S)
    for query, wanted in (
        ('up{job="linewatch"}', 3),
        ("linewatch_alerts_total", 1),  # of the workers
        ("linewatch_waiting_alerts", 1),  # of the console
    ):
        until(lambda: sum(values(prometheus, query)) >= wanted, f"{query} in Prometheus", PATIENCE_S)  # noqa: B023


def values(prometheus: str, query: str) -> list[float]:
    """What Prometheus answers."""
    answer: Any = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}, timeout=60).json()
    return [float(series["value"][1]) for series in answer["data"]["result"]]


def left_behind(folder: Path) -> list[str]:
    """Processes that name the folder in their command line."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in found if str(folder) in line]
