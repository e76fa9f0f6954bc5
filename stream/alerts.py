"""How does a decided crossing become an alert? Reasons with shares, sentences, counterfactuals, in plain Python.

Runs for the few crossings that alert. Everything in an alert follows from the crossing and the configuration, so
the same log gives the same bytes.
"""

from __future__ import annotations

import hashlib
import math
from typing import Literal, cast

import numpy as np

from detectors.base import Context, Finding
from detectors.calibration import rank
from detectors.context import group_of
from detectors.judge import p_without
from schemas.batch import DIRECTIONS, VEHICLE_CLASSES
from schemas.models import Alert, Reason, moment_of
from schemas.ports import Ports
from schemas.wire import Direction, VehicleClass
from stream.port_stage import Verdicts
from stream.stages import Layout

LEAST_TERM = 0.25  # nats: what adds less is no reason
Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[tuple[float, Severity], ...] = (
    (7.0, "critical"),
    (5.0, "high"),
    (4.0, "medium"),
    (0.0, "low"),
)  # score from


class AlertBuilder:
    """Builds alerts for one configuration."""

    def __init__(self, layout: Layout, ports: Ports, config_id: str) -> None:
        self.layout = layout
        self.ports = ports
        self.config_id = config_id
        self.detectors_id = "sha256:" + hashlib.sha256("\n".join(layout.names).encode()).hexdigest()

    def alerts(self, verdicts: Verdicts) -> list[Alert]:
        """The alerts among decided crossings, in their order."""
        return [self._alert(verdicts, i) for i in verdicts.assessed.alerted.nonzero()[0].tolist()]

    def _alert(self, verdicts: Verdicts, i: int) -> Alert:
        assessed, batch = verdicts.assessed, verdicts.assessed.batch
        p_value = round_p(assessed.p_value[i])
        score = round(-math.log10(p_value), 12)
        port = self.ports.name_of(int(batch.port[i]))
        context = Context(port, self.ports.name_of, DIRECTIONS[batch.direction[i]])
        reasons = self._reasons(verdicts, i, context)
        return Alert(
            alert_id=alert_id(batch.crossing_id[i], self.config_id),
            crossing_id=batch.crossing_id[i],
            occurred_at=moment_of(int(batch.time_ms[i])),
            vehicle=batch.vehicle[i],
            port=port,
            lane=batch.lane[i],
            direction=cast("Direction", context.direction),
            p_value=p_value,
            score=score,
            severity=next(word for least, word in SEVERITIES if score >= least),
            typologies=list(dict.fromkeys(reason.typology for reason in reasons)),
            reasons=reasons,
            not_evaluated=[d.name for k, d in enumerate(self.layout.detectors) if math.isnan(assessed.p[i, k])],
            threshold=round(float(assessed.threshold[i]), 6),
            config=self.config_id,
            detectors=self.detectors_id,
            priority=verdicts.feedback.priority(verdicts.said[i].tobytes()),
            vehicle_class=cast("VehicleClass", VEHICLE_CLASSES[batch.vehicle_class[i]]),
        )

    def _reasons(self, verdicts: Verdicts, i: int, context: Context) -> list[Reason]:
        terms = np.nan_to_num(verdicts.assessed.terms[i], nan=-math.inf)
        order = sorted(range(len(terms)), key=lambda k: (-terms[k] if terms[k] > LEAST_TERM else 0.0, k))
        kept = [k for k in order if terms[k] > LEAST_TERM] or [max(range(len(terms)), key=lambda k: (terms[k], -k))]
        total = sum(max(float(terms[k]), LEAST_TERM) for k in kept)
        return [self._reason(verdicts, i, k, max(float(terms[k]), LEAST_TERM) / total, context) for k in kept]

    def _reason(self, verdicts: Verdicts, i: int, k: int, share: float, context: Context) -> Reason:
        detector = self.layout.detectors[k]
        where = self.layout.slices[detector.name]
        numbers = dict(zip(detector.evidence, verdicts.assessed.evidence[i, where].tolist(), strict=True))
        finding = detector.explain(numbers, context)
        return Reason(
            detector=f"{detector.name}@{detector.version}",
            typology=finding.typology,
            p_value=round_p(self._upper_p(verdicts, i, k)),
            share=share,
            observed=finding.observed,
            unit=finding.unit,
            usual=list(finding.usual) if finding.usual else None,
            seen=finding.seen,
            sentence=finding.sentence,
            counterfactual=self._counterfactual(verdicts, i, k, finding),
        )

    def _upper_p(self, verdicts: Verdicts, i: int, k: int) -> float:
        """The upper end of the answer's calibrated rank."""
        calibrator = verdicts.calibrator
        surprise = -math.log(verdicts.raw_p[i, k])
        is_new_port = self.layout.detectors[k].name == "new_port"
        group = group_of(verdicts.cohort[i], verdicts.context[i], is_new_port)
        _, high = rank(surprise, k, group, calibrator.counts.totals, calibrator.above, calibrator.tails)
        return float(high)

    def _counterfactual(self, verdicts: Verdicts, i: int, k: int, finding: Finding) -> str | None:
        """Where this answer would have been ordinary, if that alone keeps the crossing below the threshold."""
        if finding.without is None:
            return None
        assessed, calibrator = verdicts.assessed, verdicts.calibrator
        p = p_without(
            verdicts.score_nats[i], assessed.terms[i, k], verdicts.cohort[i], assessed.batch.crossing_key[i],
            len(self.layout.detectors), calibrator.counts.totals, calibrator.above, calibrator.tails,
        )  # fmt: skip
        if -math.log10(max(p, 1e-300)) >= assessed.threshold[i]:
            return None
        return f"Would not alert {finding.without}."


def round_p(p: float) -> float:
    """A p-value with six significant digits, as alerts carry it.

    >>> round_p(3.14159265e-06)
    3.14159e-06
    """
    return float(f"{p:.6g}")


def alert_id(crossing_id: str, config_id: str) -> str:
    """Depends on the crossing and the configuration only: 128 bits of SHA-256, in hexadecimal.

    >>> alert_id("c1", "sha256:0")
    '1e1ab6d4fb2eb02f56b090d8f6b41fc7'
    """
    return hashlib.sha256(f"{crossing_id}\n{config_id}".encode()).hexdigest()[:32]
