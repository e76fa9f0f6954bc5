"""Does `linewatch grafana push` put everything into a Grafana, again and again, and say plainly when it cannot?

The other end is tests/ops/grafana_server.py: no Grafana runs here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ops.cli import run_cli
from schemas.models import Notice
from tests.ops.grafana_server import TOKEN, Grafana, serving

PROMETHEUS = "http://prometheus:9090"


class Far:
    """A server, its address, and a way to push to it."""

    def __init__(
        self, grafana: Grafana, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.grafana, self.url = grafana, url
        self._set, self._said = monkeypatch, capsys

    def push(self, *words: str, token: str = TOKEN) -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        self._set.setenv("LINEWATCH_GRAFANA_TOKEN", token)
        self._set.setattr(sys, "argv", ["linewatch", "grafana", "push", "--url", self.url, *words])
        code = run_cli()
        said = self._said.readouterr()
        assert not token or token not in said.out + said.err
        return code, said.out, said.err

    def asked(self) -> list[str]:
        """`METHOD path` of every request since the last time."""
        asked = [f"{request.method} {request.path}" for request in self.grafana.requests]
        self.grafana.requests.clear()
        return asked


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Far]:
    """An empty one."""
    grafana = Grafana()
    with serving(grafana) as url:
        yield Far(grafana, url, monkeypatch, capsys)


def test_an_empty_grafana_gets_everything(far: Far, repository: Path) -> None:
    """The folder, the data source, every dashboard file, every rule and a mark for the configuration."""
    code, out, err = far.push("--set", f"grafana_prometheus_url={PROMETHEUS}")
    assert (0, "") == (code, err)
    assert "organisation Port authority" in out
    assert PROMETHEUS == far.grafana.sources["linewatch-prometheus"]["url"]
    files = sorted((repository / "ops/grafana/dashboards").glob("*.json"))
    assert [f"linewatch-{file.stem}" for file in files] == sorted(far.grafana.boards)
    rules = yaml.safe_load((repository / "ops/prometheus/rules.yml").read_text())["groups"]
    named = {group["name"]: [rule["alert"] for rule in group["rules"]] for group in rules}
    assert named == {name: [rule["title"] for rule in group["rules"]] for name, group in far.grafana.groups.items()}
    assert ["configuration"] == [note["tags"][1] for note in far.grafana.annotations]


def test_a_rule_asks_prometheus_and_fires_for_whatever_comes_back(far: Far) -> None:
    """Three steps as Grafana wants them, seconds as written, the rule's words, the organisation of the token."""
    far.push()
    (down,) = [rule for rule in far.grafana.groups["linewatch-service"]["rules"] if rule["title"] == "LinewatchDown"]
    query, said, above = (step["model"] for step in down["data"])
    assert 'up{job="linewatch"} == 0' == query["expr"]
    assert query["instant"]
    assert "is_number($A) || is_nan($A) || is_inf($A)" == said["expression"]
    assert {"type": "gt", "params": [0]} == above["conditions"][0]["evaluator"]
    assert ("C", "1m", "OK", 7) == (down["condition"], down["for"], down["noDataState"], down["orgID"])
    assert {"severity": "page"} == down["labels"]
    texts = json.dumps(far.grafana.groups)
    assert "$values.A.Value" in texts
    assert not re.search(r"\$value\b(?!s)", texts)


def test_pushing_again_changes_nothing_but_versions(far: Far) -> None:
    """What is there is replaced under its uid; the configuration is marked once."""
    far.push()
    before = (dict(far.grafana.boards), dict(far.grafana.groups), list(far.grafana.annotations))
    far.asked()
    assert 0 == far.push()[0]
    assert before == (far.grafana.boards, far.grafana.groups, far.grafana.annotations)
    asked = far.asked()
    assert "PUT /api/datasources/uid/linewatch-prometheus" in asked
    assert not {"POST /api/folders", "POST /api/datasources", "POST /api/annotations"} & set(asked)


def test_rules_can_be_left_to_prometheus(far: Far) -> None:
    """With --no-rules nobody is called twice."""
    far.push("--no-rules")
    assert {} == far.grafana.groups
    assert far.grafana.boards


def test_people_may_edit_what_was_pushed(far: Far) -> None:
    """Rules come without provenance, or Grafana would lock them."""
    far.push()
    puts = [request for request in far.grafana.requests if "rule-groups" in request.path]
    assert puts
    assert {"true"} == {request.headers.get("X-Disable-Provenance") for request in puts}


def test_a_data_source_from_a_file_is_left_alone(far: Far) -> None:
    """Grafana refuses to change it, so push does not try."""
    far.push()
    far.grafana.sources["linewatch-prometheus"]["readOnly"] = True
    far.asked()
    assert "a file provides it" in far.push()[1]
    assert not [asked for asked in far.asked() if asked.startswith(("PUT /api/data", "POST /api/data"))]


def test_links_lead_to_the_runbook_of_the_house(far: Far) -> None:
    """The setting takes the place of docs/runbook.md in dashboards and rules."""
    far.push("--set", "grafana_runbook=https://wiki.example.org/linewatch")
    (runbook,) = [v for v in far.grafana.boards["linewatch-trust"]["templating"]["list"] if v["name"] == "runbook"]
    assert "https://wiki.example.org/linewatch" == runbook["query"] == runbook["current"]["value"]
    assert all(link["url"].startswith("${runbook}#") for panel in far.grafana.boards["linewatch-trust"]["panels"]
               for link in panel["links"])  # fmt: skip
    texts = json.dumps(far.grafana.groups)
    assert "https://wiki.example.org/linewatch#linewatchdown" in texts
    assert "docs/runbook.md" not in texts


def test_a_changed_configuration_is_marked(far: Far) -> None:
    """Another setting that makes alerts is another mark; going back to the first is one too."""
    for budget in ("6", "6", "9", "6"):
        far.push("--set", f"budget_per_hour={budget}")
        for note in far.grafana.annotations[:-1]:  # as if the earlier pushes were earlier
            note["time"] -= 60_000
    keys = [note["tags"][2] for note in far.grafana.annotations]
    assert 3 == len(keys)
    assert keys[0] == keys[2] != keys[1]


def notice(kind: str, number: int, sentence: str) -> bytes:
    """A line of a notices file."""
    return Notice.model_validate({
        "notice_id": f"n{number}", "occurred_at": f"2026-03-0{number}T10:00:00Z", "kind": kind,
        "audience": "integrity" if kind == "integrity" else "supervisor", "sentence": sentence,
        "config": "sha256:" + "ab" * 32,
    }).to_json() + b"\n"  # fmt: skip


def test_drift_is_marked_at_its_time_and_once(far: Far, tmp_path: Path) -> None:
    """Of the notices only drift goes to Grafana, at the time of the notice; new ones are added later."""
    file = tmp_path / "notices.jsonl"
    file.write_bytes(notice("drift", 1, "odd_hour drifts.") + notice("integrity", 2, "Officer O."))
    far.push("--notices", str(file))
    with file.open("ab") as more:
        more.write(notice("drift", 3, "new_port drifts."))
    far.push("--notices", str(file))
    drifts = [note for note in far.grafana.annotations if "drift" in note["tags"]]
    assert ["odd_hour drifts.", "new_port drifts."] == [note["text"] for note in drifts]
    assert 1_772_359_200_000 == drifts[0]["time"]
    assert "Officer" not in json.dumps([request.body for request in far.grafana.requests])


def test_a_grafana_below_a_path_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Many run it behind a proxy at /grafana."""
    grafana = Grafana(prefix="/grafana")
    with serving(grafana) as url:
        far = Far(grafana, f"{url}/grafana", monkeypatch, capsys)
        assert 0 == far.push()[0]
    assert grafana.boards


@pytest.mark.parametrize(
    ("words", "fault", "said"),
    [
        ((), "token", "does not know the token (401)"),
        ((), "role", "Raise its service account's role"),
        ((), "down", "cannot do it now"),
        ((), "none", "setting grafana_token is required"),
        (("--notices", "README.md"), "", "README.md:1: not a notice"),
        (("--url", "http://127.0.0.1:9"), "", "no Grafana answers at http://127.0.0.1:9"),
        (("--url", "http://ana:secret@127.0.0.1:9"), "", "grafana_url"),
    ],
)
def test_what_cannot_be_pushed_ends_in_one_line(
    far: Far, monkeypatch: pytest.MonkeyPatch, repository: Path, words: tuple[str, ...], fault: str, said: str
) -> None:  # fmt: skip
    """A line that says what to do, code 1, no traceback, and neither token nor password in it."""
    monkeypatch.chdir(repository)
    far.grafana.down, far.grafana.may_edit = fault == "down", fault != "role"
    code, _, err = far.push(*words, token={"token": "glsa_wrong", "none": ""}.get(fault, TOKEN))
    assert 1 == code
    assert said in err
    assert 1 == len(err.splitlines()), err
    assert "secret" not in err


def test_without_the_library_it_says_how_to_get_it(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is an extra."""
    monkeypatch.setitem(sys.modules, "grafana_client.api", None)
    code, _, err = far.push()
    assert 1 == code
    assert "pip install 'linewatch[grafana]'" in err
    assert [] == far.asked()
