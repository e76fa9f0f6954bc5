"""Which crossings went most wrong, and why? The worst misses and the worst false alarms, as stories people can judge.

A miss is worst where the story was plainest; of equals, the one whose best crossing looked most ordinary. A false
alarm is worst where the system was surest. At most two of a kind, so that one fault does not fill the page.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import numpy as np

from detectors.base import Context
from evaluation.bench import RATES, Bench, Mask
from evaluation.report.history import History, Rows, history, probability
from evaluation.results import Results
from evaluation.scores import Shown
from schemas.batch import DIRECTIONS
from schemas.ports import Ports

MOST, OF_A_KIND = 8, 2
LEAST_TERM = 0.1  # nats

T = TypeVar("T")


class Answer(NamedTuple):
    """What one detector said of the crossing."""

    detector: str
    p: str
    nats: str
    sentence: str


class Story(NamedTuple):
    """One miss or one false alarm."""

    title: str
    lead: str
    life: History
    answers: list[Answer]
    silent: list[str]  # detectors without an answer
    alerted: bool


class Teller:
    """Tells stories of one evaluation."""

    def __init__(self, bench: Bench, ports: Ports, found: Results) -> None:
        self.bench, self.scores, self.ports = bench, bench.scores, ports
        self.port_name = [ports.name_of(code) for code in range(len(ports))]
        self.rate = next(iter(RATES))
        threshold = next(iter(found.rankings.values())).at[self.rate].threshold
        self.threshold = math.inf if threshold is None else threshold
        self.looked_at: Mask = bench.scored & (self.scores.score >= self.threshold)

    def misses(self) -> list[Story]:
        """Episodes that neither an alert nor the first alert rate found."""
        bench, score = self.bench, self.scores.score
        rows_of: dict[str, list[int]] = {}
        label_of: dict[str, str] = {}
        planted = bench.planted
        for row, label, episode in zip(planted.row.tolist(), planted.label, planted.episode, strict=True):
            rows_of.setdefault(episode, []).append(row)
            label_of[episode] = label
        caught = self.looked_at | self.scores.alerted
        missed = [
            (-bench.truth.strength.get(episode, 0.5), float(score[rows].max()), episode)
            for episode, rows in rows_of.items()
            if bench.scored[rows[0]] and not caught[rows].any() and label_of[episode] not in bench.apart
        ]
        chosen = _few((label_of[episode], episode) for _, _, episode in sorted(missed))
        return [self._miss(rows_of[episode], label_of[episode], episode) for episode in chosen]

    def _miss(self, rows: list[int], label: str, episode: str) -> Story:
        scores = self.scores
        best = max(rows, key=lambda row: (scores.score[row], -row))
        vehicles = np.unique(scores.vehicle_key[rows])
        mine = np.array([row for row in rows if scores.vehicle_key[row] == scores.vehicle_key[best]])
        strength = self.bench.truth.strength.get(episode)
        shown = scores.shown[best]
        whose = f"{len(vehicles)} vehicles, one of them" if len(vehicles) > 1 else "vehicle"
        lead = (
            f"{len(rows)} planted crossing{'s' if len(rows) > 1 else ''}, {whose} {_short(shown.vehicle)}. "
            f"{'The oddest' if len(rows) > 1 else 'It'} got p = {probability(10 ** -float(scores.score[best]))}; "
            f"to be among the {self.rate} looked at it needed {probability(10**-self.threshold)} or less."
        )
        plain = "" if strength is None else f", strength {strength:g} of 1"
        return self._story(f"Missed: {label}{plain}", lead, mine, best, also=self.bench.claimed_by(label))

    def false_alarms(self) -> list[Story]:
        """Ordinary crossings that alerted, then those at the first alert rate, the surest first; one a vehicle."""
        scores, bench = self.scores, self.bench
        wrong = np.flatnonzero(bench.ordinary & (scores.alerted | self.looked_at))
        wrong = np.array([row for row in wrong.tolist() if row in scores.shown], np.int64)
        order = np.lexsort((wrong, -scores.score[wrong], ~scores.alerted[wrong]))
        innocent = dict(zip(bench.benign.row.tolist(), bench.benign.label.tolist(), strict=True))
        seen: set[int] = set()
        kinds: list[tuple[str, int]] = []
        for row in wrong[order].tolist():
            vehicle = int(scores.vehicle_key[row])
            if vehicle not in seen:
                seen.add(vehicle)
                terms = np.nan_to_num(scores.shown[row].terms, nan=-np.inf)
                kinds.append((scores.layout.names[int(terms.argmax())], row))
        return [self._false_alarm(row, innocent.get(row, "")) for row in _few(kinds)]

    def _false_alarm(self, row: int, kind: str) -> Story:
        scores = self.scores
        what = f"a hard negative, `{kind}`" if kind else "nothing was planted here"
        alerted = "An operator was alerted" if scores.alerted[row] else f"Among the {self.rate} oddest, not alerted"
        beside = self._plays(row)
        lead = (
            f"Vehicle {_short(scores.shown[row].vehicle)}: p = {probability(10 ** -float(scores.score[row]))}; {what}. "
            f"{alerted}.{beside}"
        )
        terms = np.nan_to_num(scores.shown[row].terms, nan=-np.inf)
        name = scores.layout.detectors[int(terms.argmax())].name
        return self._story(f"False alarm: {kind or name}", lead, np.array([row]), row)

    def _plays(self, row: int) -> str:
        """Whether the vehicle has a planted story elsewhere: its aftermath is odd, but not labelled."""
        planted = self.bench.planted
        same = self.scores.vehicle_key[planted.row] == self.scores.vehicle_key[row]
        labels = sorted(set(planted.label[same].tolist()))
        return f" The same vehicle has planted crossings elsewhere ({', '.join(labels)})." if labels else ""

    def _story(self, title: str, lead: str, events: Rows, row: int, also: Iterable[str] = ()) -> Story:
        scores = self.scores
        answers, silent = self._answers(row, scores.shown[row], set(also))
        life = history(scores, events, self.port_name)
        return Story(title, lead, life, answers, silent, bool(scores.alerted[row]))

    def _answers(self, row: int, shown: Shown, also: set[str]) -> tuple[list[Answer], list[str]]:
        """What added to the score, and what the detectors named in `also` said; then who was silent."""
        scores = self.scores
        context = Context(self.port_name[scores.port[row]], self.ports.name_of, DIRECTIONS[scores.direction[row]])
        asked = [k for k, d in enumerate(scores.layout.detectors) if d.audience == "operator"]
        answered = [k for k in asked if not math.isnan(scores.p[row, k])]
        terms = np.nan_to_num(shown.terms, nan=-np.inf)
        order = sorted(answered, key=lambda k: (-terms[k], k))
        kept = [k for k in order if terms[k] > LEAST_TERM or scores.layout.detectors[k].name in also] or order[:3]
        answers = []
        for k in kept:
            detector = scores.layout.detectors[k]
            numbers = shown.evidence[scores.layout.slices[detector.name]].tolist()
            finding = detector.explain(dict(zip(detector.evidence, numbers, strict=True)), context)
            nats = "none" if math.isinf(terms[k]) else f"{terms[k]:+.1f}"
            answers.append(Answer(detector.name, probability(float(scores.p[row, k])), nats, finding.sentence))
        return answers, [scores.layout.detectors[k].name for k in asked if k not in answered]


def _few(kinds: Iterable[tuple[str, T]]) -> list[T]:
    """The first MOST, no more than OF_A_KIND of one kind."""
    count: Counter[str] = Counter()
    found: list[T] = []
    for kind, what in kinds:
        if count[kind] < OF_A_KIND and len(found) < MOST:
            count[kind] += 1
            found.append(what)
    return found


def _short(vehicle: str) -> str:
    return vehicle if len(vehicle) <= 10 else f"{vehicle[:8]}"
