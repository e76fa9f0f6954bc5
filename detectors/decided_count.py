"""How many crossings were decided, where and of which kind, and how do their p-values lie? Sums for whoever watches.

One compiled pass over decided crossings. Nothing here is ever looked at by a detector.
"""

from __future__ import annotations

import math

from detectors.compiled import njit


@njit(cache=True)
def count(  # type: ignore[no-untyped-def]
    port, time_ms, cohort, alerted, threshold, p, p_value, edges, crossings, newest_ms, thresholds, groups, spread, sums
):  # fmt: skip
    """Add a batch (`[n]`, `p[n, D]`, NaN = not evaluated) to the sums.

    `crossings[ports]`; `newest_ms[ports]` event time; `thresholds[ports]` the last one; `groups[cohorts, 2]` crossings
    and alerts; `spread[D + 1, len(edges) + 1]` p-values up to each of the rising `edges` and beyond, the last row those
    of all detectors together; `sums[D + 1]` of these p-values.
    """
    columns, most = p.shape[1], len(edges)
    for i in range(len(port)):
        crossings[port[i]] += 1
        newest_ms[port[i]] = max(newest_ms[port[i]], time_ms[i])
        thresholds[port[i]] = threshold[i]
        groups[cohort[i], 0] += 1
        groups[cohort[i], 1] += alerted[i]
        answers = 0
        for j in range(columns + 1):
            value = p[i, j] if j < columns else p_value[i]
            if math.isnan(value) or (j == columns and answers == 0):
                continue
            answers += 1
            place = most
            while place > 0 and value <= edges[place - 1]:
                place -= 1
            spread[j, place] += 1
            sums[j] += value
