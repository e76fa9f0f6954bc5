"""What is a detector? One question about a crossing, answered by a p-value and a few numbers for a sentence.

A detector sees columns, the fixed-size state row of each key, and what its peers learnt together; it sees no
storage, clock, logger or metric. `assess` walks the batch in order in compiled code and **scores before it
learns**; `explain` is plain Python and runs only for the few crossings that alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.batch import Array

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True)
class SharedSpec:
    """A table of counts that many keys fill together and read a period later.

    `rows(number of ports)` rows of `width` integers. Row numbers must not change as ports are added.
    Sums are integers (fixed-point where the quantity is not a count), so that they merge in any order.
    """

    width: int
    rows: Callable[[int], int]
    half_life_days: float | None = None  # None: the half-life of the settings
    counts_periods: bool = False  # the last column is filled at publication: periods in which the row was touched


class SharedView(NamedTuple):
    """One shared table as a detector sees it in one period."""

    prior: NDArray[np.float64]  # [rows, width] what was published: decayed sums of periods up to k-2
    tally: NDArray[np.int64]  # [rows, width] what this period collects
    touched: NDArray[np.uint8]  # [rows] set to 1 where `tally` was added to


Shared = tuple[SharedView, ...]  # the tables of `Detector.shared`, in that order


class Columns(NamedTuple):
    """What the stage knows of each crossing beside the batch: filled before the detectors run."""

    seen: NDArray[np.uint32]  # earlier crossings of this key
    fresh: NDArray[np.uint8]  # 1 where the key may add to shared sums (once a period: bounded influence)
    age_ms: NDArray[np.int64]  # since the key was first seen

    def take(self, index: Array | slice) -> Columns:
        """The crossings at `index`."""
        return Columns(self.seen[index], self.fresh[index], self.age_ms[index])


class Out(NamedTuple):
    """Where a detector writes, one row a crossing; NaN = not evaluated."""

    p: NDArray[np.float64]  # [n]
    llr: NDArray[np.float64]  # [n] log(p_peers / p_own) in nats; NaN where only a p-value exists
    evidence: NDArray[np.float32]  # [n, len(evidence)]


class Finding(NamedTuple):
    """What `explain` says of one crossing; see `schemas.models.Reason` for the meaning of the fields."""

    typology: str
    observed: float | None
    unit: str | None
    usual: tuple[float, float] | None
    seen: int | None
    sentence: str
    without: str | None  # where its evidence would vanish: "above 3 h", "at port 2504"


class Context(NamedTuple):
    """What a sentence may name beside the evidence numbers."""

    port: str
    port_name: Callable[[int], str]
    direction: str


class Detector(Protocol):
    """The protocol; see `detectors/odd_hour.py` for a complete example."""

    @property
    def name(self) -> str:
        """Unique among the detectors; a word for files and metrics."""

    @property
    def version(self) -> int:
        """Counts up when the same input would get another answer."""

    @property
    def key(self) -> str:
        """ "vehicle" or "port": the key of the stage it runs in."""

    @property
    def typologies(self) -> tuple[str, ...]:
        """The codes that `explain` may give."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names in `schemas.batch.DETECTOR_COLUMNS`; in the port stage also "features"."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Optional columns of `reads`: a crossing that carries none of them is neither answered nor learnt from.

        The bank leaves the detector out where no crossing of a batch carries any; empty for a detector that needs none.
        """

    @property
    def audience(self) -> str:
        """ "operator", or "integrity": answers that are kept out of the score, the queue and the reasons."""

    @property
    def alone(self) -> bool:
        """Whether this answer by itself, however odd, may make an alert."""

    @property
    def echo(self) -> bool:
        """Whether it looks at facts that other detectors ask about too: no second typology, and counted once."""

    @property
    def row(self) -> np.dtype[Any]:
        """The state of one key; all zeros is a key never seen."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """What the columns of `Out.evidence` are."""

    @property
    def shared(self) -> tuple[SharedSpec, ...]:
        """The tables that its keys fill together."""

    @property
    def source(self) -> str:
        """Where the formula comes from."""

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score each crossing of the batch in order, then learn from it."""
        ...

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The sentence and its numbers, for one crossing that was evaluated."""
        ...


class Defaults:
    """What most detectors declare alike; a detector inherits it and says only what is different."""

    version: int = 1
    key: str = "vehicle"
    needs: tuple[str, ...] = ()
    audience: str = "operator"
    alone: bool = True
    echo: bool = False
    shared: tuple[SharedSpec, ...] = ()


@dataclass(frozen=True)
class Parameters:
    """What the settings say to every detector."""

    half_life_days: float = 60.0
    port_latitude: Array = field(default_factory=lambda: np.empty(0))
    port_longitude: Array = field(default_factory=lambda: np.empty(0))
    shift_changes: tuple[int, ...] = ()  # minutes after local midnight; empty: not known
