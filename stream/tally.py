"""What happened to every line of a run? Counts that are kept in the checkpoint and shown in the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import Reject

if TYPE_CHECKING:
    from stream.pipeline import Decided

LEVELS = (1e-2, 1e-3)  # a calibrated p falls below x in a share x of ordinary crossings


@dataclass
class Tally:
    """Counts since the stream's beginning, resumed runs included. `lines` counts non-blank lines.

    `evaluated[d]` crossings had a p of detector d, `below[level][d]` of them one below LEVELS[level].
    """

    detectors: Sequence[str]
    lines: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    alerts: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    typologies: Counter[str] = field(default_factory=Counter)
    evaluated: list[int] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)  # by kind
    control: int = 0  # crossings of the random sample
    dispositions_rejected: int = 0  # of another stream than `lines`
    accepted: int = 0  # these as the pipeline counts them
    duplicates: int = 0
    late: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)  # see `stream.feedback.Feedback.counts`

    def __post_init__(self) -> None:
        self.evaluated = self.evaluated or [0] * len(self.detectors)
        self.below = self.below or [[0] * len(self.detectors) for _ in LEVELS]

    def take_rejects(self, rejects: Sequence[Reject]) -> None:
        """Count rejected lines by reason."""
        self.rejected.update(reject.reason for reject in rejects)

    def take(self, decided: Decided) -> None:
        """Count alerts and p-values."""
        for alert in decided.alerts:
            self.alerts += 1
            self.severities[alert.severity] += 1
            self.typologies.update(alert.typologies)
        self.notices.update(notice.kind for notice in decided.notices)
        self.control += len(decided.control)
        if decided.assessed:
            p = np.concatenate([assessed.p for assessed in decided.assessed])
            self.evaluated = _plus(self.evaluated, ~np.isnan(p))
            self.below = [_plus(old, p < level) for old, level in zip(self.below, LEVELS, strict=True)]

    def balances(self) -> bool:
        """Whether every line was accepted, rejected or a duplicate."""
        return self.lines == self.accepted + self.duplicates + sum(self.rejected.values())

    def shares(self) -> list[tuple[str, int, list[float]]]:
        """(detector, crossings evaluated, share of p below each of LEVELS); nan where none was evaluated."""
        rows = []
        for place, name in enumerate(self.detectors):
            count = self.evaluated[place]
            rows.append((name, count, [row[place] / count if count else float("nan") for row in self.below]))
        return rows

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {
            "lines": self.lines, "rejected": dict(self.rejected), "alerts": self.alerts,
            "severities": dict(self.severities), "typologies": dict(self.typologies),
            "evaluated": self.evaluated, "below": self.below, "notices": dict(self.notices), "control": self.control,
            "dispositions_rejected": self.dispositions_rejected,
        }  # fmt: skip

    @classmethod
    def from_json(cls, detectors: Sequence[str], saved: dict[str, Any]) -> Tally:
        """From the checkpoint."""
        counters = {key: Counter(saved[key]) for key in ("rejected", "severities", "typologies", "notices")}
        return cls(detectors, **{**saved, **counters})


def _plus(old: list[int], hits: Any) -> list[int]:
    return [before + int(more) for before, more in zip(old, hits.sum(axis=0), strict=True)]
