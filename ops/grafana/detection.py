"""Detection: does it alert as much as it may, on what, and is it right? The dashboard for the supervisor."""

from __future__ import annotations

from ops.grafana.panels import Ask, Limits, bars, heat, number, series

ODD = 'sum by (detector) (increase(linewatch_detector_p_value_bucket{le="0.01"}[$__range]))'
SEEN = "sum by (detector) (increase(linewatch_detector_p_value_count[$__range]))"

PANELS = (
    number(
        Ask("How many alerts in the last hour?", "All ports together.", "short", "linewatchbudgetexceeded"),
        {"alerts": "sum(increase(linewatch_alerts_total[1h]))"},
    ),
    number(
        Ask("Do alerts beat chance?", "How many times more often something is found among alerts than in the random "
            "control sample; chance is 1.", "short", "linewatchnolift", Limits(2, 1, below=True)),
        {"lift over random": "max(linewatch_lift_ratio)"},
    ),
    number(
        Ask("Which port is furthest over its budget?", "Alerts of its fullest hour of the last six over the budget; "
            "at 2 the cap cuts alerts off.", "percentunit", "linewatchbudgetexceeded", Limits(1.25, 2)),
        {"{{port}}": "topk(1, max by (port) (max_over_time(linewatch_alert_budget_ratio[6h])))"},
    ),
    number(
        Ask("Has anything drifted?", "Drifts said of detectors in the time shown; each is calibrated anew by itself.",
            "short", "linewatchdrift", Limits(1, 5)),
        {"drifts": "sum(increase(linewatch_detector_drift_total[$__range]))"},
    ),
    series(
        Ask("Where do the alerts come from?", "Alerts an hour, by port.", "short", "linewatchbudgetexceeded"),
        {"{{port}}": "sum by (port) (increase(linewatch_alerts_total[1h]))"},
    ),
    bars(
        Ask("What are the alerts about?", "By strongest typology, in the time shown.", "short",
            "linewatchbudgetexceeded"),
        {"{{typology}}": "topk(12, sum by (typology) (increase(linewatch_alerts_total[$__range])))"},
    ),
    series(
        Ask("Does each port keep its budget?", "Alerts of the running hour over the budget of the hour.",
            "percentunit", "linewatchbudgetexceeded", Limits(1.25, 2)),
        {"{{port}}": "max by (port) (linewatch_alert_budget_ratio)"},
    ),
    series(
        Ask("How high is each port's bar?", "Score (-log10 p) from which a crossing alerts; it follows the budget.",
            "short", "linewatchbudgetexceeded"),
        {"{{port}}": "max by (port) (linewatch_alert_threshold)"},
    ),
    heat(
        Ask("Are the p-values even?", "Answers of the chosen detector by p-value. Calibrated, the rows from 0.1 on are "
            "equally bright, and a hundredth lies up to 0.01.", "short", "linewatchcalibrationoff"),
        'sum by (le) (increase(linewatch_detector_p_value_bucket{detector=~"$detector"}[$__rate_interval]))',
    ),
    bars(
        Ask("Which detectors call too much odd?", "Share of answers up to 0.01 over the 0.01 it should be, in the time "
            "shown; 1 is calibrated.", "short", "linewatchcalibrationoff", Limits(2, 3)),
        {"{{detector}}": f"topk(12, 100 * {ODD} / ({SEEN} > 0))"},
    ),
    series(
        Ask("How often is something found?", "Finds over crossings looked at, by why they were looked at.",
            "percentunit", "linewatchnolift"),
        {"{{selected_by}}": "max by (selected_by) (linewatch_precision_ratio) >= 0"},
    ),
    series(
        Ask("How sure is the lift?", "The estimate and its 95 % interval; alerts beat chance where the lower end is "
            "above 1.", "short", "linewatchnolift", Limits(1, None, below=True)),
        {
            "lift": "max(linewatch_lift_ratio)",
            "at least": "max(linewatch_lift_low_ratio)",
            "at most": "max(linewatch_lift_high_ratio)",
        },
        fill=0,
    ),
)  # fmt: skip
