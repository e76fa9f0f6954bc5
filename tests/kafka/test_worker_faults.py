"""Is anything lost or said twice when workers are killed, frozen, join and leave?"""

from __future__ import annotations

import random
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.kafka.cluster import Case, Child, Cluster, note

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow, pytest.mark.crash]

KILLS = 20
LASTS_S = 45  # of the two days in the log


def paced(workers: Cluster, case: Case, lasts_s: float = LASTS_S) -> Child:
    """Send the log within about so many seconds."""
    return workers.produce(case.log, "--speed", str(round(2 * 86_400 / lasts_s)), dispositions=True)


def test_workers_killed_twenty_times_at_random_moments(workers: Cluster, disordered: Case) -> None:
    """One of two, in any state: joining, restoring, assessing, saving; a new one takes its place at once."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    for _ in range(2):
        workers.worker()
    workers.until(lambda: workers.ready() == 2, "both have partitions")
    producer = paced(workers, disordered)
    for _ in range(KILLS):
        victim = chance.choice(workers.workers)
        with suppress(subprocess.TimeoutExpired):
            victim.process.wait(chance.uniform(0, 3))
        workers.kill(victim)
        workers.worker()
    producer.ended(within_s=2 * LASTS_S)
    counts = workers.agree(disordered)
    note("a worker killed (-9)", times=KILLS, seed=seed, crossings=counts["assessed"], alerts=counts["alerts"])


def test_workers_join_and_leave_under_load(workers: Cluster, disordered: Case) -> None:
    """One, then three, then one again; those that leave do so in their own way."""
    workers.worker()
    producer = paced(workers, disordered, 25)
    workers.assessed(500)
    for _ in range(2):
        workers.worker()
    workers.until(lambda: workers.ready() == 3, "three have partitions")
    before = workers.counts()["assessed"]
    workers.until(lambda: workers.counts()["assessed"] > before, "three assess together")
    for leaver in workers.workers[:2]:
        leaver.signal(signal.SIGTERM)
        leaver.ended(0)
        workers.workers.remove(leaver)
    producer.ended()
    counts = workers.agree(disordered)
    note("workers 1, 3, 1 under load", crossings=counts["assessed"], alerts=counts["alerts"])


def test_a_worker_thought_dead_commits_nothing_when_it_comes_back(workers: Cluster, disordered: Case) -> None:
    """It is frozen until another has its partitions and has gone on; then both go on, and agree who has what."""
    zombie, other = workers.worker(), workers.worker()
    workers.until(lambda: workers.ready() == 2, "both have partitions")
    producer = paced(workers, disordered, 25)
    workers.until(lambda: min(zombie.counts()["accepted"], other.counts()["accepted"]) > 300, "both assess")
    zombie.signal(signal.SIGSTOP)
    try:
        there = other.counts()["assessed"]
        workers.until(lambda: "4 partitions of crossings, 2 of ports" in other.said.read_text(), "taken over")
        workers.until(lambda: other.counts()["assessed"] > there + 300, "the other has gone on")
        came = other.counts()["assessed"]
    finally:
        zombie.signal(signal.SIGCONT)
    producer.ended()
    counts = workers.agree(disordered)
    assert zombie.counts()["accepted"] + other.counts()["accepted"] == counts["accepted"]
    note("a worker frozen beyond its session", decided_meanwhile=came - there, crossings=counts["assessed"])
