"""Under what circumstances did it cross? What is odd by itself explains other oddities, and is counted once.

A vehicle on its way over a port new to it is on another kind of journey: its hours and stays are not those of its
habit, innocently. A plate read with little confidence may be another vehicle's, which has no habit in common with
this one. So the answers about such crossings are ranked among such crossings (a row of the calibration each), and
only the rank counts as evidence: three in the morning over a new port is odd where others go there by day, whatever
this vehicle's own hours are. Without this, each first journey to a far town counted three or four times, and each
misread plate was the oddest crossing of its week (docs/decisions/0012-novelty.md).
"""

from __future__ import annotations

from detectors.compiled import njit
from schemas.batch import COHORTS

ORDINARY, JOURNEY, UNSURE, POOR = 0, 1, 2, 3
CONTEXTS = 3  # with calibration rows of their own
UNSURE_BELOW = 0.9  # read confidence
POOR_BELOW = 0.8
NOVEL = 0.01  # calibrated p of the port, from which it is another kind of journey


@njit(cache=True)
def context_of(confidence, new_port):  # type: ignore[no-untyped-def]
    """The context of a crossing from its read confidence and the calibrated p of `new_port` (1 where not evaluated).

    >>> context_of(0.98, 1.0), context_of(0.98, 0.002), context_of(0.85, 0.002), context_of(0.4, 1.0)
    (0, 1, 2, 3)
    """
    if confidence < POOR_BELOW:
        return POOR
    if confidence < UNSURE_BELOW:
        return UNSURE
    return JOURNEY if new_port < NOVEL else ORDINARY


@njit(cache=True)
def group_of(cohort, context, is_new_port):  # type: ignore[no-untyped-def]
    """The calibration row in which an answer is ranked; a new port itself is ranked among all: it makes the journey."""
    if context == ORDINARY or (context == JOURNEY and is_new_port):
        return cohort
    return COHORTS + context - 1
