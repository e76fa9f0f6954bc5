"""Which crossings alert? One compiled pass over the port stage: calibrate, combine, calibrate again, decide, learn."""

from __future__ import annotations

import math

import numpy as np

from detectors.budget import GUARD_ONE, GUARD_TWO, note_alert, threshold_at, within_cap
from detectors.calibration import collect, rank, share_evaluated, uniform
from detectors.combination import GRAIN, e_of_p, term_of
from detectors.compiled import njit
from detectors.context import context_of, group_of

SAID_A_NAT = 16.0  # steps of what is kept of an answer


@njit(cache=True)
def kept(log_p):  # type: ignore[no-untyped-def]
    """An answer in one byte: 1 + 16 nats, rounded down, at most 255; 0 stands for not evaluated.

    >>> kept(0.0), kept(math.log(1e-3)), kept(-30.0)
    (1, 111, 255)
    """
    return min(255, 1 + int(-log_p * SAID_A_NAT))


@njit(cache=True)
def share_echoes(terms, echo):  # type: ignore[no-untyped-def]
    """Let echoes and the strongest direct answer share the largest term among them; returns the sum of all terms.

    An echo looks at a fact that a direct answer is about too, from another side: both are reasons, the fact is one.
    """
    best, most, together = -1, 0.0, 0.0
    for j in range(len(terms)):
        if math.isnan(terms[j]) or terms[j] <= 0.0:
            continue
        if echo[j]:
            together += terms[j]
            most = max(most, terms[j])
        elif best < 0 or terms[j] > terms[best]:
            best = j
    if together > 0.0 and best >= 0:
        together += terms[best]
        most = max(most, terms[best])
    total = 0.0
    for j in range(len(terms)):
        if math.isnan(terms[j]):
            continue
        if together > most and terms[j] > 0.0 and (echo[j] or j == best):
            terms[j] = round(terms[j] * most / together * GRAIN) / GRAIN
        total += terms[j]
    return total


@njit(cache=True)
def judge(  # type: ignore[no-untyped-def]
    budget_rows, slots, now_ms, key, cohort, confidence, fresh, p, llr, new_port, for_operators, alone, echo, weights,
    totals, above, tails, tally, touched, floor, budget_per_hour, cap,
    context, calibrated_p, terms, said, score, p_value, threshold, alerted
):  # fmt: skip
    """Per crossing, in order: `calibrated_p[n, D]`, `terms[n, D]` in nats, their sum, its p-value, threshold, verdict.

    `p` and `llr` are what the detectors said (NaN = not evaluated, no ratio). What is not `for_operators[D]` gets its
    calibrated p and no term; what is not `alone[D]` never makes an alert by itself; an `echo[D]` counts as
    `share_echoes` says, and not as a second typology. `new_port` is the column of that detector, -1 for none;
    `context[n]` (uint8) as in context.py. `weights[D]` multiply the terms: 1 until people have said what they found.
    `said[n, D]` (uint8) keeps the upper end of each calibrated rank for what is learnt later, see `kept`. A crossing
    with nothing evaluated has p-value 1 and is not collected: "not enough history" is a state of its own.
    """
    columns = p.shape[1]
    for i in range(len(slots)):
        evaluated, odd, very_odd = 0, 0, 0
        journey = 1.0
        if new_port >= 0 and not math.isnan(p[i, new_port]):
            _, journey = rank(-math.log(p[i, new_port]), new_port, cohort[i], totals, above, tails)
        context[i] = context_of(confidence[i], journey)
        for j in range(columns):
            if math.isnan(p[i, j]):
                continue
            log_p = math.log(p[i, j])
            group = group_of(cohort[i], context[i], j == new_port)
            low, high = rank(-log_p, j, group, totals, above, tails)
            # the p-value is a random rank within its bin; evidence takes the upper end, so that no chance is in it
            calibrated_p[i, j] = low + uniform(key[i], j) * (high - low)
            if fresh[i]:
                collect(-log_p, j, group, tally, touched)
            log_high = math.log(high)
            said[i, j] = kept(log_high)
            if not for_operators[j]:
                continue
            among_all = high * share_evaluated(j, columns, cohort[i], totals)
            e = e_of_p(among_all, math.log(among_all))
            if group == cohort[i]:
                terms[i, j] = term_of(e_of_p(p[i, j], log_p), e, llr[i, j])
            else:
                terms[i, j] = term_of(e, e, math.nan)
            if weights[j] != 1.0:
                terms[i, j] = round(weights[j] * terms[i, j] * GRAIN) / GRAIN
            evaluated += 1
            odd += high < GUARD_TWO and not echo[j]
            very_odd += high < GUARD_ONE and alone[j]
        if evaluated > 0:
            total = share_echoes(terms[i], echo)
            score[i] = total
            surprise = max(0.0, total)
            low, high = rank(surprise, columns, cohort[i], totals, above, tails)
            p_value[i] = low + uniform(key[i], columns) * (high - low)
            if fresh[i]:
                collect(surprise, columns, cohort[i], tally, touched)
        row = budget_rows[slots[i]]
        threshold[i] = threshold_at(row, now_ms[i], floor, budget_per_hour)
        enough = -math.log10(p_value[i]) >= threshold[i] and (odd >= 2 or very_odd >= 1)
        if enough and within_cap(row, now_ms[i], cap):
            alerted[i] = True
            note_alert(row, now_ms[i])


@njit(cache=True)
def p_without(score, term, cohort, key, columns, totals, above, tails):  # type: ignore[no-untyped-def]
    """The combined p-value had one term been absent: what a counterfactual is checked against."""
    surprise = max(0.0, score - term)
    low, high = rank(surprise, columns, cohort, totals, above, tails)
    return low + uniform(np.uint64(key), columns) * (high - low)
