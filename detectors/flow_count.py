"""How much came in this hour, through which lane, how well read, and how odd was it? Integer counts of a batch.

One compiled pass over decided crossings. Lanes are found by key in a small open-addressing table, whose entries are
rows of `lanes`; a lane is one direction of one port. More than `MOST_LANES` are not watched. `confidence` compares the
mean of so many reads of a lane with its own past.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit
from schemas.batch import Array

MOST_LANES = 8192
SLOTS = 4 * MOST_LANES
READS, CONFIDENCE, SQUARES = 0, 1, 2  # columns of `lanes`
GRAIN = 1000.0  # of a confidence
ODD = 0.1  # a calibrated p below it is counted
READS_A_TEST, TESTS = 50, 30  # of a lane's confidence; tests before one counts
DROP, DEEP = 0.08, -6.0  # a fall of the mean, and of so many standard errors, is no chance
CALM = 0.02  # a test 34 before counts half


@njit(cache=True)
def key_of(lane, port, direction):  # type: ignore[no-untyped-def]
    """One number for a lane of a port in one direction; never 0."""
    mixed = np.uint64(lane) ^ (np.uint64(2 * port + direction + 1) * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed | np.uint64(1)


@njit(cache=True)
def row_of(key, keys, slots, used):  # type: ignore[no-untyped-def]
    """The row of a lane's key and whether it is new; -1 where there is no room. New keys are entered."""
    at = int(key >> np.uint64(32)) % SLOTS
    while slots[at] >= 0:
        if keys[slots[at]] == key:
            return slots[at], False
        at = (at + 1) % SLOTS
    if used >= MOST_LANES:
        return -1, False
    slots[at] = used
    keys[used] = key
    return used, True


@njit(cache=True)
def count(  # type: ignore[no-untyped-def]
    port, direction, lane_key, confidence, fresh, calibrated, p_value, keys, slots, used, flow, lanes, odd, new
):  # fmt: skip
    """Add a batch to `flow[ports, 2]`, `lanes[MOST_LANES, 3]` and `odd[D + 1, 2]` (evaluated, of them below `ODD`).

    Counts `fresh` crossings only: one vehicle cannot make a port look busy, and so silence what is asked there.
    Returns how many lanes are known now; `new[n]` marks the first crossing of each that was not.
    """
    columns = calibrated.shape[1]
    for i in range(len(port)):
        if not fresh[i]:
            continue
        flow[port[i], direction[i]] += 1
        row, first = row_of(key_of(lane_key[i], port[i], direction[i]), keys, slots, used)
        new[i] = first
        used += first
        if row >= 0:
            grains = int(GRAIN * confidence[i])
            lanes[row, READS] += 1
            lanes[row, CONFIDENCE] += grains
            lanes[row, SQUARES] += grains * grains
        for j in range(columns):
            if not math.isnan(calibrated[i, j]):
                odd[j, 0] += 1
                odd[j, 1] += calibrated[i, j] < ODD
        if p_value[i] < 1.0:
            odd[columns, 0] += 1
            odd[columns, 1] += p_value[i] < ODD
    return used


@njit(cache=True)
def confidence(state, lanes, found):  # type: ignore[no-untyped-def]
    """Add an hour's reads to `state[lanes, 7]`; for each lane with enough of them `found[lanes, 4]` holds the test.

    `state`: reads, sum, squares since the last test; mean, variance between tests, variance within, tests so far.
    `found`: mean, usual, standard error, z = (mean - usual) / error; z is NaN where there is no test yet.
    """
    for k in range(len(state)):
        lane = state[k]
        lane[0] += lanes[k, READS]
        lane[1] += lanes[k, CONFIDENCE] / GRAIN
        lane[2] += lanes[k, SQUARES] / GRAIN**2
        found[k, 3] = math.nan
        if lane[0] < READS_A_TEST:
            continue
        mean = lane[1] / lane[0]
        within = max(0.0, lane[2] / lane[0] - mean * mean)
        error = math.sqrt(lane[4] + lane[5] / lane[0] + 1e-6)
        z = (mean - lane[3]) / error
        odd = lane[6] >= TESTS and z < DEEP and lane[3] - mean > DROP
        if lane[6] >= TESTS:
            found[k] = mean, lane[3], error, z
        if not odd:
            share = CALM if lane[6] >= TESTS else 1.0 / (lane[6] + 1.0)
            lane[4] += share * ((mean - lane[3]) ** 2 * (lane[6] > 0) - lane[4])
            lane[3] += share * (mean - lane[3])
            lane[5] += share * (within - lane[5])
            lane[6] += 1.0
        lane[0] = lane[1] = lane[2] = 0.0


def table(keys: Array) -> Array:
    """The slots of the table in which these keys have their place as row."""
    slots = np.full(SLOTS, -1, np.int32)
    again = np.zeros(MOST_LANES, np.uint64)
    for row, key in enumerate(keys.tolist()):
        row_of(np.uint64(key), again, slots, row)
    return slots
