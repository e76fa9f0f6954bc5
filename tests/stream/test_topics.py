"""Which topics are there, and how is it noticed that one on the broker is not as it should be?"""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.topic_admin import Found, problems, shape_of
from stream.topics import TABLE, Shape, Topic, Topics, wanted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kafka.md"
SHAPE = Shape(partitions=6, port_partitions=3)


def found(shape: Shape = SHAPE) -> dict[str, Found]:
    """A broker that has every topic as it should be."""
    return {topic.name: Found(topic.partitions, topic.replication, dict(topic.config)) for topic in wanted("p", shape)}


def test_the_names_are_those_of_the_table() -> None:
    """One order for both, so that a row cannot get another one's name."""
    names = Topics.of("p")
    assert [topic.name for topic in wanted("p", SHAPE)] == list(names)
    assert {f"p.{field.replace('_', '.')}" for field in names._fields} == set(names)


def test_what_belongs_together_has_the_same_number_of_partitions() -> None:
    """A vehicle's crossings and its state; a port's alerts and its state."""
    numbers = {topic.name.removeprefix("p."): topic.partitions for topic in wanted("p", SHAPE)}
    assert {6} == {numbers[role] for role in ("crossings", "rejects", "state.vehicle")}
    assert {3} == {numbers[role] for role in ("assessed", "alerts", "notices", "control", "state.port")}
    assert {1} == {numbers[role] for role in ("dispositions", "exchange", "ports")}


def test_the_numbers_of_ports_are_kept_for_ever_and_never_compacted() -> None:
    """A port's number is its place in the topic."""
    (ports,) = (topic for topic in wanted("p", SHAPE) if topic.name == "p.ports")
    assert {"cleanup.policy": "delete", "retention.ms": "-1"} == ports.config


def test_crossings_are_kept_as_long_as_the_setting_says() -> None:
    """From the time at which the broker got them."""
    (crossings,) = (topic for topic in wanted("p", Shape(retention_hours=2)) if topic.name == "p.crossings")
    assert ("7200000", "LogAppendTime") == (
        crossings.config["retention.ms"],
        crossings.config["message.timestamp.type"],
    )


def test_a_broker_as_it_should_be_has_no_problems_whatever_the_settings_say_now() -> None:
    """How many partitions there are was decided when the topics were made."""
    assert [] == problems("p", SHAPE, found())
    assert [] == problems("p", Shape(24, 8), found())
    assert SHAPE == shape_of("p", Shape(24, 8), found())
    assert Shape(24, 8) == shape_of("p", Shape(24, 8), {})


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("p.alerts", None, "p.alerts is missing. Make it with `linewatch topics --create`"),
        ("p.state.vehicle", {"partitions": 5}, "p.state.vehicle has 5 partitions, 6 are required"),
        ("p.alerts", {"partitions": 1}, "p.alerts has 1 partitions, 3 are required"),
        ("p.exchange", {"partitions": 2}, "p.exchange has 2 partitions, 1 are required"),
        ("p.state.port", {"config": {"cleanup.policy": "delete"}}, "cleanup.policy is delete, compact is required"),
        ("p.ports", {"config": {"retention.ms": "1000"}}, "retention.ms is 1000, -1 is required"),
        ("p.assessed", {"config": {"max.message.bytes": "1000"}}, "max.message.bytes is 1000, 8388608 is required"),
        ("p.crossings", {"config": {"message.timestamp.type": "CreateTime"}}, "LogAppendTime is required"),
    ],
)
def test_each_fault_is_named_with_the_topic_and_what_to_do(
    name: str, change: dict[str, object] | None, says: str
) -> None:
    """One line each."""
    there = found()
    if change is None:
        del there[name]
    else:
        there[name] = there[name]._replace(**change)  # type: ignore[arg-type]
    (problem,) = problems("p", SHAPE, there)
    assert says in problem


@pytest.mark.parametrize("change", [{"retention.ms": "1000"}, {"max.message.bytes": "99000000"}])
def test_what_an_owner_may_choose_is_no_problem(change: dict[str, str]) -> None:
    """How long crossings are kept, and larger limits."""
    there = found()
    there["p.crossings"].config.update(change)
    assert [] == problems("p", SHAPE, there)


def kept(topic: Topic) -> str:
    """As the page says it."""
    if topic.config["cleanup.policy"] == "compact":
        return "compacted"
    ms = int(topic.config["retention.ms"])
    days = ms / 86_400_000
    return "forever" if ms < 0 else f"{days:g} days" if days > 1 else "1 day"


def test_the_page_has_the_same_table() -> None:
    """docs/kafka.md, section Topics: name, partitions, how long, what it holds."""
    by = {"vehicle": "`kafka_partitions`", "port": "`kafka_port_partitions`", "one": "1"}
    rows = [
        f"| `{topic.name}` | {by[row.by]} | {'`kafka_retention_hours`' if row.role == 'crossings' else kept(topic)} "
        f"| {row.holds} |"
        for row, topic in zip(TABLE, wanted("linewatch", Shape()), strict=True)
    ]
    assert [] == [row for row in rows if row not in PAGE.read_text(encoding="utf-8").splitlines()]
