"""Trust: who is looked at, and what do people make of it? The dashboard for supervisor and auditor."""

from __future__ import annotations

from ops.grafana.panels import Ask, Limits, bars, number, series

UNEVEN = Limits(2, 5)
RATIO = (
    "(sum by ({by}) (increase({alerts}[$__range])) / (sum by ({by}) (increase({all}[$__range])) > 0))"
    " / scalar(sum(increase({alerts}[$__range])) / sum(increase({all}[$__range])))"
)
READ = "Alerts per crossing over that of all, in the time shown; 1 is the same as everybody. Few alerts say little."


def ratio(by: str, alerts: str = "decided_alerts", of: str = "decided_crossings") -> str:
    """A group's alert rate over the alert rate of all."""
    return RATIO.format(by=by, alerts=f"linewatch_{alerts}_total", all=f"linewatch_{of}_total")


PANELS = (
    number(
        Ask("How long has the oldest alert waited?", "Alerts without a decision, the oldest.", "s",
            "linewatchqueueunattended", Limits(300, 1_800)),
        {"oldest": "max(linewatch_oldest_waiting_seconds)"},
    ),
    number(
        Ask("How many alerts wait?", "All ports together; those that snoozes hide are not among them.", "short",
            "linewatchqueueunattended"),
        {"waiting": "sum(linewatch_waiting_alerts)"},
    ),
    number(
        Ask("How often do people agree?", "Decisions that confirm the alert, of all that looked; since the beginning.",
            "percentunit", "linewatchnolift"),
        {"confirmed": "max(linewatch_agreement_ratio) >= 0"},
    ),
    number(
        Ask("What is hidden by snoozes?", "Snoozes in force, and the waiting alerts they hide.", "short",
            "linewatchqueueunattended"),
        {"snoozes": "sum(linewatch_snoozes_active)", "hidden alerts": "sum(linewatch_snoozed_alerts)"},
    ),
    bars(
        Ask("Is any port looked at more than others?", READ, "short", "linewatchunevenalerts", UNEVEN),
        {"{{port}}": f"sort_desc({ratio('port', 'alerts', 'port_crossings')})"},
        width=8,
    ),
    bars(
        Ask("Is any lane type looked at more?", READ, "short", "linewatchunevenalerts", UNEVEN),
        {"{{lane_type}}": f"sort_desc({ratio('lane_type')})"},
        width=8,
    ),
    bars(
        Ask("Is any vehicle class looked at more?", READ, "short", "linewatchunevenalerts", UNEVEN),
        {"{{vehicle_class}}": f"sort_desc({ratio('vehicle_class')})"},
        width=8,
    ),
    series(
        Ask("How long until somebody decides?", "Half and nine tenths of the decisions in the time shown are faster.",
            "s", "linewatchqueueunattended"),
        {
            f"{share:.0%}": f"histogram_quantile({share}, sum by (le) (increase(linewatch_decision_seconds_bucket"
            "[$__range]))) >= 0"
            for share in (0.5, 0.9)
        },
    ),
    bars(
        Ask("What did people decide?", "Decisions that stand, by outcome, since the beginning.", "short",
            "linewatchdecisionsunsent"),
        {"{{outcome}}": "sum by (outcome) (linewatch_decisions_total)"},
    ),
    bars(
        Ask("What did the pipeline learn from?", "Dispositions it heard, by why the crossing was looked at.", "short",
            "linewatchdecisionsunsent"),
        {"{{selected_by}}": "sum by (selected_by) (linewatch_dispositions_total)"},
    ),
    series(
        Ask("Do decisions reach the pipeline?", "Decisions it has yet to be told of; normally none.", "short",
            "linewatchdecisionsunsent", Limits(1, 20)),
        {"not sent yet": "sum(linewatch_unsent_decisions)"},
    ),
)  # fmt: skip
