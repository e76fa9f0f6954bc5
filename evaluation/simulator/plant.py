"""Which crossings are planted oddities? Episodes of labelled kinds, from subtle to plain, put into ordinary lives.

An episode changes, adds or removes crossings of one vehicle, or of a few, and labels what is odd. A crossing is
labelled when it is odd given what came before it: of a convoy those from the third joint day on, of a ramp those after
the second trip. What leads there and is ordinary in itself is not. A vehicle plays in one episode at most. Nothing here
knows a detector's threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.simulator.ground import Ground, Mark

__all__ = ["LABELS", "STRENGTHS", "Episode", "Ground", "Mark", "Story", "called", "plant"]

# Typologies of the detection note that are said of vehicles. Those of ports (displacement, reader_fault, flow_anomaly)
# are notices: no crossing is labelled with them.
LABELS = (
    "quick_turnaround", "long_stay", "odd_hour", "night_choke_point", "new_port", "port_shopping", "new_vehicle_ramp",
    "fresh_registration", "dormant_reactivated", "frequency_burst", "broken_routine", "convoy", "recurrent_group",
    "spotter", "lane_switch", "officer_affinity", "shift_change", "impossible_journey", "same_direction_repeat",
    "flow_imbalance", "vehicle_mismatch", "driver_churn", "outbound_run", "trusted_lane", "weight_delta",
    "empty_mismatch", "trailer_novelty", "party_novelty", "party_burst", "rental_short_hold", "linked_to_seizure",
    "peer_outlier", "read_evasion",
)  # fmt: skip

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)  # subtle to plain
ROUNDS = 3  # every kind gets as many episodes before any gets more
ATTEMPTS = 300  # vehicles tried for an episode before its kind is given up


@dataclass(frozen=True, slots=True)
class Episode:
    """One planted story; `strength` runs from 0 (subtle) to 1 (plain)."""

    number: int
    label: str
    strength: float
    vehicle: int


@dataclass(frozen=True, slots=True)
class Story:
    """How a kind is planted: who may play it, how much history, ports and days it needs, how many labels it makes.

    `tell` returns False, having changed nothing, when the vehicle's life has no room for the story.
    """

    label: str  # a typology, or "organisation": then every crossing has the label that fits it best
    tell: Callable[[Ground, int, float, Mark], bool]
    kinds: tuple[int, ...]
    typical: int
    crossings: int
    ports: int = 1
    days: int = 7


def called(label: str, mark: Mark) -> Mark:
    """The mark of the same episode under another label: a story of many typologies says which one fits best."""
    return LABELS.index(label), mark[1]


class _Kind:
    """One kind while it is planted: the vehicles that may play it, its strengths in turn, its labels so far."""

    def __init__(self, story: Story, ground: Ground) -> None:
        self.story, self.labels, self.told = story, 0, 0
        self.label = LABELS.index(story.label) if story.label in LABELS else -1
        eligible = np.isin(ground.people.kind, story.kinds) & (np.diff(ground.first) >= story.crossings)
        self.candidates = iter(ground.rng.permutation(np.flatnonzero(eligible)).tolist())
        self.strengths = ground.rng.permutation(STRENGTHS).tolist()

    def tell(self, ground: Ground, number: int) -> Episode | None:
        """One more episode, with the next vehicle that has room for it."""
        strength = self.strengths[self.told % len(self.strengths)]
        before, attempts = ground.labelled, 0
        for vehicle in self.candidates:
            if ground.used[vehicle]:
                continue
            if self.story.tell(ground, vehicle, strength, (self.label, number)):
                ground.used[vehicle] = True
                self.told += 1
                self.labels += ground.labelled - before
                return Episode(number, self.story.label, strength, vehicle)
            attempts += 1
            if attempts >= ATTEMPTS:
                break
        return None

    def turn(self) -> tuple[int, int]:
        """The kind with the smallest is next: every kind `ROUNDS` times, then the one with the fewest labels."""
        return (self.told, 0) if self.told < ROUNDS else (ROUNDS, self.labels)


def plant(ground: Ground, rate: float, stories: tuple[Story, ...]) -> list[Episode]:
    """Plants episodes until about `rate` of all crossings are labelled; returns them in the order of their numbers.

    Every kind gets an episode, in an order drawn, then every kind a second and a third; from then on the kind with the
    fewest labels is next. So short stories come more often than long ones, and no kind is left out for its length.
    """
    total = rate * len(ground.rows.vehicle)
    kinds = [
        _Kind(story, ground)
        for story in stories
        if len(ground.places.codes) >= story.ports and ground.days >= story.days
    ]
    waiting = [kinds[i] for i in ground.rng.permutation(len(kinds))] if total >= 1 else []
    episodes: list[Episode] = []
    while waiting:
        kind = min(waiting, key=_Kind.turn)
        room = ground.labelled + kind.story.typical / 2 <= total
        episode = kind.tell(ground, len(episodes)) if room else None
        if episode is None:
            waiting.remove(kind)
        else:
            episodes.append(episode)
    return episodes
