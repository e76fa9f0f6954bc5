"""How do tests run a real Prometheus? On a free port, looking twice a second, with the rules sixty times as fast.

Skips where it is not installed and says what to do; in CI that fails.
"""

from __future__ import annotations

import contextlib
import math
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.missing import missing

LOOKS = "500ms"
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
PATIENCE_S = 20.0


def promtool() -> str:
    """The path of promtool."""
    return _found("promtool")


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        missing(f"{name} is not on the PATH: `make prometheus` installs it (Debian's package prometheus)")
    return path


def hurried(rules: str) -> str:
    """Rules in which every stretch of time is a sixtieth: an hour passes in a minute."""

    def shorter(match: re.Match[str]) -> str:
        return f"{max(1, int(match[1]) * UNITS[match[2]] // 60)}s"

    def all_of(match: re.Match[str]) -> str:
        return re.sub(r"(\d+)([smhd])", shorter, match[0])

    return re.sub(r"\[[^\]]+\]|for: \w+", all_of, rules)


class Prometheus:
    """One that runs, by its HTTP API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer; fails for anything but success."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert 200 == answer.status_code, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def finite(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """The series that a query has now, those with a finite value."""
        found = self.get("query", query=expr)["result"]
        values = [(series["metric"], float(series["value"][1])) for series in found]
        return [(labels, value) for labels, value in values if math.isfinite(value)]

    def look_again(self) -> None:
        """Return when it has looked at every target once more."""
        last = self._looked()
        until(lambda: self._looked() > last, "another look")

    def _looked(self) -> float:
        """When it looked at that target whose turn is longest ago; s since 1970."""
        ((_, at),) = self.finite("min(timestamp(up))")
        return at

    def rules(self) -> dict[str, dict[str, Any]]:
        """Every alert rule by its name: `state`, `health`, `alerts`."""
        return {rule["name"]: rule for group in self.get("rules", type="alert")["groups"] for rule in group["rules"]}

    def firing(self) -> set[str]:
        """The names of the alerts that call somebody."""
        return {alert["labels"]["alertname"] for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"}


@contextlib.contextmanager
def watching(folder: Path, repository: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """A Prometheus with the repository's configuration and rules, for the given `service -> host:port`."""
    path = _found("prometheus")
    source = repository / "ops" / "prometheus"
    config = yaml.safe_load((source / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": LOOKS, "scrape_timeout": LOOKS, "evaluation_interval": LOOKS}
    asked = [{"targets": [at], "labels": {"service": name}} for name, at in targets.items()]
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "targets.yml").write_text(yaml.safe_dump(asked))
    (folder / "rules.yml").write_text(hurried((source / "rules.yml").read_text()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = [path, "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(words, cwd=folder, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=10, trust_env=False) as client:
            until(lambda: _ready(client, child), f"Prometheus to be ready ({folder / 'log'})")
            yield Prometheus(client)
    finally:
        child.terminate()
        child.wait(timeout=30)


def _ready(client: httpx.Client, child: subprocess.Popen[bytes]) -> bool:
    assert child.poll() is None, "Prometheus has ended"
    with contextlib.suppress(httpx.TransportError):
        return client.get("/-/ready").status_code == 200
    return False


def until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for it; fails when it takes too long."""
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, f"waited {patience_s:g} s for {what}"
        time.sleep(0.1)
