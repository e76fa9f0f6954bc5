"""What do the figures say of what people found? Precision by choice, and the lift over the control sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

from ops.metrics import Spread, Values
from schemas.dispositions import SELECTED_BY
from schemas.models import OUTCOMES
from stream.selection import lift

if TYPE_CHECKING:
    from stream.selection import Looked

IGNORED = ("rejected", "repeated", "late", "unmatched")


def dispositions(counts: Mapping[str, int]) -> Values:
    """Of counts as `stream.feedback.Feedback.counts` has them, "outcome selected_by" among others."""
    kinds = product(OUTCOMES, SELECTED_BY)
    return {
        "dispositions_total": {kind: counts.get(" ".join(kind), 0) for kind in kinds},
        "dispositions_ignored_total": {(reason,): counts.get(reason, 0) for reason in IGNORED},
    }


def quality(looked: Looked) -> Values:
    """Shares of finds; nothing where nobody looked."""
    known = [choice for choice, n in looked.looked.items() if n]
    values: dict[str, dict[tuple[str, ...], float | Spread]] = {
        "precision_ratio": {(choice,): looked.found[choice] / looked.looked[choice] for choice in known}
    }
    found = lift(*((looked.found[choice], looked.looked[choice]) for choice in ("alert", "random")))
    if not math.isnan(found.ratio):
        values |= {
            "lift_ratio": {(): found.ratio},
            "lift_low_ratio": {(): found.low},
            "lift_high_ratio": {(): found.high},
        }
    return values
