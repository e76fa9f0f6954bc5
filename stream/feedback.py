"""What can be learnt from what people found? An order for the queue, weights for the evidence, vehicles to remember.

A disposition of event-time hour k is matched with what was said of its crossing (stream/memory.py) when hour k + 2
begins, and learnt from then: rule 2 of the architecture, so several partitions that hear the same dispositions and
exchange their matches learn the same. Matches are taken in the order of (`at`, `disposition_id`). What comes when its
hour has been published already counts for the next one that has not; a repeat of an id is dropped.

The model is river's logistic regression with L2 on the -ln p of each detector: did people find something? Examples
that were chosen with small probability weigh more (`stream/selection.py`), so that what was looked at does not become
what is looked for. It gives

* `priority`, the estimated probability that something is found, once `LEAST` crossings were looked at;
* the weight of each detector's evidence: its coefficient over the mean coefficient, in [1/2, 2], drawn to 1 by how few
  examples spoke of it: w = clip(c_j / mean)^(n_j / (n_j + PRIOR)). The weights move by `STEP` an hour at most, so
  that the calibration of the combined score, the threshold and the budget follow.

Source: river 0.26 `linear_model.LogisticRegression`; the rates were chosen by simulation, docs/decisions/0010.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import river_state
from detectors.base import DAY_MS, HOUR_MS
from detectors.judge import SAID_A_NAT
from schemas.dispositions import FOUND, NOT_EXAMINED, Given
from schemas.keys import key64
from stream.memory import Memory
from stream.selection import Looked

if TYPE_CHECKING:
    from river.linear_model import LogisticRegression

RATE, L2, INTERCEPT_RATE = 0.1, 1e-3, 0.02
INTERCEPT, COEFFICIENT = -3.5, 0.5  # before anything was found: all evidence is worth the same
SCALE = 8.0  # nats that make a feature of 1
LEAST, LEAST_FOUND = 50, 5  # crossings looked at, and found and not found among them, before there is a priority
PRIOR = 100.0  # examples
SPEAKS = 1 + int(2.303 * SAID_A_NAT)  # an answer this odd (p <= 0.1) counts as an example of its detector
GRID = 1024  # weights are whole multiples of 1 / GRID
STEP = 20  # of them an hour
SEIZED_DAYS = 180
NONE_NAMED: Mapping[str, int] = MappingProxyType({})
REMEMBERED_H = 30 * 24  # an id that comes again after that is taken as new


class Example(NamedTuple):
    """A disposition with what was said of its crossing; sorted as it stands."""

    at_ms: int
    disposition_id: str
    outcome: str
    selected_by: str
    vehicle: int
    answers: bytes


class Heard(NamedTuple):
    """What one partition knows of an hour: the dispositions, those matched here, and how much there was."""

    due: list[Given]
    examples: list[Example]
    crossings: int
    alerts: int


class Learnt(NamedTuple):
    """All of it for a checkpoint."""

    arrays: dict[str, Any]
    values: dict[str, Any]
    model: bytes


class Feedback:
    """What is learnt, and the dispositions that wait for their hour."""

    def __init__(self, operators: NDArray[np.bool_]) -> None:
        """`operators[D]`: the columns whose evidence counts for operators; the others are not learnt from."""
        self.columns = np.flatnonzero(operators)
        self.memory = Memory()
        self.pending: dict[int, dict[str, Given]] = {}
        self.known: dict[str, int] = {}  # disposition_id -> the hour it counts for
        self.published = -1
        self.counts: Counter[str] = Counter()  # received by "outcome selected_by", and unmatched, repeated, late
        self.hourly: dict[int, list[int]] = {}  # crossings and alerts of hours not published yet
        self.looked = Looked()
        self.model: LogisticRegression | None = None
        self.spoken = np.zeros(len(operators), np.int64)
        self.weights = np.full(len(operators), GRID, np.int64)
        self.aims = self.weights.copy()
        self.seized: dict[int, int] = {}  # vehicle key -> ms
        self.seized_key, self.seized_ms = np.empty(0, np.uint64), np.empty(0, np.int64)

    def hear(
        self, given: Sequence[Given], first_open: int = 0, named: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Take dispositions in; they count for the hour of their `at`, or the first that is still open.

        Where hours are closed before they are published, `first_open` is the first that is not, and `named` tells for
        which hours some were named already (stream/port_partition.py): disposition_id -> hour.
        """
        for one in given:
            before = self.known.get(one.disposition_id)
            if before is not None and before > self.published - REMEMBERED_H:
                self.counts["repeated"] += 1
                continue
            of, first = one.at_ms // HOUR_MS, max(first_open, self.published + 1)
            self.counts["late"] += of < first
            hour = named.get(one.disposition_id, max(of, first))
            self.known[one.disposition_id] = hour
            self.pending.setdefault(hour, {})[one.disposition_id] = one
            self.counts[f"{one.outcome} {one.selected_by}"] += 1

    def note(self, hour: int, crossing: Any, vehicle: Any, alerted: Any, control: Any, said: Any) -> None:
        """Remember decided crossings of an hour."""
        self.memory.note(hour, crossing, vehicle, alerted | control, said)
        tally = self.hourly.setdefault(hour, [0, 0])
        tally[0] += len(crossing)
        tally[1] += int(alerted.sum())

    def open(self) -> set[int]:
        """Hours that hold something to publish."""
        return set(self.pending) | set(self.hourly)

    def collect(self, hour: int) -> Heard:
        """Close an hour: its dispositions with what is remembered here, and how much there was."""
        due = sorted(self.pending.pop(hour, {}).values())
        return Heard(due, self.match(due, hour), *self.hourly.pop(hour, (0, 0)))

    def match(self, due: Sequence[Given], hour: int) -> list[Example]:
        """Those dispositions of an hour that concern crossings remembered here, with what was said of them."""
        said = self.memory.find([key64(one.crossing_id) for one in due], hour) if due else []
        return [
            Example(one.at_ms, one.disposition_id, one.outcome, one.selected_by, *found)
            for one, found in zip(due, said, strict=True)
            if found is not None
        ]

    def publish(self, hour: int, heard: Sequence[Heard]) -> None:
        """Learn from what all partitions heard in an hour, each the same dispositions; call with rising hours."""
        self.advance(hour)
        self.looked.add(sum(h.crossings for h in heard), sum(h.alerts for h in heard))
        examples = sorted(example for h in heard for example in h.examples)
        for one in heard[0].due if heard else ():
            self.looked.count(one)
        self.counts["unmatched"] += len(heard[0].due if heard else ()) - len(examples)
        for example in examples:
            if example.outcome == "seizure":
                self.seized[example.vehicle] = max(example.at_ms, self.seized.get(example.vehicle, 0))
            if example.outcome != NOT_EXAMINED:
                self._learn(example)
        if examples:
            self.aims = self._aims()
            self._mark((hour + 2) * HOUR_MS)

    def advance(self, hour: int) -> None:
        """Every hour up to this one is published: the weights have moved on, and what is too old is forgotten."""
        if hour <= self.published:
            return
        reach = STEP * min(hour - self.published, GRID)
        self.weights += np.clip(self.aims - self.weights, -reach, reach)
        self.published = hour
        self.memory.trim(hour)
        if hour % 24 == 0:
            self.known = {name: h for name, h in self.known.items() if h > hour - REMEMBERED_H}
        if self.seized:
            self._mark((hour + 2) * HOUR_MS)

    def factors(self) -> NDArray[np.float64]:
        """The weight of each detector's terms, [D]."""
        return self.weights / GRID

    def priority(self, answers: bytes) -> float | None:
        """The estimated probability that something is found, four decimals; None until enough was looked at."""
        found, examined = self.looked.totals()
        if self.model is None or examined < LEAST or not LEAST_FOUND <= found <= examined - LEAST_FOUND:
            return None
        likely = self.model.predict_proba_one(self._features(answers))  # type: ignore[no-untyped-call]
        return round(float(likely[True]), 4)

    def _learn(self, example: Example) -> None:
        if self.model is None:
            self.model = new_model()
        weight = self.looked.weight(example.selected_by)
        self.model.learn_one(self._features(example.answers), example.outcome in FOUND, w=weight)
        self.spoken += np.frombuffer(example.answers, np.uint8) >= SPEAKS

    def _features(self, answers: bytes) -> dict[str, float]:
        """-ln p of each detector that answered, in units of `SCALE`."""
        return {f"d{k}": (answers[k] - 1) / (SAID_A_NAT * SCALE) for k in self.columns.tolist() if answers[k]}

    def _aims(self) -> NDArray[np.int64]:
        """Where the weights move, in steps of the grid."""
        assert self.model is not None or not self.spoken.any()
        learnt = {} if self.model is None else self.model.weights
        aims = np.full(len(self.weights), GRID, np.int64)
        coefficient = np.array([learnt.get(f"d{k}", COEFFICIENT) for k in self.columns.tolist()])
        spoken = self.spoken[self.columns]
        if not len(spoken) or not spoken.sum():
            return aims
        mean = float((coefficient * spoken).sum() / spoken.sum())
        if mean <= 0:  # nothing that detectors say goes with what people find: no reason to prefer one
            return aims
        ratio = np.clip(coefficient / mean, 0.5, 2.0)
        aims[self.columns] = np.round(GRID * ratio ** (spoken / (spoken + PRIOR))).astype(np.int64)
        return aims

    def _mark(self, now_ms: int) -> None:
        """The vehicles of seizures of the last `SEIZED_DAYS`, in the order of their keys, for the detectors."""
        self.seized = {key: at for key, at in self.seized.items() if at > now_ms - SEIZED_DAYS * DAY_MS}
        keys = sorted(self.seized)
        self.seized_key = np.array(keys, np.uint64)
        self.seized_ms = np.array([self.seized[key] for key in keys], np.int64)

    def save(self) -> Learnt:
        """Everything, for a checkpoint."""
        arrays = self.memory.save() | {"spoken": self.spoken, "weights": self.weights, "aims": self.aims}
        values = {
            "pending": [[hour, *one] for hour, waiting in self.pending.items() for one in waiting.values()],
            "known": self.known, "published": self.published, "counts": self.counts, "looked": self.looked.save(),
            "hourly": sorted(self.hourly.items()), "seized": sorted(self.seized.items()),
        }  # fmt: skip
        return Learnt(arrays, values, b"" if self.model is None else river_state.dump({0: self.model}))

    def load(self, learnt: Learnt) -> None:
        """The inverse of `save`."""
        arrays, values, model = learnt
        self.spoken, self.weights, self.aims = (arrays.pop(name) for name in ("spoken", "weights", "aims"))
        self.memory.load(arrays)
        self.pending = {}
        for hour, *one in values["pending"]:
            given = Given(*one)
            self.pending.setdefault(hour, {})[given.disposition_id] = given
        self.known, self.published = dict(values["known"]), values["published"]
        self.counts = Counter(values["counts"])
        self.looked.load(values["looked"])
        self.hourly = {hour: list(tally) for hour, tally in values["hourly"]}
        self.seized = dict(values["seized"])
        self._mark(0)
        self.model = river_state.load(model, "feedback", type(new_model()))[0] if model else None


def new_model() -> LogisticRegression:
    """The model before anything was found. river is imported with the first disposition: it takes a second."""
    from river import linear_model, optim  # noqa: PLC0415 (a second, and only where somebody says something)

    return linear_model.LogisticRegression(
        optimizer=optim.SGD(RATE),
        l2=L2,
        intercept_init=INTERCEPT,
        intercept_lr=INTERCEPT_RATE,
        initializer=optim.initializers.Constant(COEFFICIENT),
    )
