"""Meeting one officer far beyond the odds is told from meeting those who work at one's hours."""

from __future__ import annotations

import re

import numpy as np

from detectors.base import DAY_MS, HOUR_MS
from detectors.officer_affinity import KEPT, OfficerAffinity
from schemas.batch import Array
from tests.detectors.bench import MONDAY, Answers, Bench, Traffic, crossings, explained

DAYS = 40


def on_duty(times: Array, booth: Array) -> Array:
    """A roster: three shifts of six officers each, one in each of six booths, in another booth each day."""
    shift = times % DAY_MS // (8 * HOUR_MS)
    day = times // DAY_MS
    return np.asarray(100 + 10 * shift + (booth + day) % 6)


def border(own_hour: float, officer: int | None, seed: int = 12) -> Traffic:
    """A busy port; vehicle 0 goes daily at `own_hour` to any booth, or mostly to one officer (by the last digit)."""
    rng = np.random.default_rng(seed)
    n = DAYS * 400
    times = MONDAY + rng.integers(0, DAYS * DAY_MS, n)
    own = MONDAY + np.arange(DAYS) * DAY_MS + int(own_hour * HOUR_MS)
    booth = rng.integers(0, 6, n + DAYS)
    whole = np.concatenate([times, own])
    met = on_duty(whole, booth)
    if officer is not None:
        seeks = np.flatnonzero(np.arange(n + DAYS) >= n)[rng.random(DAYS) < 0.67]
        met[seeks] = met[seeks] // 10 * 10 + officer
    vehicle = np.concatenate([1 + rng.integers(0, 200, n), np.zeros(DAYS, np.int64)])
    order = np.argsort(whole, kind="stable")
    return crossings(whole[order], vehicle[order], officer=met[order].astype(np.uint64))


def run(traffic: Traffic) -> tuple[Answers, Array]:
    """Answers, and which of them are vehicle 0's."""
    return Bench(OfficerAffinity()).run(traffic), np.flatnonzero(traffic.vehicle == 0)


def test_seeking_one_officer_is_odd() -> None:
    """Two times in three where one in six is the odds; the sentence names nobody."""
    traffic = border(15.0, 3)
    answers, own = run(traffic)
    assert np.nanmin(answers.p[own]) < 1e-2
    bench = Bench(OfficerAffinity())
    _, finding = explained(bench, traffic.take(slice(0, own[np.nanargmin(answers.p[own])] + 1)))
    assert finding.sentence.startswith("Met the same officer about ")
    assert not re.search(r"\b1[012]\d\b", finding.sentence)


def test_a_commuter_of_one_shift_is_ordinary() -> None:
    """It meets six of eighteen officers, all of them as the booth falls."""
    answers, own = run(border(15.0, None))
    assert np.nanmin(answers.p[own]) > 0.02


def test_at_the_change_of_shifts_nobody_is_sought() -> None:
    """Right after a change those of the hours before are gone; the time of day knows who comes."""
    answers, own = run(border(16.1, None))
    assert np.nanmin(answers.p[own]) > 0.01


def test_everybody_else_is_ordinary() -> None:
    """Below one in a thousand for fewer than that."""
    answers, own = run(border(15.0, 3))
    others = np.delete(answers.p, own)
    others = others[~np.isnan(others)]
    assert (others < 1e-3).mean() < 1e-3


def test_one_officer_at_night_is_met_by_everybody() -> None:
    """A small port with one booth: the odds are one."""
    times = MONDAY + np.arange(600) * HOUR_MS
    p = Bench(OfficerAffinity()).run(crossings(times, np.arange(600) % 7, officer=9)).p
    assert np.nanmin(p) > 0.05


def test_the_least_met_makes_room() -> None:
    """More officers than are kept: those met again stay."""
    officers = [1, 2, 3, 1, 2, 4, 5, 6, 7, 8, 1, 9, 2, 10]
    times = MONDAY + np.arange(len(officers)) * DAY_MS
    bench = Bench(OfficerAffinity())
    bench.run(crossings(times, 0, officer=np.array(officers, np.uint64)))
    kept = bench.rows["officer_affinity"]["slot"]["officer"][0]
    assert KEPT == len(kept)
    assert {2, 3, 11} <= set(kept.tolist())  # a name is kept one higher


def test_it_speaks_to_the_integrity_role_only() -> None:
    """Never to the operators, among whom the officer may be."""
    assert OfficerAffinity().audience == "integrity"
