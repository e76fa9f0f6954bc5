"""What did the pipeline say of every crossing of a log? Columns in the order in which they were decided.

`ScoreSink` is handed to the ordinary runner like an alert file, so that what is measured is the real pipeline, scored
before it learns. Memory is some 60 bytes a crossing and 4 more for each detector and feature; text, evidence and terms
are kept only of crossings that the report may show: labelled, alerted, or with a p-value below `KEEP_P`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.features import features
from schemas.batch import OPTIONAL_FIELDS, Array, absent, carried
from schemas.errors import ConfigError
from schemas.keys import keys64
from stream.reorder import Ordered, Reorder

if TYPE_CHECKING:
    from schemas.models import Notice
    from stream.assessment import Assessed
    from stream.pipeline import Decided, Pipeline
    from stream.stages import Layout

KEEP_P = 0.01
PLAIN = (
    "crossing_key", "vehicle_key", "time_ms", "local_ms", "port", "direction", "lane_type", "vehicle_class",
    "lane_key", "read_confidence",
)  # fmt: skip


class Shown(NamedTuple):
    """What is kept of a crossing that the report may show."""

    crossing_id: str
    vehicle: str
    lane: str
    terms: NDArray[np.float64]  # [D] nats
    evidence: NDArray[np.float32]  # [E]


@dataclass(frozen=True, eq=False)
class Scores:
    """One row a crossing. `score` is -log10 of the combined p; `p` the detectors' calibrated p, NaN = not evaluated."""

    layout: Layout
    columns: dict[str, Array]  # PLAIN, and the optional fields that some crossing carries
    score: NDArray[np.float64]
    alerted: NDArray[np.bool_]
    late: NDArray[np.bool_]
    p: NDArray[np.float32]  # [n, D]
    features: NDArray[np.float32]  # [n, F] what the port stage's models look at, in [0, 1]
    feature_names: list[str]
    shown: dict[int, Shown]  # row -> what is kept of it
    notices: list[Notice]

    def __len__(self) -> int:
        return len(self.score)

    def rows_of(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each crossing id, -1 where it is not in the log."""
        if not len(ids) or not len(self):
            return np.full(len(ids), -1, np.int64)
        order = np.argsort(self.crossing_key, kind="stable")
        keys = keys64(ids)
        at = order[np.minimum(np.searchsorted(self.crossing_key, keys, sorter=order), len(self) - 1)]
        found: NDArray[np.int64] = np.where(self.crossing_key[at] == keys, at, -1)
        return found

    def __getattr__(self, name: str) -> Array:
        try:
            return self.columns[name]
        except KeyError:
            raise AttributeError(name) from None


class Tap(Reorder):
    """The pipeline's order, which also notes the features of what passes: they are not part of an assessment."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline.config.lateness_ms)
        self._from = pipeline.at_ports.features_from
        self.names = [pipeline.layout.names[k] for k in self._from.tolist()]
        self.features: list[NDArray[np.float32]] = []

    def release(self, watermark: int | None = None) -> Ordered | None:
        """As the pipeline's."""
        ordered = super().release(watermark)
        if ordered is not None:
            self.features.append(features(ordered.rows.p, ordered.rows.llr, self._from).astype(np.float32))
        return ordered


class ScoreSink:
    """Collects the columns. Delivery: in memory, so a run from the start only."""

    name = "scores"

    def __init__(self, pipeline: Pipeline, named: Collection[str]) -> None:
        """`named` crossings may be shown whatever their score."""
        self._tap = Tap(pipeline)
        pipeline.reorder = self._tap
        self._layout = pipeline.layout
        self._named = np.sort(keys64(sorted(named))) if named else np.empty(0, np.uint64)
        self._parts: dict[str, list[Any]] = {}
        self._rows = 0
        self._shown: dict[int, Shown] = {}
        self._notices: list[Notice] = []

    def write(self, decided: Decided) -> None:
        """Add the rows of what was decided."""
        self._notices.extend(decided.notices)
        for assessed in decided.assessed:
            self._take(assessed)

    def _take(self, assessed: Assessed) -> None:
        batch = assessed.batch
        self._keep(assessed)
        self._add("score", assessed.score)
        self._add("alerted", assessed.alerted)
        self._add("late", assessed.late)
        self._add("p", np.maximum(assessed.p, 1e-37).astype(np.float32))
        for name in PLAIN:
            self._add(name, getattr(batch, name))
        for name in OPTIONAL_FIELDS:
            column = getattr(batch, name)
            if carried(name, column):
                parts = self._parts.setdefault(name, [])
                missing = self._rows - sum(map(len, parts))
                parts += [absent(name, missing), column.copy()] if missing else [column.copy()]
        self._rows += len(batch)

    def _add(self, name: str, column: Array) -> None:
        self._parts.setdefault(name, []).append(column)

    def _keep(self, assessed: Assessed) -> None:
        batch = assessed.batch
        at = np.searchsorted(self._named, batch.crossing_key)
        named = np.zeros(len(batch), bool)
        if len(self._named):
            named = self._named[np.minimum(at, len(self._named) - 1)] == batch.crossing_key
        for i in np.flatnonzero(named | assessed.alerted | (assessed.p_value < KEEP_P)).tolist():
            self._shown[self._rows + i] = Shown(
                batch.crossing_id[i], batch.vehicle[i], batch.lane[i], assessed.terms[i].copy(),
                assessed.evidence[i].copy(),
            )  # fmt: skip

    def position(self) -> int:
        """Nothing is safe before the end."""
        return 0

    def truncate(self, position: int) -> None:
        """Nothing was written before."""

    def finish(self) -> None:
        """Everything stays in memory."""

    def close(self) -> None:
        """Nothing is open."""

    def scores(self) -> Scores:
        """The columns, joined; to be asked once, at the end."""
        joined = {name: self._join(name) for name in list(self._parts)}
        if not joined:
            raise ConfigError("no crossing of the log was accepted; the dead-letter file says why.")
        table = np.concatenate(self._tap.features)
        assert len(table) == self._rows, "features and decisions came apart"
        score, alerted, late, p = (joined.pop(name) for name in ("score", "alerted", "late", "p"))
        return Scores(
            self._layout, joined, score, alerted, late, p, table, self._tap.names, self._shown, self._notices
        )  # fmt: skip

    def _join(self, name: str) -> Array:
        parts = self._parts.pop(name)
        missing = self._rows - sum(map(len, parts))
        column: Array = np.concatenate([*parts, absent(name, missing)] if missing else parts)
        return column
