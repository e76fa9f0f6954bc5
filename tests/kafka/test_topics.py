"""Are topics made once, with what belongs together alike, and is what is wrong with them named?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ops.local_kafka import LocalKafka
from schemas.errors import ConfigError
from stream import topic_admin
from stream.kafka_clients import Connection
from stream.topics import Shape, Topics, wanted
from tests.ops.running import linewatch, one_line

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]
SHAPE = Shape(partitions=5, port_partitions=2)


def test_topics_are_made_as_the_table_says_and_only_once(connection: Connection, prefix: str) -> None:
    """The broker has every setting of the table; making them again makes nothing."""
    assert list(Topics.of(prefix)) == topic_admin.create_missing(connection, prefix, SHAPE)
    assert [] == topic_admin.create_missing(connection, prefix, Shape(9, 9))
    found = topic_admin.look(connection, prefix)
    for topic in wanted(prefix, SHAPE):
        there = found[topic.name]
        assert (topic.partitions, topic.replication) == (there.partitions, there.replication)
        assert there.config.items() >= {k: v for k, v in topic.config.items() if not k.startswith("segment.")}.items()
    assert SHAPE == topic_admin.ensure(connection, prefix, Shape(9, 9))
    assert {f"{prefix}.crossings": [0] * 5} == topic_admin.ends(connection, [(f"{prefix}.crossings", 5)])


def test_processes_that_start_together_make_them_together(connection: Connection, prefix: str) -> None:
    """Whoever comes second finds them; nobody fails."""
    with ThreadPoolExecutor(4) as pool:
        shapes = list(pool.map(lambda _: topic_admin.ensure(connection, prefix, SHAPE), range(4)))
    assert [SHAPE] * 4 == shapes


def test_what_is_made_later_gets_as_many_partitions_as_what_it_belongs_to(connection: Connection, prefix: str) -> None:
    """Whatever the settings say by then; what somebody made otherwise is named and left alone."""
    topics = Topics.of(prefix)
    with closing(connection.admin()) as admin:
        admin.create_topics({topics.crossings: {"num_partitions": 3, "replication_factor": 1}})
        admin.create_topics({topics.alerts: {"num_partitions": 3, "replication_factor": 1}})
        admin.wait_for_topics([topics.crossings, topics.alerts])
    with pytest.raises(
        ConfigError, match=f"{topics.crossings}: max.message.bytes|{topics.crossings}: message.timestamp"
    ):
        topic_admin.ensure(connection, prefix, SHAPE)
    found = topic_admin.look(connection, prefix)
    assert {3} == {found[name].partitions for name in (topics.crossings, topics.rejects, topics.state_vehicle)}
    assert {3} == {found[name].partitions for name in (topics.alerts, topics.assessed, topics.state_port)}


def test_more_copies_than_brokers_names_the_setting(connection: Connection, prefix: str) -> None:
    """The broker's own message says how many there are."""
    with pytest.raises(ConfigError, match=r"making topics: .*Set kafka_replication to at most the number of brokers"):
        topic_admin.create_missing(connection, prefix, SHAPE._replace(replication=3))


def test_the_command_lists_what_is_there_and_makes_what_is_missing(
    broker: LocalKafka, prefix: str, tmp_path: Path
) -> None:
    """It ends with 1 while something is wrong, and `doctor --kafka` says the same."""
    at = ["--set", f"kafka_bootstrap={broker.bootstrap}", "--set", f"kafka_topics={prefix}"]
    before = linewatch(tmp_path, "topics", *at)
    assert 1 == before.code
    assert f"wrong  {prefix}.crossings is missing. Make it with `linewatch topics --create`." in before.out
    assert "\n11 wrong" in before.out
    assert f"{prefix}.crossings is missing" in linewatch(tmp_path, "doctor", "--kafka", *at).out
    made = linewatch(tmp_path, "topics", "--create", "--partitions", 7, "--port-partitions", 3, *at)
    assert 0 == made.code, made.out + made.err
    assert "nothing wrong" in made.out
    rows = {row.split()[0]: row.split()[1:5] for row in made.out.splitlines() if row.startswith(f"{prefix}.")}
    assert ["7", "1", "0", "7"] == rows[f"{prefix}.crossings"]
    assert ["3", "1", "0", "compact"] == rows[f"{prefix}.state.port"]
    found = linewatch(tmp_path, "doctor", "--kafka", *at)
    assert f"11 named {prefix}.*" in found.out
    assert "1 broker\n" in found.out


def test_a_broker_that_is_not_there_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    """And exit code 1."""
    one_line(
        linewatch(tmp_path, "topics", "--bootstrap", "127.0.0.1:1"), "127.0.0.1:1", "make kafka", "kafka_bootstrap"
    )
