"""What does `linewatch topics` do? It lists the Kafka topics, says what is wrong, and makes what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.options import load_settings, setting_options
from ops.progress import say

if TYPE_CHECKING:
    from stream.topic_admin import Found
    from stream.topics import Topic


@click.command("topics")
@click.option("--create", is_flag=True, help="Make the topics that are missing.")
@click.option("--bootstrap", metavar="B", help="host:port of the brokers; short for --set kafka_bootstrap=...")
@click.option("--partitions", type=int, metavar="N", help="Short for --set kafka_partitions=N.")
@click.option("--port-partitions", type=int, metavar="M", help="Short for --set kafka_port_partitions=M.")
@click.option("--replication", type=int, metavar="R", help="Short for --set kafka_replication=R.")
@setting_options
def topics(
    create: bool, bootstrap: str | None, partitions: int | None, port_partitions: int | None, replication: int | None,
    config: Path | None, flags: tuple[str, ...], ports: str | None,
) -> int:  # fmt: skip
    """List Linewatch's Kafka topics with their partitions and how much is in them, and say what is wrong.

    \b
    Examples:
      linewatch topics --bootstrap 127.0.0.1:9092
      linewatch topics --create --partitions 24 --port-partitions 8 --replication 3

    Ends with 0 when nothing is wrong, else with 1; each problem says what to do. A topic that is there is never
    changed: a vehicle's partition follows from their number.
    """
    from ops import wiring
    from stream import topic_admin
    from stream.topics import wanted

    settings = load_settings(
        config, flags, ports=ports, kafka_bootstrap=bootstrap, kafka_partitions=partitions,
        kafka_port_partitions=port_partitions, kafka_replication=replication,
    ).settings  # fmt: skip
    connection, prefix, shape = wiring.build_connection(settings), settings.kafka_topics, wiring.build_shape(settings)
    if create and (made := topic_admin.create_missing(connection, prefix, shape)):
        say(f"made {', '.join(made)}")
    found = topic_admin.look(connection, prefix)
    ends = topic_admin.ends(connection, [(name, there.partitions) for name, there in found.items()])
    click.echo(_ROW.format("topic", "partitions", "copies", "records to", "kept", "holds"))
    for topic in wanted(prefix, shape):
        click.echo(_row(topic, found.get(topic.name), sum(ends.get(topic.name, ()))))
    problems = topic_admin.problems(prefix, shape, found)
    for problem in problems:
        click.echo(f"wrong  {problem}")
    click.echo(f"\n{len(problems) or 'nothing'} wrong")
    return 1 if problems else 0


_ROW = "{:<28} {:>10} {:>7} {:>14}  {:<8} {}"


def _row(topic: Topic, there: Found | None, end: int) -> str:
    """`end` is the sum of the offsets after the last record of each partition."""
    if there is None:
        return _ROW.format(topic.name, "missing", "", "", "", topic.holds)
    kept = there.config.get("cleanup.policy", "")
    if kept == "delete":
        kept = _duration(int(there.config.get("retention.ms", -1)))
    return _ROW.format(topic.name, there.partitions, there.replication, f"{end:,}", kept, topic.holds)


def _duration(ms: int) -> str:
    if ms < 0:
        return "forever"
    hours = ms / 3_600_000
    return f"{hours:g} h" if hours < 48 else f"{hours / 24:g} d"
