"""Are the rights that docs/administrator.md gives to each of Kafka's users enough for it, and no more than it needs?"""

from __future__ import annotations

import re
import shlex
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from ops.broker import ports
from ops.local_kafka import LocalKafka
from stream.kafka_clients import Connection
from tests.kafka.cluster import QUICK, RESULTS, Child, until
from tests.kafka_broker import require_kafka
from tests.ops.running import REPOSITORY, linewatch

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

USERS = ("worker", "producer", "console")
RESOURCES = {
    "--topic": ResourceType.TOPIC, "--group": ResourceType.GROUP, "--transactional-id": ResourceType.TRANSACTIONAL_ID,
}  # fmt: skip
OPERATIONS = {
    "Read": ACLOperation.READ, "Write": ACLOperation.WRITE, "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}  # fmt: skip


def documented() -> Iterator[ACL]:
    """What the commands `kafka-acls.sh` of the page would make."""
    page = (REPOSITORY / "docs/administrator.md").read_text()
    for line in re.findall(r"^kafka-acls\.sh \$B --add (.+)$", page, re.MULTILINE):
        words = shlex.split(line)
        pairs = list(zip(words[::2], words[1::2], strict=True))
        (principal,) = [value for name, value in pairs if name == "--allow-principal"]
        prefixed = ("--resource-pattern-type", "prefixed") in pairs
        pattern = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
        for resource, name in [(RESOURCES[one], value) for one, value in pairs if one in RESOURCES]:
            for operation in [OPERATIONS[value] for one, value in pairs if one == "--operation"]:
                place = ResourcePattern(resource, name, pattern)
                yield ACL(principal, "*", operation, ACLPermissionType.ALLOW, place)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[str]:
    """The address of a broker that lets each user do what is documented, and nothing else. Topics are there."""
    require_kafka(tmp_path)
    kafka = LocalKafka(tmp_path / "kafka")
    port, _ = ports.choose(tmp_path, 0)
    plain = f"PLAINTEXT://127.0.0.1:{kafka.port}"
    known = " ".join(f'user_{name}="{name}"' for name in USERS)
    kafka.settings |= {
        "listeners": f"{plain},CONTROLLER://127.0.0.1:{kafka._controller},SASL_PLAINTEXT://127.0.0.1:{port}",
        "advertised.listeners": f"{plain},SASL_PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config":
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # who comes without a password: the broker itself, and this test
    }  # fmt: skip
    with kafka:
        made = linewatch(tmp_path, "topics", "--create", "--bootstrap", kafka.bootstrap, env=variables(QUICK))
        assert 0 == made.code, made.err
        with closing(Connection((kafka.bootstrap,)).admin()) as admin:
            admin.create_acls(list(documented()))
        yield f"127.0.0.1:{port}"


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    """As the environment has them."""
    return {f"LINEWATCH_{name.upper()}": value for name, value in settings.items()}


def settings_of(user: str, address: str) -> dict[str, str]:
    """Of a service that logs in as this user."""
    login = {"kafka_security": "SASL_PLAINTEXT", "kafka_username": user, "kafka_password": user}
    return {**QUICK, **RESULTS, **login, "kafka_bootstrap": address, "ports": "us"}


def test_with_the_documented_rights_an_alert_comes_through(strict: str, tmp_path: Path) -> None:
    """Each service as its own user; the console's user cannot send crossings, the producer's cannot read alerts."""
    made = linewatch(tmp_path, "simulate", "--days", 14, "--vehicles", 3_000, "--ports", 8, "--planted-rate", 0.002,
                     "--out", "border")  # fmt: skip
    assert 0 == made.code, made.err
    worker = Child("worker", tmp_path, ["worker"], settings_of("worker", strict))
    own = {"console_port": "0", "data_folder": "data"}
    console = Child("console", tmp_path, ["console", "--kafka"], settings_of("console", strict) | own)
    try:
        produce = ("produce", "border/crossings.jsonl")
        refused = linewatch(tmp_path, *produce, env=variables(settings_of("console", strict)))
        assert 1 == refused.code, refused.err
        sent = linewatch(tmp_path, *produce, env=variables(settings_of("producer", strict)))
        assert 0 == sent.code, sent.err
        until(lambda: stored(tmp_path / "data/console.sqlite"), lambda: [*worker.lines, *console.lines])
    finally:
        for child in (console, worker):
            child.signal(signal.SIGTERM)
            child.ended()


def stored(database: Path) -> int:
    """How many alerts the console has."""
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM alerts").fetchone()[0])
