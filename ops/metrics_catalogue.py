"""Which metrics are there, what does each mean, which command serves it? One table, from which docs/metrics.md is made.

Rules: the prefix `linewatch_`, base units in the name, labels from closed sets (`LABELS`), never a plate, a pseudonym
or other free text. A counter begins at 0 when its process starts: `rate()` and `increase()` take care of restarts.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

PREFIX = "linewatch_"
Kind = Literal["counter", "gauge", "histogram"]
MOST_PORTS = 128  # the first so many of the registry have a label of their own, the others share `OTHER`
OTHER = "other"
NOTICES = ("reader_fault", "flow_anomaly", "displacement", "drift", "integrity")

# label -> what its values are
LABELS: dict[str, str] = {
    "port": f"code of the port; the first {MOST_PORTS} of the registry, all others are `{OTHER}`",
    "detector": "name of a detector, without its version; `combined` for all of them together",
    "typology": "the strongest typology of an alert",
    "severity": "`low`, `medium`, `high`, `critical`",
    "outcome": "`cleared`, `referred_nothing`, `seizure`, `other_violation`, `possible_victim`, `not_examined`",
    "selected_by": "`alert`, `random`, `officer`",
    "reason": "why something was refused or did not count",
    "stage": "a step of the pipeline",
    "kind": ", ".join(f"`{kind}`" for kind in NOTICES),
    "lane_type": "as in the crossing",
    "vehicle_class": "as in the crossing",
    "route": "a page of the console, by its pattern: never what was asked for",
    "code": "HTTP status",
    "version": "of Linewatch",
}

MS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
DECISION = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0)
P_VALUE = (1e-4, 1e-3, 1e-2, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

RUN, WORKER, CONSOLE = "run", "worker", "console"
BOTH, ALL = (RUN, WORKER), (RUN, WORKER, CONSOLE)


class Metric(NamedTuple):
    """A row of the table; `name` has no prefix, a counter's ends in `_total`."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    served_by: tuple[str, ...]  # commands
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        """As Prometheus stores it (a histogram's with `_bucket`, `_sum` and `_count` behind)."""
        return PREFIX + self.name


CATALOGUE: tuple[Metric, ...] = (
    # -- alive ------------------------------------------------------------------------------------------------------
    Metric("up", "gauge", (), ALL, "1 while the service does its work; 0 while it starts, hands over or stops."),
    Metric("build_info", "gauge", ("version",), ALL, "Always 1; the version is in the label."),
    Metric(
        "last_event_timestamp_seconds", "gauge", (), BOTH,
        "Capture time of the newest crossing decided, seconds since 1970; with a recorded log that is long ago.",
    ),
    Metric(
        "reader_silent_seconds", "gauge", ("port",), BOTH,
        "Event time from the port's newest crossing to the newest at any port; all are silent where that stands still.",
    ),
    # -- rate, lag, latency -----------------------------------------------------------------------------------------
    Metric("crossings_total", "counter", (), BOTH, "Crossings accepted: not refused, not a repeat."),
    Metric("port_crossings_total", "counter", ("port",), BOTH, "Crossings decided, by port."),
    Metric("rejects_total", "counter", ("reason",), BOTH, "Lines or records refused; they are in the dead letter."),
    Metric("duplicates_total", "counter", (), BOTH, "Repeats of a crossing that were dropped."),
    Metric("late_total", "counter", (), BOTH, "Crossings later than the allowed lateness: assessed and marked."),
    Metric(
        "consumer_lag", "gauge", ("stage",), (WORKER,),
        "Records of this worker's partitions not worked off yet: stage `vehicle` crossings, `port` packets.",
    ),
    Metric(
        "missed_total", "counter", (), (WORKER,),
        "Records that Kafka deleted before they were read (kafka_retention_hours is too short).",
    ),
    Metric(
        "crossing_to_alert_seconds", "histogram", (), BOTH,
        "From a crossing's arrival (run: it is read; worker: the broker has it) until its alert is given out.",
        LATENCY,
    ),
    Metric(
        "batch_seconds", "histogram", ("stage",), BOTH,
        "Work on one batch: run `decode`, `assess`, `write`, `checkpoint`; worker `vehicle`, `port`.",
        MS,
    ),
    # -- state ------------------------------------------------------------------------------------------------------
    Metric("state_entities", "gauge", ("stage",), BOTH, "Rows in the state: `vehicle` vehicles, `port` ports."),
    Metric("state_bytes", "gauge", ("stage",), BOTH, "Memory of these rows: stage `vehicle`, `port`."),
    Metric(
        "checkpoint_age_seconds", "gauge", (), BOTH,
        "Since everything so far was safe (worker: of its oldest partition); 0 where nothing came since.",
    ),
    Metric("checkpoints_total", "counter", (), (RUN,), "Checkpoints written."),
    Metric("partitions", "gauge", ("stage",), (WORKER,), "Partitions of this worker: stage `vehicle`, `port`."),
    Metric("unwritten_messages", "gauge", (), (WORKER,), "Messages on their way to Kafka."),
    # -- alerts -----------------------------------------------------------------------------------------------------
    Metric(
        "alerts_total", "counter", ("port", "severity", "typology"), BOTH,
        "Alerts, each counted once, under its strongest typology.",
    ),
    Metric(
        "alert_budget_ratio", "gauge", ("port",), BOTH,
        "Alerts of the port in its current hour of event time over its budget (budget_per_hour x operators).",
    ),
    Metric("alert_threshold", "gauge", ("port",), BOTH, "Score from which the port alerts now, -log10 p."),
    Metric("control_sample_total", "counter", (), BOTH, "Crossings drawn for the random control sample."),
    Metric("notices_total", "counter", ("kind",), BOTH, "Notices on readers, ports' traffic and detectors."),
    # -- calibration, drift -----------------------------------------------------------------------------------------
    Metric(
        "detector_p_value", "histogram", ("detector",), BOTH,
        "Calibrated p-values of ordinary traffic lie evenly in 0..1; what was not evaluated is not in it.",
        P_VALUE,
    ),
    Metric("detector_drift_total", "counter", ("detector",), BOTH, "Drifts said of a detector (once a week each)."),
    Metric("detector_errors_total", "counter", ("detector",), BOTH, "Batches in which a detector failed."),
    # -- quality: what people found ---------------------------------------------------------------------------------
    Metric(
        "dispositions_total", "counter", ("outcome", "selected_by"), BOTH,
        "Dispositions the pipeline heard (of several workers: the one with port partition 0).",
    ),
    Metric(
        "dispositions_ignored_total", "counter", ("reason",), BOTH,
        "Dispositions `rejected` (run), `repeated`, `unmatched` with a crossing; `late` ones count for a later hour.",
    ),
    Metric(
        "precision_ratio", "gauge", ("selected_by",), BOTH,
        "Finds (seizure, other_violation, possible_victim) over crossings looked at, since the stream's beginning.",
    ),
    Metric(
        "lift_ratio", "gauge", (), BOTH, "How many times more often something is found among alerts than at random.",
    ),
    Metric("lift_low_ratio", "gauge", (), BOTH, "Lower end of the lift's 95 % interval: alerts beat chance above 1."),
    Metric("lift_high_ratio", "gauge", (), BOTH, "Upper end of the lift's 95 % interval."),
    # -- trust: who is looked at ------------------------------------------------------------------------------------
    Metric(
        "decided_crossings_total", "counter", ("lane_type", "vehicle_class"), BOTH,
        "Crossings decided, by lane type and vehicle class: the denominator of their alert rates.",
    ),
    Metric(
        "decided_alerts_total", "counter", ("lane_type", "vehicle_class"), BOTH,
        "Those of them that alerted. A group's alert-rate ratio is its share over the share of all.",
    ),
    # -- the console ------------------------------------------------------------------------------------------------
    Metric("decisions_total", "counter", ("outcome",), (CONSOLE,),
           "Decisions that stand and can no longer be taken back, of all time (counted in the database)."),
    Metric(
        "decision_seconds", "histogram", (), (CONSOLE,),
        "From an alert's arrival in the queue to its decision; those decisions.",
        DECISION,
    ),
    Metric(
        "agreement_ratio", "gauge", (), (CONSOLE,),
        "Of those decisions, not_examined left out, the share that confirms the alert: seizure, other_violation, "
        "possible_victim.",
    ),
    Metric("waiting_alerts", "gauge", ("port",), (CONSOLE,), "Alerts without a decision."),
    Metric("oldest_waiting_seconds", "gauge", (), (CONSOLE,), "How long the oldest of them has waited; 0 for none."),
    Metric("snoozes_active", "gauge", (), (CONSOLE,), "Snoozes in force."),
    Metric("snoozed_alerts", "gauge", (), (CONSOLE,), "Waiting alerts that snoozes hide."),
    Metric("unsent_decisions", "gauge", (), (CONSOLE,), "Decisions of which the pipeline has yet to be told."),
    Metric("open_feeds", "gauge", (), (CONSOLE,), "Browsers with an open live feed."),
    Metric(
        "http_request_seconds", "histogram", ("route", "code"), (CONSOLE,),
        "Requests to the console, feeds left out, until the answer began.",
        MS,
    ),
)  # fmt: skip


def served_by(*commands: str) -> tuple[Metric, ...]:
    """The metrics of a command, or of several in one process."""
    return tuple(metric for metric in CATALOGUE if not set(commands).isdisjoint(metric.served_by))
