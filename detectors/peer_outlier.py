"""Is the whole picture odd among the peers? `peer_outlier`: river's Half-Space Trees over vehicle-relative evidence.

One forest for each port and vehicle class looks at what the vehicle's own models said (`features`, in [0, 1], NaN =
not evaluated), not at raw values: it finds combinations that no single question asks for. p = 1 - score before
calibration, which ranks it among recent ones. Not evaluated until the first window of 250 is full. Learns `fresh`
crossings only, so that one vehicle cannot fill a window.

Source: Tan, Ting & Liu (2011), Fast anomaly detection for streaming data, IJCAI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from detectors import half_space
from detectors.base import Columns, Context, Defaults, Finding, Out, Shared
from detectors.compiled import njit
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array


@njit(cache=True)
def assess(rows, slots, features, vehicle_class, fresh, p, evidence, feature, threshold, height, window):  # type: ignore[no-untyped-def]
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        forest = rows[slots[i]].forests[vehicle_class[i]]
        x = features[i]
        filling, reference = forest.filling, forest.reference
        evaluated = 0
        for k in range(len(x)):
            evaluated += not np.isnan(x[k])
        if evaluated == 0:
            continue
        score = half_space.score_and_learn(feature, threshold, height, window, filling, reference, x, fresh[i])
        if forest.windows > 0:
            p[i] = bounded_p(1.0 - score)
            evidence[i, 0] = score
            evidence[i, 1] = evaluated
            evidence[i, 2] = forest.windows * window + forest.count
        forest.count += fresh[i]
        if forest.count == window:
            half_space.turn(filling, reference)
            forest.count = 0
            forest.windows += 1


@dataclass(frozen=True)
class PeerOutlier(Defaults):
    """See the module; `features` is the number of feature columns the stage gives."""

    features: int
    trees: int = 10
    height: int = 8
    window: int = 250
    seed: int = 1
    name: str = "peer_outlier"
    key: str = "port"
    echo: bool = True  # it looks at the other detectors' answers
    typologies: tuple[str, ...] = ("peer_outlier",)
    reads: tuple[str, ...] = ("features", "vehicle_class")
    evidence: tuple[str, ...] = ("score", "evaluated", "seen")
    source: str = "Tan, Ting & Liu 2011, IJCAI; trees by river"

    @cached_property
    def forest(self) -> half_space.Trees:
        """The trees that river drew for this seed."""
        return half_space.build(self.features, trees=self.trees, height=self.height, window=self.window, seed=self.seed)

    @property
    def row(self) -> np.dtype[Any]:
        """One forest's masses for each vehicle class."""
        forest = np.dtype(half_space.mass_dtype(self.trees, self.height))
        return np.dtype([("forests", forest, (len(VEHICLE_CLASSES),))])

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, batch["features"], batch["vehicle_class"], known.fresh, out.p, out.evidence, *self.forest)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The isolation score, and among how many.

        >>> numbers = {"score": 0.93, "evaluated": 4, "seen": 5000}
        >>> PeerOutlier(4).explain(numbers, Context("2504", str, "inbound")).sentence
        'The combination of 4 answers is isolated among this port and class (isolation 0.93 of 1;
        5000 crossings seen there).'
        """
        seen = int(evidence["seen"])
        sentence = (
            f"The combination of {evidence['evaluated']:.0f} answers is isolated among this port and class "
            f"(isolation {evidence['score']:.2f} of 1; {seen} crossings seen there)."
        )
        return Finding("peer_outlier", round(evidence["score"], 3), None, None, seen, sentence, None)
