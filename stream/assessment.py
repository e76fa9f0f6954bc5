"""What is known of crossings on their way through the stages? The batch, and what the detectors said so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.batch import CrossingBatch

F8 = NDArray[np.float64]


class Assessment(NamedTuple):
    """Columns of equal length: one row a crossing, one column of `p` and `llr` a detector."""

    batch: CrossingBatch
    fresh: NDArray[np.uint8]
    p: F8  # [n, D]; NaN = not evaluated
    llr: F8  # [n, D] nats; NaN = the detector has no likelihood ratio
    evidence: F8  # [n, E]

    def take(self, index: NDArray[np.int64] | slice) -> Assessment:
        """The rows at `index`, in that order."""
        return Assessment(self.batch.take(index), *(array[index] for array in self[1:]))

    @classmethod
    def concat(cls, parts: Sequence[Assessment]) -> Assessment:
        """All rows, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        arrays = (np.concatenate([part[k] for part in parts]) for k in range(1, 5))
        return cls(CrossingBatch.concat([part.batch for part in parts]), *arrays)


class Assessed(NamedTuple):
    """Crossings with their decision, in the order in which they were decided."""

    batch: CrossingBatch
    score: F8  # -log10(p_value); 0 where nothing was evaluated
    p_value: F8
    alerted: NDArray[np.bool_]
    late: NDArray[np.bool_]
    threshold: F8  # of the port at that moment
    p: F8  # [n, D] calibrated; NaN = not evaluated
    evidence: F8  # [n, E]
    terms: F8  # [n, D] nats each detector adds to the combination


