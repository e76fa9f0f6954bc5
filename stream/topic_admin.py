"""Are the topics there and as they should be, and how are missing ones made?

What is on the broker counts, not the settings: those say how many partitions a topic gets when it is made. A key's
partition depends on their number, so nothing here ever changes it: topics that belong together (a vehicle's crossings
and its state) must have the same number, and that is checked. `look` asks the broker, `problems` judges what it said,
`create_missing` makes what is missing; `ensure` is for a command that needs them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from kafka import TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

from schemas.errors import ConfigError
from stream.kafka_clients import Connection
from stream.topics import TABLE, Shape, Topic, wanted

CHECKED = ("cleanup.policy", "message.timestamp.type", "max.message.bytes", "retention.ms")
REMEDY = "Delete the topic (what is in it is lost) or choose another kafka_topics, then `linewatch topics --create`."


class Found(NamedTuple):
    """A topic as the broker has it."""

    partitions: int
    replication: int
    config: dict[str, str]  # of CHECKED


def look(connection: Connection, prefix: str) -> dict[str, Found]:
    """The project's topics that the broker has, by name."""
    names = [topic.name for topic in wanted(prefix, Shape())]
    with connection.explained("asking for topics"), closing(connection.admin()) as admin:
        described = [topic for topic in admin.describe_topics(names) if _there(topic)]
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic["name"], list(CHECKED)) for topic in described]
        configs = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    return {
        topic["name"]: Found(
            len(topic["partitions"]),
            len(topic["partitions"][0]["replica_nodes"]),
            {key: str(entry["value"]) for key, entry in configs[topic["name"]].items()},
        )
        for topic in described
    }


def version(connection: Connection) -> str:
    """What answers: the newest Kafka whose requests the broker understands, and how many brokers there are."""
    with connection.explained("asking the broker"), closing(connection.consumer()) as consumer:
        numbers = ".".join(map(str, consumer.config["api_version"]))
    with connection.explained("asking the broker"), closing(connection.admin()) as admin:
        brokers = len(admin.describe_cluster()["brokers"])
    return f"Kafka {numbers} or newer, {brokers} {'broker' if brokers == 1 else 'brokers'}"


def _there(described: dict[str, Any]) -> bool:
    """False for a topic the broker does not have; an exception for one that it does not let us see."""
    kind = errors.for_code(described["error_code"])
    if kind is errors.NoError:
        return bool(described["partitions"])
    if kind is errors.UnknownTopicOrPartitionError:
        return False
    raise kind(described["name"])


def shape_of(prefix: str, shape: Shape, found: dict[str, Found]) -> Shape:
    """The numbers of partitions in force: those of the first topic of each kind that is there, else the settings'."""
    for row in reversed(TABLE):
        there = found.get(f"{prefix}.{row.role}")
        if there is not None and row.by == "vehicle":
            shape = shape._replace(partitions=there.partitions)
        elif there is not None and row.by == "port":
            shape = shape._replace(port_partitions=there.partitions)
    return shape


def problems(prefix: str, shape: Shape, found: dict[str, Found]) -> list[str]:
    """What is wrong, one line each saying what to do; empty when all is well."""
    wrong = []
    for topic in wanted(prefix, shape_of(prefix, shape, found)):
        there = found.get(topic.name)
        if there is None:
            wrong.append(f"{topic.name} is missing. Make it with `linewatch topics --create`.")
        elif there.partitions != topic.partitions:
            wrong.append(f"{topic.name} has {there.partitions} partitions, {topic.partitions} are required. {REMEDY}")
        else:
            wrong += [f"{topic.name}: {what}" for what in _unfit(topic, there)]
    return wrong


def _unfit(topic: Topic, there: Found) -> Iterable[str]:
    """Its settings with which records would be lost or refused; how long it keeps them is its owner's choice."""
    for key in CHECKED:
        required, has = topic.config.get(key), there.config.get(key)
        if required is None or has is None or has == required:
            continue
        if key == "max.message.bytes" and int(has) >= int(required):
            continue
        if key == "retention.ms" and required != "-1":
            continue
        yield f"{key} is {has}, {required} is required. Set it with Kafka's own tools."


def create_missing(connection: Connection, prefix: str, shape: Shape) -> list[str]:
    """Make the topics that are not there, each with as many partitions as those it belongs to; their names.

    Two processes may do this at once: a topic that the other one was first to make is not an error.
    """
    found = look(connection, prefix)
    missing = [topic for topic in wanted(prefix, shape_of(prefix, shape, found)) if topic.name not in found]
    if not missing:
        return []
    with connection.explained("making topics"), closing(connection.admin()) as admin:
        answer = admin.create_topics({topic.name: _request(topic) for topic in missing}, raise_errors=False)
        made = []
        for topic in answer["topics"]:
            kind = errors.for_code(topic["error_code"])
            if kind is errors.NoError:
                made.append(topic["name"])
            elif kind is not errors.TopicAlreadyExistsError:
                raise kind(topic["error_message"] or topic["name"])
        admin.wait_for_topics([topic.name for topic in missing])
    return made


def _request(topic: Topic) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication,
        "configs": topic.config,
    }


def ensure(connection: Connection, prefix: str, shape: Shape) -> Shape:
    """Make what is missing and return the numbers of partitions in force; ConfigError when something is wrong."""
    create_missing(connection, prefix, shape)
    found = look(connection, prefix)
    wrong = problems(prefix, shape, found)
    if wrong:
        raise ConfigError(f"Kafka topics: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))
    return shape_of(prefix, shape, found)


def ends(connection: Connection, topics: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    """For each (name, number of partitions) the offset after the last record of each partition."""
    asked = {TopicPartition(name, k): OffsetSpec.LATEST for name, count in topics for k in range(count)}
    if not asked:
        return {}
    with connection.explained("asking for offsets"), closing(connection.admin()) as admin:
        answer = admin.list_partition_offsets(asked)
    return {name: [answer[TopicPartition(name, k)].offset for k in range(count)] for name, count in topics}
