"""Does a real Prometheus see what dashboards ask for, and do alerts call when something breaks? One story, played once.

`linewatch run` and `linewatch console` work on one folder under load, people decide, Prometheus looks twice a second.
Then a sender goes wrong, and then the console is killed.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from console.database import Database
from console.queue import Queue
from console.snoozes import Snoozes
from tests.console.stored import Clock, alert, fill, user
from tests.ops.running import LOOSE, start, wait_for, write_log
from tests.prometheus import until, watching

pytestmark = pytest.mark.xdist_group("prometheus")

WINDOWS = {"$__rate_interval": "5s", "$__range": "2m", "$detector": "combined"}  # what Grafana would put there
PIECES = 12


class Story(NamedTuple):
    """What Prometheus said, in the order of the story."""

    answers: dict[str, int]  # "board: panel: query" -> series with a finite value, on the healthy system
    rules: dict[str, dict[str, Any]]
    healthy: set[str]  # alerts that fire then
    garbage: set[str]  # ... while a sender sends garbage
    killed: set[str]  # ... with the console dead


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Story]:
    """Play it."""
    folder = tmp_path_factory.mktemp("border")
    log = write_log(folder / "log.jsonl", vehicles=2_000, planted_rate=0.04).read_bytes().splitlines(keepends=True)
    pieces = [log[at : at + len(log) // 12] for at in range(0, len(log), len(log) // 12)]
    (folder / "said.jsonl").touch()
    with ExitStack() as held:
        _, ingest = held.enter_context(service(folder, "listening on", "run", *OUTPUTS, *LOOSE, *SETTINGS))
        console, figures, pages = held.enter_context(service(folder, "metrics at", "console", *CONSOLE))
        client = held.enter_context(httpx.Client(base_url=f"http://{ingest}", timeout=60, trust_env=False))
        send(client, *pieces[:6])
        until(lambda: all((folder / name).stat().st_size for name in LOOKED_AT), "alerts and controls", COMPILED_S)
        (folder / "said.jsonl").write_text("".join(looked_at(folder)))
        seen = held.enter_context(watching(folder / "prometheus", repository, {"run": ingest, "console": figures}))
        until(lambda: len(seen.finite("linewatch_up == 1")) == 2, "a first look at both")
        people_decide(folder / "data" / "console.sqlite")
        for piece in pieces[6:]:
            send(client, piece)
            client.get(f"http://{pages}/login").raise_for_status()
            seen.look_again()  # it must see growth
        queries = dict(panels(repository))
        with suppress(AssertionError):  # the test names those that never had a value
            until(lambda: all(seen.finite(expr) for expr in queries.values()), "every panel to have a value")
        answers = {where: len(seen.finite(expr)) for where, expr in queries.items()}
        rules, healthy = seen.rules(), seen.firing()
        send(client, [b"{}\n"] * 2_000)
        until(lambda: "LinewatchRejectBurst" in seen.firing(), "the alert on garbage")
        garbage = seen.firing()
        console.kill()
        until(lambda: "LinewatchDown" in seen.firing(), "the alert on a dead service")
        yield Story(answers, rules, healthy, garbage, seen.firing())


OUTPUTS = ("--data", "data", "--alerts", "alerts.jsonl", "--control", "control.jsonl", "--dispositions", "said.jsonl")
CONSOLE = ("--data", "data", "--set", "console_port=0")
SETTINGS = ("--set", "ingest_port=0", "--set", "control_share=0.02")
TRUE_WHERE_SLOW = {"LinewatchSlow"}  # on a machine busy with other tests an alert may really take more than 2 s
COMPILED_S = 600  # on a fresh and busy machine the detectors are compiled first
LOOKED_AT = {"alerts.jsonl": ("alert", 2), "control.jsonl": ("random", 5)}  # each so manyth had something in it


@contextmanager
def service(folder: Path, sign: str, *words: str) -> Iterator[tuple[Any, ...]]:
    """A command that is ready, and each host:port that it says in the line with `sign` and in the last."""
    child = start(folder, *words, stdout=subprocess.DEVNULL)
    try:
        said = wait_for(child, sign) + wait_for(child, "ready:")
        yield child, *re.findall(r"http://([0-9.]+:\d+)", said)
    finally:
        child.kill()
        child.communicate()


def send(client: httpx.Client, *pieces: list[bytes]) -> None:
    """As a reader's gateway does."""
    for lines in pieces:
        answer = client.post("/crossings", content=b"".join(lines), headers={"content-type": "application/x-ndjson"})
        assert answer.status_code in {200, 202}, answer.text


def looked_at(folder: Path) -> Iterator[str]:
    """What people found among the first alerts and controls."""
    for name, (by, every) in LOOKED_AT.items():
        for number, line in enumerate((folder / name).read_text().splitlines()[:40]):
            row = json.loads(line)
            yield json.dumps({
                "disposition_id": f"{by}-{number}", "crossing_id": row["crossing_id"], "alert_id": row.get("alert_id"),
                "outcome": "cleared" if number % every else "seizure", "selected_by": by, "by": "o-1",
                "at": row["occurred_at"],
            }) + "\n"  # fmt: skip


def people_decide(file: Path) -> None:
    """Four alerts came five minutes ago; two decisions are just so old that soon they can no longer be taken back."""
    clock = Clock()
    clock.ms = time.time_ns() // 1_000_000 - 300_000
    with closing(Database.open(file)) as database:
        ana = user(database, clock, "ana", role="supervisor")
        fill(database, clock, [alert(number) for number in range(4)])
        clock.pass_s(275)
        with database.begin() as connection:
            queue = Queue(connection, ana, clock)
            for number, (outcome, code) in enumerate(DECISIONS):
                queue.open(f"a-{number}", hold=True)
                queue.decide(f"a-{number}", outcome, code)
            Snoozes(connection, ana, clock).add(alert(3).vehicle, ["new_port"], 1, "known to us")


DECISIONS = (("seizure", "narcotics"), ("cleared", "documents_plausible"))


def panels(repository: Path) -> Iterator[tuple[str, str]]:
    """Every query of every dashboard, with Grafana's variables filled in."""
    for file in sorted((repository / "ops/grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                expr = target["expr"]
                for variable, value in WINDOWS.items():
                    expr = expr.replace(variable, value)
                assert "$" not in expr
                yield f"{file.stem}: {panel['title']} {target['refId']}", expr


def test_every_panel_has_a_value(story: Story) -> None:
    """On a healthy system under load each query of each dashboard gives at least one series with a finite value."""
    assert story.answers
    assert [] == [where for where, series in story.answers.items() if not series]


def test_every_rule_is_loaded_and_silent(story: Story, repository: Path) -> None:
    """Prometheus evaluates all of them without an error; on the healthy system none fires."""
    groups = yaml.safe_load((repository / "ops/prometheus/rules.yml").read_text())["groups"]
    assert {rule["alert"] for group in groups for rule in group["rules"]} == set(story.rules)
    assert {"ok"} == {rule["health"] for rule in story.rules.values()}
    assert set() == story.healthy - TRUE_WHERE_SLOW


def test_garbage_and_a_dead_service_call_somebody(story: Story) -> None:
    """Each fault fires its alert and no other."""
    assert {"LinewatchRejectBurst"} == story.garbage - TRUE_WHERE_SLOW
    assert {"LinewatchDown"} == story.killed - TRUE_WHERE_SLOW - {"LinewatchRejectBurst"}
