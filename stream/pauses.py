"""Which answers mean nothing while a reader is down or a port is new? They are taken back: not evaluated.

A crossing that nobody read leaves a gap in its vehicle's history: in twice without an out, a stay twice as long. The
vehicle stage cannot know. Two hours later, when the gap is known (`stream/watch_flow.py`), the port stage takes back
the answers that rest on a time in which a gap lies at this port: of `same_direction_repeat` and of `turnaround` by the
time they look back on, of `flow_imbalance` for `AFTER_H` hours. At a port that has just opened, or carries far more
than ever, everybody is new: `new_port` and `port_shopping` are taken back there.

What was decided before the gap was known stands; what the vehicle stage learnt of the crossing stays learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.base import HOUR_MS
from stream.assessment import Assessment
from stream.stages import Layout

AFTER_H = 48
LOOKS_BACK = {"same_direction_repeat": "gap_s", "turnaround": "stay_s"}  # detector -> how far, in seconds
NEW_HERE = ("new_port", "port_shopping")


def pause(rows: Assessment, layout: Layout, gaps: Sequence[Sequence[int]], young: Sequence[int]) -> None:
    """Blank what does not count in `rows`; `gaps` are (port, direction, from hour, to hour or 0), `young` are ports."""
    batch = rows.batch
    if young:
        for name in NEW_HERE:
            _blank(rows, layout, name, np.isin(batch.port, young))
    for port, way, first, last in gaps:
        at = np.flatnonzero((batch.port == port) & (batch.time_ms >= first * HOUR_MS))
        if not len(at):
            continue
        end = (last + 1) * HOUR_MS if last else np.iinfo(np.int64).max
        for name, field in LOOKS_BACK.items():
            if name in layout.column:
                place = layout.slices[name].start + layout.detectors[layout.column[name]].evidence.index(field)
                since = batch.time_ms[at] - 1000.0 * np.nan_to_num(rows.evidence[at, place])
                either = name == "turnaround"
                here = (since < end) & (either | (batch.direction[at] != way))
                _blank(rows, layout, name, at[here])
        recent = batch.time_ms[at] < end + AFTER_H * HOUR_MS if last else np.ones(len(at), np.bool_)
        _blank(rows, layout, "flow_imbalance", at[recent])


def _blank(rows: Assessment, layout: Layout, name: str, index: NDArray[np.int64] | NDArray[np.bool_]) -> None:
    if name in layout.column:
        rows.p[index, layout.column[name]] = np.nan
        rows.llr[index, layout.column[name]] = np.nan
