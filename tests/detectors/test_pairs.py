"""The parts that find pairs: what is counted, what chance and habit explain, and what the bounded tables keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors import pairs_chance as chance
from detectors import pairs_known as known
from detectors import pairs_memory as memory
from detectors.diary import DAYS, SIZE
from detectors.pairs_habit import habit_of_meeting, habit_tail, shuffled
from schemas.batch import Array
from tests.detectors.bench import DAY, MONDAY

entries = st.lists(st.one_of(st.just(np.nan), st.integers(3000, 3200)), min_size=SIZE, max_size=SIZE)


def pages(values: list[float]) -> Array:
    """A diary as the port stage reads it."""
    return np.array(values, np.float32)


@given(entries, entries)
def test_meetings_are_entries_within_two_minutes(a: list[float], b: list[float]) -> None:
    """Counts and days equal the plain ones, empty entries never meet, and it does not matter who is first."""
    mine, theirs = pages(a), pages(b)
    met = np.abs(mine - theirs) <= chance.MET
    assert chance.meetings(mine, theirs) == chance.meetings(theirs, mine) == met.sum()
    days = chance.days_met(mine, theirs)
    assert {k for k in range(DAYS) if days >> k & 1} == set((np.flatnonzero(met) % DAYS).tolist())
    assert chance.bits(days) == len(set((np.flatnonzero(met) % DAYS).tolist()))


def test_near_misses_raise_what_chance_expects() -> None:
    """Six meetings among as many occasions are far beyond chance; among forty near misses they are not."""
    alone, shape = chance.rate(6, 0, 0, 6)
    assert chance.tail(6.0, alone, shape) < 1e-5
    busy, shape = chance.rate(6, 12, 34, 40)
    assert chance.tail(6.0, busy, shape) > 0.3


@given(st.floats(1e-9, 0.5), st.integers(1, 100))
def test_the_best_of_many_is_rarer_than_it_looks(p: float, looked: int) -> None:
    """The correction is a binomial tail."""
    assert chance.of_many(p, float(looked)) == pytest.approx(stats.binom.sf(0, looked, p), rel=1e-6)


def test_apart_before_is_laplaces_rule() -> None:
    """The closed form equals the integral over the share of joint days; a pair with no days alone is no news."""
    before, after, met = 9, 6, 3
    seen = (1 << before + after) - 1
    days = 1 << before | 1 << before + 2 | 1 << before + 5
    integral = stats.beta(1 + met, 1 + after - met).expect(lambda f: (1 - f) ** before)
    assert chance.apart_before(seen, days) == pytest.approx(integral)
    assert chance.apart_before(0b111, 0b111) == 1.0


def test_days_are_put_in_order_before_they_are_counted() -> None:
    """Day numbers wrap around; the newest is the uppermost bit."""
    mine = np.full(SIZE, np.nan, np.float32)
    today = 5
    mine[[today, DAYS + today, today - 1, (today - 31) % DAYS]] = 1.0
    assert chance.days_seen(mine, today) == (1 << 31 | 1 << 30 | 1)
    assert chance.turned(1 << today | 1 << (today - 31) % DAYS, today) == (1 << 31 | 1)


def diary_of(hours: Array, days: Array) -> Array:
    """Inbound at these hours on these days, back nine hours later."""
    page = np.full(SIZE, np.nan, np.float32)
    page[days], page[DAYS + days] = hours * 3600 // 11, (hours + 9) * 3600 // 11
    return page


def test_habits_explain_what_recurs_at_the_same_minute() -> None:
    """Two who cross at 07:30 sharp meet by habit; two who meet at changing hours do not."""
    rng, days = np.random.default_rng(1), np.arange(20)
    sharp = [diary_of(7.5 + rng.normal(0, 0.01, 20), days) for _ in range(2)]
    assert habit_of_meeting(*sharp, 40, chance.MET) > 0.3
    hours = rng.uniform(6, 20, 20)
    assert habit_of_meeting(diary_of(hours, days), diary_of(hours + 0.01, days), 40, chance.MET) < 1e-12
    both, expected = shuffled(diary_of(hours, days), diary_of(hours + 0.01, days), 0, -11.0, 11.0)
    assert both == 20
    assert expected < 1.0


@given(st.integers(1, 30), st.integers(0, 30), st.floats(0.01, 0.99))
def test_habit_tail_is_a_binomial_tail(both: int, matched: int, q: float) -> None:
    """As scipy has it."""
    if matched <= both:
        assert habit_tail(matched, both, both * q) == pytest.approx(stats.binom.sf(matched - 1, both, q), abs=1e-9)


def table() -> Array:
    """An empty table of known pairs."""
    return np.zeros((known.BUCKETS, known.WAYS), known.PAIR)


def grows(pairs: Array, pair: int, days: range) -> list[bool]:
    """Whether the pair is still news on each of the days."""
    return [known.growing(pairs, np.uint64(pair), day, 1.0) >= 0.0 for day in days]


def test_a_pair_is_news_for_some_days_only() -> None:
    """It is familiar after `GROWING_DAYS`, or after `GROWING_SPAN` days, and is news again after a long absence."""
    assert grows(table(), 7, range(100, 110)) == [True] * known.GROWING_DAYS + [False] * (10 - known.GROWING_DAYS)
    pairs = table()
    assert grows(pairs, 7, range(100, 140, 20)) == [True, True]
    assert grows(pairs, 7, range(100 + known.GROWING_SPAN + 1, 124)) == [False] * (123 - 100 - known.GROWING_SPAN)
    assert grows(pairs, 7, range(300, 301)) == [True]


def test_a_pair_keeps_the_day_on_which_it_was_most_news() -> None:
    """Its time alone leaves the diary, what it said does not."""
    pairs = table()
    assert known.growing(pairs, np.uint64(7), 100, 0.01) == pytest.approx(0.01, rel=1e-3)
    assert known.growing(pairs, np.uint64(7), 101, 0.8) == pytest.approx(0.01, rel=1e-3)


def test_a_full_bucket_gives_up_the_pair_longest_unseen() -> None:
    """One more pair than there is room for in one bucket: that seen first goes, the others are familiar still."""
    pairs = table()
    same_bucket = [known.BUCKETS * (k << 40 | 1) for k in range(1, known.WAYS + 2)]
    for k, pair in enumerate(same_bucket):
        grows(pairs, pair, range(100 + k, 108 + k))
    assert [grows(pairs, pair, range(130, 131))[0] for pair in same_bucket[1:]] == [False] * known.WAYS
    assert grows(pairs, same_bucket[0], range(130, 131)) == [True]


def remembered() -> Array:
    """An empty memory."""
    return np.zeros((memory.BUCKETS, memory.WAYS), memory.ENTRY)


def test_memory_gives_back_the_last_convoy_of_a_vehicle() -> None:
    """Within its time, and of nobody else."""
    table, one, other = remembered(), np.uint64(11), np.uint64(12)
    memory.remember(table, memory.CONVOY, one, other, MONDAY, 1e-4, 7.0, 0.25)
    p, partner, met, since, new = memory.recall(table, memory.CONVOY, one, MONDAY + DAY // 2, DAY)
    assert p == pytest.approx(1e-4, rel=0.15)
    assert (partner, met, since) == (other, 7.0, DAY // 2)
    assert new == pytest.approx(0.25, rel=1e-3)
    assert memory.recall(table, memory.CONVOY, one, MONDAY + 2 * DAY, DAY)[0] > 1.0
    assert memory.recall(table, memory.CONVOY, other, MONDAY, DAY)[0] > 1.0
    assert memory.recall(table, memory.LEAD, one, MONDAY, DAY)[0] > 1.0


def test_chance_companions_push_no_true_one_out() -> None:
    """A hundred who met it once leave the one who met it often where it is; a hundred who met it often do not."""
    table, one, friend = remembered(), np.uint64(11), np.uint64(5)
    memory.remember(table, memory.COMPANION, one, friend, MONDAY, 1e-6, 9.0)
    for k in range(100):
        memory.remember(table, memory.COMPANION, one, np.uint64(1000 + k), MONDAY + k * DAY, 0.03, 2.0)
    assert friend in table["partner"]
    for k in range(100):
        memory.remember(table, memory.COMPANION, one, np.uint64(2000 + k), MONDAY + (100 + k) * DAY, 1e-8, 9.0)
    assert friend not in table["partner"]
