"""A plate of last week helps another typology along, and never alerts alone."""

from __future__ import annotations

import numpy as np

from detectors.combination import e_of_p, term_of
from detectors.fresh_registration import MOST_LLR, FreshRegistration, P
from schemas.batch import NO_DAY
from tests.detectors.bench import DAY, HOUR, MONDAY, Bench, Traffic, crossings, explained

TODAY = MONDAY // DAY


def cars(n: int, young_every: int, start_h: int = 0) -> Traffic:
    """A crossing every hour, each of another car; one in `young_every` was registered ten days before."""
    hours = start_h + np.arange(n)
    age = np.where(np.arange(n) % young_every == young_every - 1, 10, 2000)
    return crossings(MONDAY + hours * HOUR, np.arange(n) % 200, registered_on=TODAY + hours // 24 - age)


def newcomer(**columns: int) -> Traffic:
    """A car never seen, 400 hours after the first crossing, with these dates, in days before that day."""
    dates = {name: TODAY + 400 // 24 - age for name, age in columns.items()}
    return crossings([MONDAY + 400 * HOUR], 250, **dates)


def test_a_car_sold_last_week_is_said_to_be() -> None:
    """At its first crossing already; a later date counts, a future one does not."""
    p, finding = explained(
        Bench(FreshRegistration()), cars(390, 50).then(newcomer(registered_on=900, owner_changed_on=7))
    )
    assert p == P
    assert finding.sentence.startswith("Sold 7 days ago; of its class 1.8 % of crossings are by vehicles")
    assert finding.without == "30 days after it was sold"
    p, finding = explained(
        Bench(FreshRegistration()), cars(390, 50).then(newcomer(registered_on=1, owner_changed_on=-3))
    )
    assert finding.sentence.startswith("Registered 1 day ago;")
    assert p == P


def test_old_undated_and_usual_ones_are_not_spoken_of() -> None:
    """Nothing at thirty days, without a date, or where one in ten is as young."""
    for last, every in (
        (newcomer(registered_on=30), 50),
        (newcomer(registered_on=TODAY + 400 // 24 - NO_DAY), 50),
        (newcomer(registered_on=3), 10),
    ):
        assert np.isnan(Bench(FreshRegistration()).run(cars(390, every).then(last)).p[-1])


def test_its_term_is_small_and_its_rank_never_rare() -> None:
    """Every answer is the same, so that its calibrated rank is 1 and the guard never counts it."""
    answers = Bench(FreshRegistration()).run(cars(3000, 60))
    said = ~np.isnan(answers.p)
    assert said.sum() > 30
    assert set(answers.p[said].tolist()) == {P}
    assert (answers.llr[said] <= MOST_LLR).all()
    assert term_of(e_of_p(P, np.log(P)), e_of_p(1.0, 0.0), MOST_LLR) < 0.6


def test_p_holds_over_all_traffic() -> None:
    """No more than `P` of the crossings are spoken of, however many cars are young."""
    for every in (100, 40, 25, 18, 5):
        p = Bench(FreshRegistration()).run(cars(3000, every)).p[1000:]
        assert (p <= P).mean() <= P
