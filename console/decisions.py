"""Are alerts read before they are decided? How each person decides, how long they look, how often they are confirmed.

Time on an alert runs from its first opening to the decision. A decision that was taken back counts as taken back, and
for nothing else. What a quick hand looks like is a rule of three parts (`warning`), and no verdict: a queue of false
alarms is rightly cleared quickly.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from console.tables import dispositions, users

PERIODS = (30, 7, 90, 365)  # days
QUICK_S = 5.0
LEAST = 20  # decisions that a warning rests on
ALIKE = 0.9  # share of the most frequent outcome
CONFIRMS = ("seizure", "other_violation", "possible_victim")
NOBODY_LOOKED = "not_examined"
EDGES = (2.0, 5.0, 10.0, 30.0, 60.0, 120.0)  # s
BINS = ("under 2 s", "2 to 5 s", "5 to 10 s", "10 to 30 s", "30 to 60 s", "1 to 2 min", "over 2 min")
EVERYBODY = "everybody"


class Made(NamedTuple):
    """A decision, as far as it matters here."""

    by: str
    outcome: str
    seconds: float  # on the alert
    undone: bool


class Meter(NamedTuple):
    """What one person's decisions look like; those that stand, where nothing else is said."""

    name: str
    decided: int
    quartiles: tuple[float, float, float] | None  # s on the alert; None: nothing was decided
    quick: float  # share decided in under `QUICK_S`
    confirmed: float | None  # share of what was examined that was confirmed; None: nothing was
    undone: float  # share of all that was taken back
    outcomes: list[tuple[str, int]]  # most frequent first
    bins: list[int]  # of `BINS`

    @property
    def warning(self) -> str:
        """Words where nearly everything is decided alike in a few seconds; else nothing."""
        if self.decided < LEAST or self.quartiles is None or self.quartiles[1] >= QUICK_S:
            return ""
        outcome, count = self.outcomes[0]
        if count < ALIKE * self.decided:
            return ""
        share = f"{100 * count / self.decided:.0f} % {outcome.replace('_', ' ')}"
        return f"{share}, half of them in {self.quartiles[1]:.1f} s or less: are these alerts read?"


def meters(connection: Connection, since_ms: int) -> list[Meter]:
    """Of everybody together, then of each by name, from a moment on."""
    name = func.coalesce(users.c.name, dispositions.c.by)
    seconds = dispositions.c.at_ms - dispositions.c.seen_ms
    wanted = (
        select(name, dispositions.c.outcome, seconds, dispositions.c.undone_ms.is_not(None))
        .select_from(dispositions.outerjoin(users, users.c.pseudonym == dispositions.c.by))
        .where(dispositions.c.selected_by == "alert", dispositions.c.at_ms >= since_ms)
    )
    found: dict[str, list[Made]] = defaultdict(list)
    for by, outcome, ms, undone in connection.execute(wanted):
        found[by].append(Made(by, outcome, ms / 1_000, bool(undone)))
    everything = [made for some in found.values() for made in some]
    return [meter(EVERYBODY, everything), *(meter(by, found[by]) for by in sorted(found))]


def meter(name: str, some: Sequence[Made]) -> Meter:
    """Count one person's decisions."""
    stand = [made for made in some if not made.undone]
    seconds = [made.seconds for made in stand]
    examined = [made for made in stand if made.outcome != NOBODY_LOOKED]
    confirmed = sum(made.outcome in CONFIRMS for made in examined)
    bins = Counter(bisect_right(EDGES, s) for s in seconds)
    return Meter(
        name, len(stand), _quartiles(seconds),
        quick=sum(s < QUICK_S for s in seconds) / len(stand) if stand else 0.0,
        confirmed=confirmed / len(examined) if examined else None,
        undone=1 - len(stand) / len(some) if some else 0.0,
        outcomes=Counter(made.outcome for made in stand).most_common(),
        bins=[bins[k] for k in range(len(BINS))],
    )  # fmt: skip


def _quartiles(seconds: Sequence[float]) -> tuple[float, float, float] | None:
    if len(seconds) < 2:  # quantiles takes two or more
        return (seconds[0], seconds[0], seconds[0]) if seconds else None
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return low, middle, high
