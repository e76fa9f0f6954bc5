"""How is a broker of one node set up, so that it is quick to start, small, and quick to show what a test waits for?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MEGABYTE = 1 << 20

SETTINGS: dict[str, object] = {
    # one node is everything
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # small: every internal partition is files and memory
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 4,
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 2 * MEGABYTE,  # more than 1 MB a thread is the least it takes
    "num.network.threads": 2,
    "num.io.threads": 4,
    # quick: a group forms at once, a dead member is missed soon, compaction and retention are seen within a test
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "log.initial.task.delay.ms": 500,
    "log.cleaner.backoff.ms": 250,
    "log.retention.check.interval.ms": 1_000,
    # After a kill the controller takes the broker for alive until its session ends, and lets no other one in: with the
    # usual 9 s a restart took 11.4 s, with 2 s it takes 3.3 s.
    "broker.session.timeout.ms": 2_000,
    "broker.heartbeat.interval.ms": 500,
    # as in production: a topic that nobody made is a mistake; a checkpoint's row may be large
    "auto.create.topics.enable": "false",
    "message.max.bytes": 8 * MEGABYTE,
    "replica.fetch.max.bytes": 8 * MEGABYTE,
}


def settings(data: Path, bind: str, port: int, controller: int, more: Mapping[str, object]) -> dict[str, object]:
    """All of `server.properties`; `more` has the last word."""
    return {
        **SETTINGS,
        "listeners": f"PLAINTEXT://{bind}:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": str(data),
        **more,
    }


def write(path: Path, values: Mapping[str, object]) -> None:
    """A file in the format of `java.util.Properties`, which knows ASCII and \\uXXXX."""
    path.write_text("".join(f"{name}={_escaped(str(value))}\n" for name, value in values.items()), encoding="ascii")


def _escaped(text: str) -> str:
    """Everything beyond printable ASCII by its UTF-16 units; the backslash too, being the escape itself."""
    pairs = text.encode("utf-16-be")
    units = (int.from_bytes(pairs[k : k + 2], "big") for k in range(0, len(pairs), 2))
    return "".join(chr(unit) if 32 <= unit < 127 and unit != 92 else f"\\u{unit:04x}" for unit in units)
