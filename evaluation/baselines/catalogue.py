"""Which baselines are there? The explicit list: a new one is a function and an entry here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from evaluation.baselines import models, rules
from evaluation.baselines.base import F8, Baseline, Rows, Tick, uniform
from evaluation.scores import Scores
from schemas.errors import ConfigError

FEATURES = "on the same vehicle-relative features"


def _random(scores: Scores, rows: Rows, tick: Tick) -> F8:
    tick(len(rows))
    return uniform(scores.crossing_key, 0)[rows]


BASELINES = (
    Baseline("random", "random", "A keyed hash of the crossing: what looking at crossings at random finds.", _random),
    Baseline(
        "rules", "hand-written rules",
        f"The {len(rules.RULES)} volume and watch rules a port would write by hand; the score is how many are broken.",
        rules.run,
    ),
    Baseline(
        "hst_raw", "river HST, raw",
        "river HalfSpaceTrees on what is written on the crossing, and the time since the last.",
        models.half_space_raw,
    ),
    Baseline("hst", "river HST", f"river HalfSpaceTrees {FEATURES}.", models.half_space),
    Baseline("one_class", "river one-class SVM", f"river StandardScaler and OneClassSVM {FEATURES}.", models.one_class),
    Baseline("xstream", "PySAD xStream", f"PySAD xStream {FEATURES}.", models.xstream, 40_000, "pysad"),
    Baseline(
        "rrcf", "PySAD RRCF", f"PySAD RobustRandomCutForest, 40 trees of 256, {FEATURES}.", models.random_cut, 15_000,
        "rrcf",
    ),
)  # fmt: skip
NONE = "none"


def choose(names: Sequence[str]) -> tuple[list[Baseline], list[Baseline]]:
    """(those to run, those whose library is missing) of the `names`; all for none. ConfigError for an unknown name."""
    known = {b.name: b for b in BASELINES}
    for name in names:
        if name not in known and name != NONE:
            raise ConfigError(f"--baseline {name}: is none. Known baselines: {', '.join(known)}; or {NONE}.")
    wanted = [b for b in BASELINES if not names or b.name in names]
    there = [b for b in wanted if not b.library or find_spec(b.library)]
    return there, [b for b in wanted if b not in there]
