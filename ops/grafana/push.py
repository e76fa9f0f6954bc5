"""How does Linewatch get into a Grafana that is there already? Folder, data source, dashboards, rules, annotations.

Over Grafana's documented HTTP API with grafana-client. Every step may be repeated: what has its uid there is replaced,
what was put there by hand under another uid stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ops.grafana import alert_rules, notes
from schemas.errors import ConfigError, LinewatchError, Unavailable

HERE = Path(__file__).resolve().parent
DASHBOARDS = HERE / "dashboards"
RULES = HERE.parent / "prometheus" / "rules.yml"
FOLDER, SOURCE = "linewatch", "linewatch-prometheus"  # uids
MOST = 5_000  # annotations asked for at once
MAY = "service account's role to Editor, and to Admin for the data source"


class Wanted(NamedTuple):
    """What is pushed: where Grafana finds Prometheus and the runbook, with alert rules or without, the notes."""

    prometheus: str
    runbook: str
    rules: bool
    now: notes.Note
    drifts: list[notes.Note]


def connect(url: str, token: str) -> Any:
    """A client for the Grafana at `url`, below a path or not. Raises ConfigError where the library is not installed."""
    try:
        from grafana_client.api import GrafanaApi
    except ImportError:
        raise ConfigError("the Grafana client is not installed: pip install 'linewatch[grafana]'") from None
    if not token:
        raise ConfigError(
            "setting grafana_token is required: make a service account in Grafana (Administration, Users and access) "
            "and set LINEWATCH_GRAFANA_TOKEN to its token."
        )
    return GrafanaApi.from_url(f"{url.rstrip('/')}/", credential=token, timeout=30)


def push(api: Any, wanted: Wanted, url: str) -> Iterator[str]:
    """Do every step, say each in a line. Raises ConfigError where Grafana refuses, Unavailable where none answers."""
    from grafana_client.client import GrafanaException
    from niquests.exceptions import RequestException

    try:
        yield from _push(api, wanted)
    except GrafanaException as problem:
        raise _refused(problem, url) from None
    except RequestException as problem:
        raise Unavailable(
            f"no Grafana answers at {url} ({type(problem).__name__}); is it running, is --url right?"
        ) from None


def _push(api: Any, wanted: Wanted) -> Iterator[str]:
    org = api.organization.get_current_organization()
    yield f"organisation {org['name']}"
    if _found(api.folder.get_folder, FOLDER) is None:
        api.folder.create_folder("Linewatch", uid=FOLDER)
    yield "folder Linewatch"
    yield _source(api, wanted.prometheus)
    for file in sorted(DASHBOARDS.glob("*.json")):
        board = _with_runbook(json.loads(file.read_bytes()), wanted.runbook)
        api.dashboard.update_dashboard(
            {"dashboard": board, "folderUid": FOLDER, "overwrite": True, "message": "linewatch grafana push"}
        )
        yield f"dashboard {board['title']}"
    if wanted.rules:
        yield from _rules(api, wanted.runbook, org["id"])
    yield from _notes(api, wanted)


def _source(api: Any, prometheus: str) -> str:
    body = {
        "uid": SOURCE, "name": "Linewatch", "type": "prometheus", "access": "proxy", "url": prometheus,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
    }  # fmt: skip
    there = _found(api.datasource.get_datasource_by_uid, SOURCE)
    if there is None:
        api.datasource.create_datasource(body)
    elif there.get("readOnly"):
        return f"data source {there['name']}: left as it is, a file provides it"
    else:
        api.datasource.update_datasource_by_uid(SOURCE, body)
    return f"data source Linewatch: {prometheus}"


def _rules(api: Any, runbook: str, org: int) -> Iterator[str]:
    made = alert_rules.groups(RULES.read_text("utf-8"), source=SOURCE, folder=FOLDER, org=org, runbook=runbook)
    for group in made:
        api.alertingprovisioning.update_rule_group(FOLDER, group["title"], group, disable_provenance=True)
        yield f"alert rules {group['title']}: {len(group['rules'])}"


def _notes(api: Any, wanted: Wanted) -> Iterator[str]:
    new = notes.changed(wanted.now, _annotations(api, wanted.now.kind))
    if wanted.drifts:
        first = min(note.at_ms for note in wanted.drifts)
        new += notes.missing(wanted.drifts, _annotations(api, "drift", time_from=first, time_to=wanted.now.at_ms))
    for note in new:
        api.annotations.add_annotation(time_from=note.at_ms, tags=note.tags, text=note.text)
    yield f"annotations: {len(new)} new"


def _annotations(api: Any, kind: str, **window: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.annotations.find_annotations(tags=[notes.TAG, kind], limit=MOST, **window)
    return found


def _found(get: Any, uid: str) -> dict[str, Any] | None:
    """What Grafana has under a uid; None where it has nothing."""
    from grafana_client.client import GrafanaClientError

    try:
        found: dict[str, Any] = get(uid)
    except GrafanaClientError as problem:
        if problem.status_code == 404:
            return None
        raise
    return found


def _with_runbook(board: dict[str, Any], runbook: str) -> dict[str, Any]:
    for variable in board["templating"]["list"]:
        if variable["name"] == "runbook":
            variable.update(query=runbook, current={"text": runbook, "value": runbook})
    return board


def _refused(problem: Any, url: str) -> LinewatchError:
    """What Grafana's status means for who pushes; its own words are kept, the token is in none of them."""
    words = " ".join(str(problem.message).split())[:200]
    match problem.status_code:
        case 401:
            return ConfigError(f"Grafana at {url} does not know the token (401). Make a new one and set it.")
        case 403:
            return ConfigError(f"Grafana at {url} does not allow this to the token (403: {words}). Raise its {MAY}.")
        case code if code == 0 or code >= 500:
            return Unavailable(f"Grafana at {url} cannot do it now ({words}). Try again; its log says more.")
        case code:
            return ConfigError(
                f"Grafana at {url} refused ({code}: {words}). docs/grafana.md names the versions it is for."
            )
