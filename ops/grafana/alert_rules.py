"""How do Prometheus' alert rules become Grafana's? One source, ops/prometheus/rules.yml, for both.

A Prometheus rule fires for every series its expression returns. Grafana wants a number that is compared, so each rule
becomes three steps: the query, a number that is 1 wherever it returned anything, and "above 0"; no series is all right.
"""

from __future__ import annotations

from typing import Any

import yaml

SECONDS = 60  # between two evaluations of a group
OWN = "__expr__"  # Grafana's name for steps that it works out by itself
SAID = "is_number($A) || is_nan($A) || is_inf($A)"


def groups(text: str, *, source: str, folder: str, org: int, runbook: str) -> list[dict[str, Any]]:
    """The rule groups of a Prometheus rule file, as `PUT .../rule-groups/:group` takes them.

    `source` and `folder` are uids; `runbook` replaces the page in front of `#heading` in each `runbook_url`.
    """
    return [
        {
            "title": group["name"],
            "folderUid": folder,
            "interval": SECONDS,
            "rules": [
                {**_rule(rule, source, runbook), "folderUID": folder, "ruleGroup": group["name"], "orgID": org}
                for rule in group["rules"]
            ],
        }
        for group in yaml.safe_load(text)["groups"]
    ]


def _rule(rule: dict[str, Any], source: str, runbook: str) -> dict[str, Any]:
    _, _, heading = rule["annotations"]["runbook_url"].partition("#")
    summary = rule["annotations"]["summary"].replace("$value", "$values.A.Value")
    return {
        "uid": rule["alert"].lower(),
        "title": rule["alert"],
        "condition": "C",
        "data": _steps(" ".join(rule["expr"].split()), source),
        "for": rule.get("for", "0s"),
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": rule["labels"],
        "annotations": {"summary": summary, "runbook_url": f"{runbook}#{heading}"},
    }


def _steps(expr: str, source: str) -> list[dict[str, Any]]:
    above = {"evaluator": {"type": "gt", "params": [0]}}
    models: list[tuple[str, dict[str, Any]]] = [
        (source, {"refId": "A", "expr": expr, "instant": True, "range": False}),
        (OWN, {"refId": "B", "type": "math", "expression": SAID}),
        (OWN, {"refId": "C", "type": "threshold", "expression": "B", "conditions": [above]}),
    ]
    kinds = {source: "prometheus", OWN: OWN}
    return [
        {
            "refId": model["refId"],
            "datasourceUid": uid,
            "relativeTimeRange": {"from": 600, "to": 0},
            "model": {**model, "datasource": {"type": kinds[uid], "uid": uid}},
        }
        for uid, model in models
    ]
