"""What becomes of messages that are none, in every topic that a worker reads?"""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import closing
from typing import Any

import msgspec
import pytest

from stream.exchange import Closed, Matched
from stream.messages import MARK_HEADER
from stream.packets import NOTHING, Packet, Packets, Part
from stream.topic_log import read_all
from tests.kafka.cluster import READ, Case, Cluster, note, until

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

LINES: dict[str, bytes | None] = {
    "not JSON": b"{]",
    "empty": b"",
    "no value": None,
    "not UTF-8": b"\xff\xfe\x00",
    "several lines": b'{"crossing_id"\n:\n7}',
    "1 MB of anything": random.Random(1).randbytes(1_000_000),
    "wrong types": b'{"crossing_id": 7, "occurred_at": [], "port": {}, "lane": 1.5, "direction": null}',
}
PACKETS: dict[str, bytes | None] = {
    "not compressed": b"garbage",
    "empty": b"",
    "no value": None,
    "of a partition that is not there": Packets().pack(Packet([Part(99, 0, False, 0)], None, NOTHING, NOTHING)),
    "1 MB of anything": random.Random(2).randbytes(1_000_000),
}
_encode = msgspec.msgpack.encode
WORDS: dict[str, bytes | None] = {
    "not MessagePack": b"garbage",
    "empty": b"",
    "no value": None,
    "of a partition that is not there": _encode(Closed("vehicle", 99, 2**40, {})),
    "of no partition": _encode(Matched(-1, 2**40, [])),
    "with sums that are none": _encode(Closed("vehicle", 0, 2**40, {1: b"garbage"})),
    "of another shape": _encode({"type": "closed", "stage": 1}),
}
CODES: dict[str, bytes | None] = {"not MessagePack": b"garbage", "empty": b"", "of another shape": _encode([1])}
FOUND: dict[str, bytes | None] = {"not JSON": b"no", "empty": b"", "no value": None, "wrong types": b'{"by": 7}'}


def send(workers: Cluster) -> dict[tuple[str, int], str]:
    """All of it, into the first partition of each topic; (topic, offset) -> what it is, where a letter is due."""
    topics, sent = workers.topics, {}
    into = {topics.crossings: LINES, topics.assessed: PACKETS, topics.dispositions: FOUND}
    into |= {topics.exchange: WORDS, topics.ports: CODES}
    with closing(workers.connection.producer()) as producer:
        for topic, poisons in into.items():
            for what, value in poisons.items():
                headers = [(MARK_HEADER, b"no mark")] if what == "not JSON" else []
                offset = producer.send(topic, value, key=b"k", partition=0, headers=headers).get(timeout=30).offset
                if topic not in (topics.exchange, topics.ports):
                    sent[topic, offset] = what
    return sent


def test_the_dead_letter_names_partition_offset_and_reason_and_all_else_goes_on(
    workers: Cluster, disordered: Case
) -> None:
    """Also when the worker is killed right afterwards: each stands there once."""
    workers.worker()
    workers.until(workers.ready, "it has partitions")
    producer = workers.produce(disordered.log, "--speed", "12000", dispositions=True)
    workers.assessed(1_000)
    sent = send(workers)
    workers.until(lambda: workers.counts()["rejected"] > len(LINES), "the first are refused")
    workers.kill(workers.workers[0])
    workers.worker()
    producer.ended()
    counts = workers.settled()
    until(
        lambda: len(_letters(workers, sent)) >= len(sent),
        lambda: f"letters for {_letters(workers, sent)} of {sent}",
        20,
    )
    workers.stop()
    letters = _letters(workers, sent)
    assert Counter(sent.keys()) == Counter(topic_and_offset for topic_and_offset, _ in letters)
    assert all(letter["reason"] and letter["detail"] and "raw" in str(letter) for _, letter in letters)
    assert workers.came() == sum(counts[name] for name in READ)
    assert disordered.answer.counts["rejected"] + len(LINES) == counts["rejected"]
    said = workers.said()
    assert disordered.answer.said[:3] == said[:3]
    assert len(disordered.answer.said.rejects) + len(sent) == len(said.rejects)
    note(
        "poisoned messages",
        sent=len(sent) + len(WORDS) + len(CODES),
        dead_letters=len(letters),
        crossings=counts["assessed"],
    )


def _letters(workers: Cluster, sent: dict[tuple[str, int], str]) -> list[tuple[tuple[str, int], dict[str, Any]]]:
    """The dead letters of what was sent, by topic and offset."""
    topics, found = workers.topics, []
    names = {"": topics.crossings, "dispositions": topics.dispositions, topics.assessed: topics.assessed}
    for record in read_all(workers.connection, topics.rejects, 0, committed=True):
        letter = json.loads(record.value)
        place = names[letter.get("source", "")], letter["offset"]
        if place in sent:
            found.append((place, letter))
    return found
