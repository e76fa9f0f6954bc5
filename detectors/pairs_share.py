"""How often is there a pair to ask about at all? Learnt at each port, and what turns a tail into a p-value.

Most crossings are beside nobody that was met on three days, so the tail of one that is says too little: by the law of
total probability, of all crossings a share `asked` times the tail is as odd by chance. Likewise the share of
crossings beside a companion beyond doubt (tail below `SURE`) is how often two cars that belong together are seen
while they are news: nearly all of them are innocent. p adds both explanations:

    p = asked * tail + sure * new

At the start of a log every household is news, and `sure` is large; it falls as they become familiar.
"""

from __future__ import annotations

import math

from detectors.base import SharedSpec
from detectors.compiled import njit

ALL, ASKED, COMPANIONS = 0, 1, 2
SURE = 1e-3
PRIOR_ASKED, PRIOR_SURE, PRIOR_ALL = 10.0, 20.0, 10_000.0  # before anything is published: 1 and 0.002
SHARES = SharedSpec(3, lambda ports: ports)  # a row a port; crossings


@njit(cache=True)
def explained(tail, new, prior, row):  # type: ignore[no-untyped-def]
    """p of a tail, given what the port has published; 1 for a NaN tail (nobody to ask about).

    >>> import numpy as np
    >>> round(explained(1e-3, 0.1, np.array([[9990.0, 90.0, 10.0]]), 0), 6)
    0.00016
    """
    if math.isnan(tail):
        return 1.0
    asked = (prior[row, ASKED] + PRIOR_ASKED) / (prior[row, ALL] + PRIOR_ASKED)
    sure = (prior[row, COMPANIONS] + PRIOR_SURE) / (prior[row, ALL] + PRIOR_ALL)
    return min(1.0, asked * tail + sure * new)


@njit(cache=True)
def count(tail, row, tally, touched):  # type: ignore[no-untyped-def]
    """One more crossing, and whether there was somebody to ask about."""
    tally[row, ALL] += 1
    tally[row, ASKED] += not math.isnan(tail)
    tally[row, COMPANIONS] += tail < SURE
    touched[row] = 1
