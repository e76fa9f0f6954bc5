"""Operations: is it alive, does it keep up, is anything lost? The dashboard for who is on call."""

from __future__ import annotations

from ops.grafana.panels import Ask, Limits, bars, number, series

RATE = "[$__rate_interval]"
P99 = "histogram_quantile(0.99, sum by (le{by}) (rate(linewatch_{name}_bucket[{over}])))"
ALIVE = 'up{job="linewatch"} * on (instance) group_left () (linewatch_up or up{job="linewatch"})'
NO_KAFKA = 'label_replace(0 * max(linewatch_up), "stage", "no Kafka here", "", "")'


def slowest(name: str, by: str = "", over: str = "$__rate_interval") -> str:
    """The 99th percentile of a histogram, by one label more."""
    return P99.format(name=name, by=f", {by}" if by else "", over=over)


PANELS = (
    number(
        Ask("Is everything alive?", "What Prometheus reaches and whether it does its work.", "none", "linewatchdown",
            Limits(1, 0.5, below=True)),
        {"{{service}} {{instance}}": ALIVE},
        words={"0": "down, or not working", "1": "alive"},
    ),
    number(
        Ask("How many crossings a second?", "Accepted crossings, repeats aside.", "short", "linewatchnothingarrives"),
        {"crossings/s": f"sum(rate(linewatch_crossings_total{RATE}))"},
    ),
    number(
        Ask("How late does an alert come?", "99 of 100 alerts are faster, the last quarter of an hour. Vehicles stand "
            "in the lane for 17 to 57 s; the promise is 2 s.", "s", "linewatchslow", Limits(1, 2)),
        {"p99": slowest("crossing_to_alert_seconds", over="15m") + " >= 0 or 0 * max(linewatch_up)"},
    ),
    number(
        Ask("How old is the oldest unsaved work?", "After a crash so much is assessed again; the alerts stay the same.",
            "s", "linewatchcheckpointstale", Limits(120, 300)),
        {"checkpoint": "max(linewatch_checkpoint_age_seconds)"},
    ),
    series(
        Ask("What comes in, and what does not count?", "Accepted; repeats dropped; later than the allowed lateness "
            "(assessed, marked).", "cps", "linewatchnothingarrives"),
        {
            "accepted": f"sum(rate(linewatch_crossings_total{RATE}))",
            "repeated": f"sum(rate(linewatch_duplicates_total{RATE}))",
            "late": f"sum(rate(linewatch_late_total{RATE}))",
        },
    ),
    series(
        Ask("What is refused, and why?", "Each refused line is in the dead letter with its reason.", "cps",
            "linewatchrejectburst"),
        {"{{reason}}": f"sum by (reason) (rate(linewatch_rejects_total{RATE}))"},
    ),
    series(
        Ask("How far behind are the workers?", "Records in Kafka that are not read yet. Rising means too few workers.",
            "short", "linewatchlaggrows", Limits(1_000, 10_000)),
        {"{{stage}}": f"sum by (stage) (linewatch_consumer_lag) or {NO_KAFKA}"},
    ),
    series(
        Ask("Which step takes the time?", "99 of 100 batches are faster.", "s", "linewatchslow"),
        {"{{stage}}": slowest("batch_seconds", "stage")},
    ),
    bars(
        Ask("Which ports are silent?", "Event time since a port's newest crossing; quiet nights are normal at small "
            "ports, so a notice `reader_fault` weighs more.", "s", "linewatchreadersilent", Limits(3_600, 21_600)),
        {"{{port}}": "topk(12, max by (port) (linewatch_reader_silent_seconds))"},
    ),
    series(
        Ask("What do the readers' watches say?", "Notices of the last hour, by kind.", "short", "linewatchreaderfault"),
        {"{{kind}}": "sum by (kind) (increase(linewatch_notices_total[1h]))"},
    ),
    series(
        Ask("How much memory does the state take?", "Rows by stage; max_vehicles bounds it.", "bytes",
            "linewatchlaggrows"),
        {"{{stage}}": "sum by (stage) (linewatch_state_bytes)"},
    ),
    series(
        Ask("Does the console answer quickly?", "99 of 100 requests are faster; the goal is 0.3 s.", "s",
            "linewatchconsoleslow", Limits(0.3, 1)),
        {"{{route}}": slowest("http_request_seconds", "route", over="5m") + " >= 0"},
    ),
)  # fmt: skip
