"""Do rules and dashboards keep to what Linewatch serves, and does every rule fire on its fault, with a runbook?"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.check import anchors
from ops.grafana import notes, push
from ops.metrics_catalogue import CATALOGUE
from tests.prometheus import promtool

PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SERVED = {metric.full_name + part: metric for metric in CATALOGUE for part in PARTS[metric.kind]}
NAME = re.compile(r"\blinewatch_\w+")


@pytest.fixture(scope="module")
def rules(repository: Path) -> list[dict[str, Any]]:
    """Every rule."""
    groups = yaml.safe_load((repository / "ops/prometheus/rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboards(repository: Path) -> dict[str, dict[str, Any]]:
    """The committed files."""
    return {file.stem: json.loads(file.read_text()) for file in (repository / "ops/grafana/dashboards").glob("*.json")}


def expressions(repository: Path, rules: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Where a PromQL stands, and it."""
    yield from ((rule["alert"], rule["expr"]) for rule in rules)
    for name, board in dashboards(repository).items():
        for panel in board["panels"]:
            yield from ((f"{name}: {panel['title']}", target["expr"]) for target in panel["targets"])


def test_every_name_is_in_the_catalogue(repository: Path, rules: list[dict[str, Any]]) -> None:
    """A metric that Linewatch does not serve is in no rule and no panel."""
    unknown = [(where, name) for where, expr in expressions(repository, rules) for name in NAME.findall(expr)
               if name not in SERVED]  # fmt: skip
    assert [] == unknown


def test_every_label_is_one_of_its_metric(repository: Path, rules: list[dict[str, Any]]) -> None:
    """What stands in braces behind a metric is a label of it, or one that Prometheus adds."""
    wrong = [
        (where, name, label)
        for where, expr in expressions(repository, rules)
        for name, inside in re.findall(r"\b(linewatch_\w+)\{([^}]*)\}", expr)
        for label in re.findall(r"(\w+)\s*[=!]", inside)
        if label not in {*SERVED[name].labels, "le", "job", "instance", "service"}
    ]
    assert [] == wrong


def test_every_rule_has_its_paragraph(repository: Path, rules: list[dict[str, Any]]) -> None:
    """The link of a rule leads to a heading with its name, and no heading speaks of a rule that is gone."""
    headings = anchors(repository / "docs/runbook.md")
    names = {rule["alert"].lower() for rule in rules}
    assert names == {heading for heading in headings if heading.startswith("linewatch")}
    for rule in rules:
        assert f"docs/runbook.md#{rule['alert'].lower()}" == rule["annotations"]["runbook_url"]
        assert rule["labels"]["severity"] in {"page", "ticket", "info"}


def test_every_panel_is_a_question_with_its_help(repository: Path) -> None:
    """A question, a unit, how to read it, limits in words, a link to a heading of the runbook; ids and uids differ."""
    headings = anchors(repository / "docs/runbook.md")
    boards = dashboards(repository)
    assert {"detection", "operations", "trust"} == set(boards)
    assert 3 == len({board["uid"] for board in boards.values()})
    for name, board in boards.items():
        assert len(board["panels"]) <= 12, name
        assert len(board["panels"]) == len({panel["id"] for panel in board["panels"]})
        for panel in board["panels"]:
            assert panel["title"].endswith("?")
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["unit"], panel["title"]
            limited = len(defaults["thresholds"]["steps"]) > 1 and not defaults.get("mappings")
            assert limited == ("Limits: " in panel["description"]), panel["title"]
            (link,) = panel["links"]
            assert link["url"].removeprefix("${runbook}#") in headings


def test_files_and_push_make_the_same_grafana(repository: Path) -> None:
    """One data source and one folder by the same uids, and dashboards that show the marks which push makes."""
    provided = repository / "ops/grafana/provisioning"
    (source,) = yaml.safe_load((provided / "datasources/linewatch.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provided / "dashboards/linewatch.yaml").read_text())["providers"]
    assert (push.SOURCE, push.FOLDER) == (source["uid"], provider["folderUid"])
    marks = [notes.configuration("sha256:0", 0).tags[:2], [notes.TAG, "drift"]]
    for board in dashboards(repository).values():
        chosen = next(v for v in board["templating"]["list"] if v["name"] == "source")
        assert push.SOURCE == chosen["current"]["value"]
        assert marks == [mark["target"]["tags"] for mark in board["annotations"]["list"]]


def test_promtool_accepts_the_configuration(repository: Path) -> None:
    """Scrapes and rules, as Prometheus itself reads them."""
    done = check(repository, "check", "config", "ops/prometheus/prometheus.yml")
    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_rule_fires_on_its_fault_and_on_that_only(repository: Path, rules: list[dict[str, Any]]) -> None:
    """promtool plays each fault; every rule is among them, and is silent through eight healthy hours."""
    tests = yaml.safe_load((repository / "ops/prometheus/rules_test.yml").read_text())["tests"]
    fired = [case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]]
    assert sorted(rule["alert"] for rule in rules) == sorted(fired)
    healthy = [case["alertname"] for case in tests[0]["alert_rule_test"] if not case["exp_alerts"]]
    assert sorted(fired) == sorted(healthy)
    done = check(repository, "test", "rules", "ops/prometheus/rules_test.yml")
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_planted_mistake_is_found(repository: Path, tmp_path: Path) -> None:
    """The check can fail: a rule with another limit no longer passes."""
    folder = repository / "ops/prometheus"
    text = (folder / "rules.yml").read_text()
    assert "> 21600" in text
    (tmp_path / "rules.yml").write_text(text.replace("> 21600", "> 2160000"))
    (tmp_path / "rules_test.yml").write_text((folder / "rules_test.yml").read_text())
    assert 0 != check(tmp_path, "test", "rules", "rules_test.yml").returncode


def check(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run promtool in a folder."""
    return subprocess.run([promtool(), *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
