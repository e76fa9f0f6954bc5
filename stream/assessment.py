"""What is known of crossings on their way through the stages? The batch, and what the detectors said so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.batch import Array, CrossingBatch

F8 = NDArray[np.float64]


class Assessment(NamedTuple):
    """Columns of equal length: one row a crossing, one column of `p` and `llr` a detector."""

    batch: CrossingBatch
    fresh: NDArray[np.uint8]
    p: F8  # [n, D]; NaN = not evaluated
    llr: F8  # [n, D] nats; NaN = the detector has no likelihood ratio
    evidence: NDArray[np.float32]  # [n, E]
    place_ms: NDArray[np.int64]  # the time it counts for, later than its own where it was late (stream/clock.py)
    reached_ms: NDArray[np.int64]  # how far the source had come in event time
    diary: NDArray[np.uint16]  # [n, SIZE] where the vehicle was before (detectors/diary.py); [n, 0] where nobody asks

    def take(self, index: Array | slice) -> Assessment:
        """The rows at `index` (integers, a mask or a slice), in that order."""
        return Assessment(
            self.batch.take(index),
            self.fresh[index],
            self.p[index],
            self.llr[index],
            self.evidence[index],
            self.place_ms[index],
            self.reached_ms[index],
            self.diary[index],
        )

    @classmethod
    def concat(cls, parts: Sequence[Assessment]) -> Assessment:
        """All rows, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            CrossingBatch.concat([part.batch for part in parts]),
            np.concatenate([part.fresh for part in parts]),
            np.concatenate([part.p for part in parts]),
            np.concatenate([part.llr for part in parts]),
            np.concatenate([part.evidence for part in parts]),
            np.concatenate([part.place_ms for part in parts]),
            np.concatenate([part.reached_ms for part in parts]),
            np.concatenate([part.diary for part in parts]),
        )


class Assessed(NamedTuple):
    """Crossings with their decision, in the order in which they were decided."""

    batch: CrossingBatch
    score: F8  # -log10(p_value); 0 where nothing was evaluated
    p_value: F8
    alerted: NDArray[np.bool_]
    late: NDArray[np.bool_]
    threshold: F8  # of the port at that moment
    p: F8  # [n, D] calibrated; NaN = not evaluated
    evidence: NDArray[np.float32]  # [n, E]
    terms: F8  # [n, D] nats each detector adds to the combination
    control: NDArray[np.bool_]  # drawn for the random control sample
