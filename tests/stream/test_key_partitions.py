"""Do we put a vehicle where every other Kafka client would?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner, murmur2

from stream.key_partitions import KeyPartitions

# from Kafka's own test, org.apache.kafka.common.utils.UtilsTest.testMurmur2
KNOWN = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("key", "expected"), KNOWN.items())
def test_the_hash_is_that_of_kafka(key: str, expected: int) -> None:
    """Java's signed int, from which the partition follows."""
    assert expected % 2**32 == murmur2(key.encode())
    assert (key.encode(), (expected % 2**31) % 12) == KeyPartitions(12)[key]


@given(st.text(min_size=1, max_size=64), st.integers(1, 200))
def test_the_partition_is_the_one_that_the_client_would_choose(vehicle: str, partitions: int) -> None:
    """For whatever stands in a pseudonym."""
    numbers = set(range(partitions))
    cluster = SimpleNamespace(
        topics=lambda: {"t"}, partitions_for_topic=lambda _: numbers, available_partitions_for_topic=lambda _: numbers
    )
    key, partition = KeyPartitions(partitions)[vehicle]
    assert partition == DefaultPartitioner().partition("t", vehicle, key, None, None, cluster)


def test_no_more_vehicles_are_remembered_than_allowed() -> None:
    """A year of a border has more vehicles than memory is meant for; what is forgotten is computed again."""
    places = KeyPartitions(12, limit=3)
    found = [places[vehicle] for vehicle in "abcdefga"]
    assert found[0] == found[-1]
    assert len(places) <= 3
