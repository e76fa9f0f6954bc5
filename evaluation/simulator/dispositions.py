"""What do people find when they look? Dispositions: a random control sample, officers' own choices, and of alerts.

The truth is the label; people err. They overlook a part of what is there (more of the subtle), clear a few things with
a remark, find other violations where nothing was planted, and leave some alerts for want of time. Officers choose
better than chance, and by habit: at night and among trucks more than elsewhere, so what they looked at is no fair
sample. The control sample is one: the crossings whose keyed hash is below the share. Rates are drawn once a seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from evaluation.simulator.ground import Decided
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.traffic import Traffic
from evaluation.simulator.trips import MINUTE_MS
from schemas.keys import key64, keys64
from schemas.models import Disposition, moment_of

SHARE = 0.001  # of crossings in the control sample

RANGES: dict[str, tuple[float, float]] = {
    "chosen": (0.0008, 0.003),  # share of ordinary crossings that officers choose
    "nose": (15.0, 45.0),  # how many times more often a planted one is chosen
    "at_night": (1.3, 2.5),  # factor on the choice, truth aside
    "of_trucks": (1.2, 2.5),
    "found": (0.5, 0.8),  # of what is there, when it is subtle
    "found_plain": (0.05, 0.18),  # added when it is plain
    "seizure": (0.5, 0.8),  # of what is found; the rest are other violations
    "by_chance": (0.001, 0.006),  # other violations where nothing was planted
    "remark": (0.05, 0.2),  # nothing found, and referred all the same
    "no_time": (0.03, 0.15),  # alerts that nobody follows
    "minutes": (12.0, 45.0),  # median time to the decision
}


class Alerted(Protocol):
    """What is read of an alert; `schemas.models.Alert` has it."""

    @property
    def alert_id(self) -> str: ...  # noqa: D102
    @property
    def crossing_id(self) -> str: ...  # noqa: D102
    @property
    def occurred_at(self) -> datetime: ...  # noqa: D102
    @property
    def port(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Operators:
    """The people of one seed: how well they see, and when they have decided."""

    seed: int
    rate: dict[str, float]

    @classmethod
    def of(cls, seed: int) -> Operators:
        """The same people for the same seed, whatever they look at."""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, key64("operators")])))
        return cls(seed, {name: float(rng.uniform(low, high)) for name, (low, high) in RANGES.items()})

    def luck(self, purpose: str, crossing_id: str) -> float:
        """A number in [0, 1) of this crossing: what one decides does not depend on what else is decided."""
        return key64(f"{self.seed}/{purpose}/{crossing_id}") / 2.0**64

    def outcome(self, crossing_id: str, label: str | None, strength: float) -> str:
        """What is found; `label` is the typology planted, None for nothing."""
        rate, luck = self.rate, self.luck("found", crossing_id)
        if label is not None and luck < rate["found"] + rate["found_plain"] * strength:
            if label == "broken_routine":
                return "possible_victim"
            taken = label != "officer_affinity" and self.luck("what", crossing_id) < rate["seizure"]
            return "seizure" if taken else "other_violation"
        if label is None and luck < rate["by_chance"]:
            return "other_violation"
        return "referred_nothing" if self.luck("remark", crossing_id) < rate["remark"] else "cleared"

    def decided_ms(self, crossing_id: str, time_ms: int) -> int:
        """Two minutes to ten hours after the crossing, about log-normal."""
        uniform = np.clip(self.luck("when", crossing_id), 0.001, 0.999)
        minutes = self.rate["minutes"] * (uniform / (1 - uniform)) ** 0.55  # log-logistic
        return time_ms + int(np.clip(minutes, 2, 600) * MINUTE_MS)

    def disposition(self, crossing_id: str, port: str, time_ms: int, selected_by: str, outcome: str) -> Disposition:
        """One decision, by somebody of the port's shift."""
        shift = (time_ms // (8 * HOUR_MS)) % 9
        return Disposition.model_validate(
            {
                "disposition_id": f"{key64(f'{self.seed}/{selected_by}/{crossing_id}'):016x}",
                "crossing_id": crossing_id,
                "outcome": outcome,
                "selected_by": selected_by,
                "by": f"u{key64(f'{self.seed}/{port}/{shift}'):016x}",
                "at": moment_of(self.decided_ms(crossing_id, time_ms)),
            }
        )


def decide(traffic: Traffic, decided: Iterable[Decided] = ()) -> list[Disposition]:
    """The control sample and the officers' choices of a log, in the order of their times.

    `decided`: what stories rest on; it is said of the crossing of that vehicle at that time, if that was read at all.
    """
    people = Operators.of(traffic.seed)
    strength = {episode.number: episode.strength for episode in traffic.episodes}
    truth = {int(c.rsplit("-", 1)[1]): (label, strength[number]) for c, label, number in traffic.labels}
    fixed = _fixed(traffic, decided)
    sample = set(_control(traffic).tolist())
    own = set(_chosen(traffic, people, truth).tolist()) | set(fixed)
    found = []
    for row in sorted(sample | own):
        crossing, by = traffic.crossing_id(row), "random" if row in sample else "officer"
        outcome = fixed.get(row) or people.outcome(crossing, *truth.get(row, (None, 0.0)))
        port = traffic.places.codes[int(traffic.port[row])]
        found.append(people.disposition(crossing, port, int(traffic.time_ms[row]), by, outcome))
    return sorted(found, key=lambda d: (d.at, d.disposition_id))


def dispositions_for(
    alerts: Iterable[Alerted], labels: Mapping[str, str], seed: int, strengths: Mapping[str, float] | None = None
) -> list[Disposition]:
    """What the operators of a seed would decide about alerts, in the order of their times.

    `labels`: crossing id to what was planted there; `strengths`: crossing id to its strength, 0.5 where not given.
    """
    people = Operators.of(seed)
    found = []
    for alert in alerts:
        crossing = alert.crossing_id
        time_ms = int((alert.occurred_at - moment_of(0)) / timedelta(milliseconds=1))
        if people.luck("time", crossing) < people.rate["no_time"]:
            outcome = "not_examined"
        else:
            outcome = people.outcome(crossing, labels.get(crossing), (strengths or {}).get(crossing, 0.5))
        one = people.disposition(crossing, alert.port, time_ms, "alert", outcome)
        found.append(one.model_copy(update={"alert_id": alert.alert_id}))
    return sorted(found, key=lambda d: (d.at, d.disposition_id))


def _control(traffic: Traffic) -> Array:
    """Rows whose keyed hash is below the share."""
    keys = keys64([f"{traffic.seed}/control/{traffic.crossing_id(row)}" for row in range(len(traffic))])
    return np.flatnonzero(keys < np.uint64(int(SHARE * 2**64)))


def _chosen(traffic: Traffic, people: Operators, truth: Mapping[int, tuple[str, float]]) -> Array:
    """Rows that officers choose: more at night, more trucks, more of what is planted, most of all the plain."""
    rate = people.rate
    local = traffic.places.to_local(traffic.time_ms, traffic.port) % DAY_MS // HOUR_MS
    chance = np.full(len(traffic), rate["chosen"])
    chance *= np.where((local < 5) | (local > 21), rate["at_night"], 1.0)
    chance *= np.where(np.isin(traffic.vehicle_class, (3, 4)), rate["of_trucks"], 1.0)
    for row, (_, strength) in truth.items():
        chance[row] = min(0.5, chance[row] * rate["nose"] * (0.3 + 1.4 * strength))
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([traffic.seed, key64("choices")])))
    return np.flatnonzero(rng.random(len(traffic)) < chance)


def _fixed(traffic: Traffic, decided: Iterable[Decided]) -> dict[int, str]:
    """Row to outcome of the decisions that stories rest on."""
    found = {}
    for vehicle, time_ms, outcome in decided:
        low, high = np.searchsorted(traffic.time_ms, (time_ms - MINUTE_MS, time_ms + MINUTE_MS)).tolist()
        rows = low + np.flatnonzero(traffic.vehicle[low:high] == vehicle)
        if len(rows):
            found[int(rows[0])] = outcome
    return found
