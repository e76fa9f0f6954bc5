"""Is everything that an alert says true, and true of that crossing alone?"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Detector, Finding, Out, Parameters, Shared
from detectors.budget import GUARD_ONE, GUARD_TWO
from detectors.calibration import rank
from detectors.catalogue import DETECTORS, build
from detectors.context import group_of
from detectors.judge import p_without
from detectors.odd_hour import OddHour
from schemas.batch import Array
from schemas.models import Alert
from stream.alerts import LEAST_TERM, SEVERITIES, AlertBuilder, alert_id
from stream.config import PipelineConfig
from stream.pipeline import port_stage, vehicle_stage
from stream.port_stage import Verdicts
from stream.reorder import Reorder
from stream.stages import Layout, OnError
from tests.stream.logs import CONFIG, border, registry, shuffled, single

OPEN = dataclasses.replace(
    CONFIG, floor_p=0.5, budget_per_hour=1000.0, budget_cap_per_hour=60
)  # the guard alone decides


class Row(NamedTuple):
    """One decided crossing and what it rests on, read while its calibration was in force."""

    alert: Alert | None
    p: dict[str, float]  # upper end of the calibrated rank of each detector that answered
    terms: dict[str, float]
    without: dict[str, float]  # combined p had that detector said nothing
    score: float
    p_value: float
    threshold: float
    time_ms: int
    port: int
    crossing_id: str


def rows_of(verdicts: Verdicts, alerts: list[Alert], names: list[str]) -> list[Row]:
    """Every crossing of one result."""
    assessed, calibrator = verdicts.assessed, verdicts.calibrator
    tables = (calibrator.counts.totals, calibrator.above, calibrator.tails)
    by_crossing = {alert.crossing_id: alert for alert in alerts}
    out = []
    for i, crossing in enumerate(assessed.batch.crossing_id):
        cohort, key, total = verdicts.cohort[i], assessed.batch.crossing_key[i], verdicts.score_nats[i]
        said = {name: k for k, name in enumerate(names) if not math.isnan(assessed.p[i, k])}
        group = {n: group_of(cohort, verdicts.context[i], n == "new_port") for n in said}
        upper = {n: float(rank(-math.log(verdicts.raw_p[i, k]), k, group[n], *tables)[1]) for n, k in said.items()}
        terms = {name: float(assessed.terms[i, k]) for name, k in said.items()}
        without = {n: float(p_without(total, t, cohort, key, len(names), *tables)) for n, t in terms.items()}
        out.append(Row(
            by_crossing.pop(crossing, None), upper, terms, without, float(assessed.score[i]),
            float(assessed.p_value[i]), float(assessed.threshold[i]), int(assessed.batch.time_ms[i]),
            int(assessed.batch.port[i]), crossing,
        ))  # fmt: skip
    assert not by_crossing
    return out


@lru_cache(maxsize=4)
def decided(config: PipelineConfig) -> list[Row]:
    """A log through the stages, hour by hour."""
    batch, names = border()
    batch = shuffled(batch, CONFIG.lateness_ms)
    pipeline = single(config, names)
    out: list[Row] = []
    pushed = pipeline.reorder.push(pipeline.vehicles.push(batch, len(names)))
    for ordered in (pushed, pipeline.reorder.flush()):
        for verdicts in pipeline.at_ports.push(ordered, len(names)) if ordered is not None else ():
            out += rows_of(verdicts, pipeline.builder.alerts(verdicts), [d.name for d in pipeline.layout.detectors])
    return out


def alerts_of(config: PipelineConfig = OPEN) -> list[tuple[Row, Alert]]:
    """Those that alerted."""
    found = [(row, row.alert) for row in decided(config) if row.alert is not None]
    assert len(found) > 5
    return found


def test_shares_sum_to_one_and_go_with_the_terms() -> None:
    """Largest first, in proportion to what each detector adds, at least `LEAST_TERM`."""
    for row, alert in alerts_of():
        shares = [reason.share for reason in alert.reasons]
        assert abs(math.fsum(shares) - 1) < 1e-9
        assert sorted(shares, reverse=True) == shares
        terms = [max(row.terms[reason.detector.partition("@")[0]], LEAST_TERM) for reason in alert.reasons]
        assert pytest.approx([term / sum(terms) for term in terms], rel=1e-9) == shares


def test_the_score_says_the_p_value() -> None:
    """score = -log10(p_value), and the severity is that of the score."""
    for row, alert in alerts_of():
        assert abs(alert.score + math.log10(alert.p_value)) < 1e-9
        assert pytest.approx(row.p_value, rel=1e-5) == alert.p_value
        assert next(word for least, word in SEVERITIES if alert.score >= least) == alert.severity


def test_the_id_follows_from_crossing_and_configuration_alone() -> None:
    """Another log, another moment or other detectors give the same id; another crossing or configuration does not."""
    for _, alert in alerts_of():
        assert alert_id(alert.crossing_id, OPEN.config_id) == alert.alert_id
    ids = {alert_id(crossing, config) for crossing in ("a", "b", "a\nb") for config in ("c", "b\nc", "d")}
    assert len(ids) >= 8  # "a" + "b\nc" reads like "a\nb" + "c", and no crossing_id holds a line end


def test_reasons_are_the_detectors_that_add_something() -> None:
    """Every term above `LEAST_TERM` has its reason; one typology each, from those its detector may give."""
    may = {f"{kind.name}@{kind.version}": kind.typologies for kind in (*build(Parameters()),)}
    for row, alert in alerts_of():
        names = [reason.detector.partition("@")[0] for reason in alert.reasons]
        telling = {name for name, term in row.terms.items() if term > LEAST_TERM}
        assert telling == set(names) or (not telling and 1 == len(names))
        assert len(set(names)) == len(names)
        assert all(reason.typology in may[reason.detector] for reason in alert.reasons)
        assert list(dict.fromkeys(reason.typology for reason in alert.reasons)) == alert.typologies
        assert all(
            reason.p_value == pytest.approx(row.p[n], rel=1e-5) for n, reason in zip(names, alert.reasons, strict=True)
        )


def test_what_was_not_evaluated_is_named() -> None:
    """Every detector is a column: it answered, or its name stands in `not_evaluated`."""
    every = [detector.name for detector in build(Parameters())]
    for row, alert in alerts_of():
        assert [name for name in every if name not in row.p] == alert.not_evaluated
    assert any(alert.not_evaluated for _, alert in alerts_of())


def test_a_counterfactual_is_true() -> None:
    """Without that detector's term the crossing would have stayed below its threshold; said wherever it is known."""
    with_one = 0
    for config in (OPEN, CONFIG):
        for row, alert in alerts_of(config):
            for reason in alert.reasons:
                if reason.counterfactual is not None:
                    with_one += 1
                    assert reason.counterfactual.startswith("Would not alert ")
                    assert -math.log10(row.without[reason.detector.partition("@")[0]]) < row.threshold
    assert with_one > 5


def test_an_alert_is_valid_and_survives_a_reading(repository: Path) -> None:
    """The line passes the strict model behind `schemas/json` and comes out of it again byte for byte."""
    schema = json.loads((repository / "schemas/json/alert.schema.json").read_text(encoding="utf-8"))
    for _, alert in alerts_of():
        line = alert.to_json()
        assert line == Alert.model_validate_json(line).to_json()
        fields = json.loads(line)
        assert set(schema["required"]) <= set(fields) <= set(schema["properties"])
        for reason in fields["reasons"]:
            about = schema["$defs"]["Reason"]
            assert set(about["required"]) <= set(reason) <= set(about["properties"])
            assert reason["sentence"].endswith(".")
            assert "nan" not in reason["sentence"].lower()


def guarded(p: Mapping[str, float]) -> bool:
    """Two direct answers that are odd, or one that is very odd and may stand alone."""
    kinds = {kind.name: kind for kind in DETECTORS}
    two = sum(q < GUARD_TWO and not kinds[name].echo for name, q in p.items()) >= 2
    return two or any(q < GUARD_ONE and kinds[name].alone for name, q in p.items())


@pytest.mark.parametrize("config", [OPEN, CONFIG])
def test_floor_and_guard_hold_for_every_alert_and_explain_every_silence(config: PipelineConfig) -> None:
    """Where the budget is no limit, a crossing alerts if and only if it is above the floor and past the guard."""
    floor = -math.log10(config.floor_p)
    for row in decided(config):
        assert row.threshold >= floor
        if row.alert is not None:
            assert row.alert.score >= row.threshold - 1e-5
            assert row.alert.threshold == pytest.approx(row.threshold, abs=1e-6)
            assert guarded(row.p)
        elif config is OPEN:
            assert row.score < row.threshold or not guarded(row.p)


@pytest.mark.parametrize("cap", [1, 2])
def test_no_port_gives_more_alerts_than_the_cap_in_any_hour(cap: int) -> None:
    """A row of alerts at one port does not drown its operator."""
    times: dict[int, list[int]] = {}
    for row, _ in alerts_of(dataclasses.replace(OPEN, budget_cap_per_hour=cap)):
        recent = [t for t in times.setdefault(row.port, []) if t + HOUR_MS > row.time_ms]
        assert len(recent) < cap
        times[row.port].append(row.time_ms)


class Failing(OddHour):
    """Fails on every batch in which a crossing lies in the second week, after it has written half of its answers."""

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """See the class."""
        super().assess(rows, slots, batch, known, shared, out)
        if (batch["time_ms"] // (7 * DAY_MS) % 2).any():
            raise ZeroDivisionError("a fault in a detector")

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """As the other one."""
        return super().explain(evidence, context)


def through(detectors: list[Detector], on_error: OnError) -> tuple[dict[str, Array], list[Alert]]:
    """The calibrated columns of each detector over a log, by name, and the alerts."""
    batch, names = border(days=16)
    ports, layout = registry(names), Layout(detectors)
    vehicles = vehicle_stage(OPEN, layout, on_error)
    at_ports, builder = port_stage(OPEN, layout, ports, on_error), AlertBuilder(layout, ports, OPEN.config_id)
    parts, alerts = [], list[Alert]()
    reorder = Reorder(OPEN.lateness_ms)
    for ordered in (reorder.push(vehicles.push(batch, len(names))), reorder.flush()):
        for verdicts in at_ports.push(ordered, len(names)) if ordered is not None else ():
            parts.append(verdicts.raw_p)
            alerts += builder.alerts(verdicts)
    columns = np.concatenate(parts)
    return {detector.name: columns[:, k] for k, detector in enumerate(detectors)}, alerts


def test_a_detector_that_fails_is_counted_and_the_others_go_on() -> None:
    """Its column is not evaluated for those crossings; the other columns are the same as without it."""
    healthy = [d for d in build(Parameters()) if d.key == "vehicle" and d.name != "odd_hour"]
    errors: list[tuple[str, str]] = []
    with_it, alerts = through(
        [Failing(), *healthy], lambda detector, error: errors.append((detector.name, type(error).__name__))
    )
    without_it, _ = through(list(healthy), lambda *failure: errors.append(("another", str(failure))))
    assert {("odd_hour", "ZeroDivisionError")} == set(errors)
    for detector in healthy:
        np.testing.assert_array_equal(without_it[detector.name], with_it[detector.name])
    answered = ~np.isnan(with_it["odd_hour"])
    assert 0 < answered.sum() < (~np.isnan(through([OddHour(), *healthy], no_error)[0]["odd_hour"])).sum()
    assert any("odd_hour" in alert.not_evaluated for alert in alerts)


def no_error(detector: Detector, error: Exception) -> None:
    """Nothing fails here."""
    raise AssertionError(f"{detector.name} failed") from error
