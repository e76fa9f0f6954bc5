"""How do people read the metrics? The catalogue as docs/metrics.md, with the questions that are asked most."""

from __future__ import annotations

from ops.metrics_catalogue import ALL, CATALOGUE, LABELS, Metric

INTRO = """\
# Metrics

Made from `ops/metrics_catalogue.py` by `make generate`; a metric that is served and not listed here fails a test.

`linewatch run` (with `--console` those of the console too) serves its own at `/metrics` of the HTTP ingest, with the
ingest's token where one is set. With another source, and in `linewatch worker` and `linewatch console`, they are at
`/metrics` of `metrics_host` and `metrics_port`; where that is 0 a free port is taken, and the log says which.

No plate, no pseudonym and no other free text is ever in a label. Beside these are the `process_*` metrics of the
Prometheus client. A counter begins at 0 when its process starts.

Values are counted over columns and put together when Prometheus asks: they take some 0.9 % of the processor time of the
quickest replay (`make bench ARGS="metrics"`, [benchmarks](benchmarks.md))."""

RECIPES: dict[str, str] = {
    "Crossings a second": "sum(rate(linewatch_crossings_total[1m]))",
    "99 % of alerts are given out within so many seconds": """\
histogram_quantile(0.99, sum by (le) (rate(linewatch_crossing_to_alert_seconds_bucket[10m])))""",
    "Answers below 0.01, by detector: 0.01 where it is calibrated": """\
  sum by (detector) (increase(linewatch_detector_p_value_bucket{le="0.01"}[1d]))
/ sum by (detector) (increase(linewatch_detector_p_value_count[1d]))""",
    "Alert-rate ratio by lane type, 1 where it alerts as often as all; by vehicle class likewise": """\
  sum by (lane_type) (increase(linewatch_decided_alerts_total[1d]))
/ sum by (lane_type) (increase(linewatch_decided_crossings_total[1d]))
/ scalar(sum(increase(linewatch_decided_alerts_total[1d])) / sum(increase(linewatch_decided_crossings_total[1d])))""",
    "Alert-rate ratio by port": """\
  sum by (port) (increase(linewatch_alerts_total[1d]))
/ sum by (port) (increase(linewatch_port_crossings_total[1d]))
/ scalar(sum(increase(linewatch_alerts_total[1d])) / sum(increase(linewatch_port_crossings_total[1d])))""",
    "Half of the decisions are made within so many seconds": """\
histogram_quantile(0.5, sum by (le) (rate(linewatch_decision_seconds_bucket[1h])))""",
}


def as_markdown() -> str:
    """The page."""
    table = ["| metric | kind | labels | served by | what it says |", "|---|---|---|---|---|"]
    table += [_row(metric) for metric in CATALOGUE]
    labels = ["| label | values |", "|---|---|", *(f"| `{name}` | {values} |" for name, values in LABELS.items())]
    questions = [f"**{question}**\n\n```promql\n{query}\n```" for question, query in RECIPES.items()]
    parts = [INTRO, "## Catalogue", "\n".join(table), "## Labels", "\n".join(labels), "## Questions", *questions]
    return "\n\n".join(parts) + "\n"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
    served = "all" if metric.served_by == ALL else ", ".join(metric.served_by)
    return f"| `{metric.full_name}` | {metric.kind} | {labels} | {served} | {metric.help} |"
