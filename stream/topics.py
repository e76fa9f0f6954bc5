"""Which Kafka topics are there, what does each hold, and how is it kept?

Plain data, no Kafka. Every name begins with the setting `kafka_topics`, so several borders can share one broker.
docs/kafka.md has the same table for people; a test compares the two.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

By = Literal["vehicle", "port", "one"]
LARGE_BYTES = 8_388_608  # rows of state, and what passes between the stages, come in pieces of up to this size
LINE_BYTES = 2_097_152  # one line of a log, of which a source hands on at most 1 MiB
FOREVER = -1.0
YEAR_AND_MORE = 400.0  # days; as long as a vehicle is remembered by default
DAY_MS = 86_400_000
SEGMENT_BYTES = 67_108_864  # of compacted topics: only whole segments are compacted, and the usual one has 1 GiB


class Shape(NamedTuple):
    """How many partitions, copies and hours: from the settings. A broker keeps what a topic was made with."""

    partitions: int = 12  # what is keyed by vehicle
    port_partitions: int = 4  # what is keyed by port
    replication: int = 1
    retention_hours: float = 168.0  # of crossings


class Row(NamedTuple):
    """One line of the table."""

    role: str
    by: By  # how many partitions
    days: float | None  # how long a record is kept; None: `kafka_retention_hours`, or compacted
    holds: str
    max_bytes: int | None = None  # largest batch; None: the broker's default, about 1 MB
    compact: bool = False  # the last record of each key is kept for good


TABLE = (
    Row("crossings", "vehicle", None, "each crossing as its line of JSON; key: vehicle", LINE_BYTES),
    Row("dispositions", "one", YEAR_AND_MORE, "what people found, one line of JSON each; key: crossing_id"),
    Row("assessed", "port", 1.0, "what the vehicle stage says of crossings, on its way to their port", LARGE_BYTES),
    Row("exchange", "one", 7.0, "counts of an hour that workers learn together; how far producers are", LARGE_BYTES),
    Row("ports", "one", FOREVER, "codes of ports with an open registry: the place of a code is its number"),
    Row("alerts", "port", YEAR_AND_MORE, "alerts, one JSON object each"),
    Row("notices", "port", YEAR_AND_MORE, "what is said of readers, ports and detectors, one JSON object each"),
    Row("control", "port", YEAR_AND_MORE, "which crossings the random sample drew, one JSON object each"),
    Row("rejects", "vehicle", 30.0, "the dead letter: records that are no crossing, with the reason"),
    Row("state.vehicle", "vehicle", None, "checkpoints of the vehicle stage", LARGE_BYTES, compact=True),
    Row("state.port", "port", None, "checkpoints of the port stage", LARGE_BYTES, compact=True),
)


class Topics(NamedTuple):
    """The names, in the order of the table.

    >>> Topics.of("linewatch").state_vehicle
    'linewatch.state.vehicle'
    """

    crossings: str
    dispositions: str
    assessed: str
    exchange: str
    ports: str
    alerts: str
    notices: str
    control: str
    rejects: str
    state_vehicle: str
    state_port: str

    @classmethod
    def of(cls, prefix: str) -> Topics:
        """The names that begin with `prefix`."""
        return cls(*(f"{prefix}.{row.role}" for row in TABLE))


class Topic(NamedTuple):
    """A topic as it is made: `config` are the topic's own settings, as Kafka names them."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]
    holds: str


def wanted(prefix: str, shape: Shape) -> list[Topic]:
    """Every topic as it should be, in the order of the table."""
    partitions = {"vehicle": shape.partitions, "port": shape.port_partitions, "one": 1}
    return [
        Topic(f"{prefix}.{row.role}", partitions[row.by], shape.replication, _config(row, shape), row.holds)
        for row in TABLE
    ]


def _config(row: Row, shape: Shape) -> dict[str, str]:
    config = {"cleanup.policy": "compact" if row.compact else "delete"}
    if row.compact:
        config["segment.bytes"] = str(SEGMENT_BYTES)
    else:
        days = shape.retention_hours / 24 if row.days is None else row.days
        config["retention.ms"] = str(round(days * DAY_MS) if days >= 0 else -1)
        if 0 <= days <= 30:  # a segment is deleted as a whole, when the last record in it is old enough
            config["segment.ms"] = str(max(60_000, min(DAY_MS, round(days * DAY_MS / 8))))
    if row.max_bytes is not None:
        config["max.message.bytes"] = str(row.max_bytes)
    if row.role == "crossings":
        # a producer's clock may stand anywhere: retention and latency are measured from the broker's
        config["message.timestamp.type"] = "LogAppendTime"
    return config
