"""Do the security settings get a client in, and is one without them kept out with a reason?"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from ops.broker import ports
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigError, Unavailable
from stream import topic_admin
from stream.delivery import Delivery
from stream.kafka_clients import Connection
from stream.topics import Shape
from tests.kafka.cluster import Child, until
from tests.kafka.topic_contents import records
from tests.kafka_broker import require_kafka
from tests.missing import missing
from tests.ops.running import linewatch

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_ana="hush";'


class Guarded(NamedTuple):
    """A broker with a listener that asks for TLS and a password."""

    address: str
    certificate: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Its certificate is its own; whoever does not trust that one gets no further."""
    folder = tmp_path_factory.mktemp("guarded")
    require_kafka(folder)
    if shutil.which("openssl") is None:
        missing("openssl is not on PATH: no certificate can be made")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    store = folder / "store.pem"
    store.write_text(key.read_text() + certificate.read_text())
    kafka = LocalKafka(folder / "kafka")
    port, _ = ports.choose(folder, 0)
    plain = f"PLAINTEXT://127.0.0.1:{kafka.port}"
    kafka.settings |= {
        "listeners": f"{plain},CONTROLLER://127.0.0.1:{kafka._controller},SASL_SSL://127.0.0.1:{port}",
        "advertised.listeners": f"{plain},SASL_SSL://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": store,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": PLAIN,
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": SCRAM,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": SCRAM,
    }
    with kafka:
        with closing(Connection((kafka.bootstrap,)).admin()) as admin:
            for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
                given = UserScramCredentialUpsertion("ana", kind, "hush")
                assert {"ana": None} == admin.alter_user_scram_credentials([given])
        yield Guarded(f"127.0.0.1:{port}", certificate)


@pytest.fixture
def ana(guarded: Guarded) -> Connection:
    """Who is let in."""
    password = "hush"  # noqa: S105 (made up)
    return Connection((guarded.address,), "SASL_SSL", guarded.certificate, "PLAIN", "ana", password, connect_s=20)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_with_certificate_and_password_everything_works(mechanism: str, ana: Connection, prefix: str) -> None:
    """Administrator, producer and consumer."""
    ana = replace(ana, mechanism=mechanism)
    topic_admin.ensure(ana, prefix, Shape(1, 1))
    delivery = Delivery(ana)
    delivery.send(f"{prefix}.crossings", b"1")
    delivery.flush()
    delivery.close()
    assert [b"1"] == [record.value for record in records(ana, f"{prefix}.crossings")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
@pytest.mark.parametrize("make", ["producer", "consumer", "admin"])
def test_a_wrong_password_is_said_at_once_and_not_shown(make: str, mechanism: str, ana: Connection) -> None:
    """It will not get right by trying again."""
    wrong = replace(ana, mechanism=mechanism, password="hash")  # noqa: S106 (made up)
    with pytest.raises(ConfigError, match="refused the login of 'ana'") as found, wrong.explained("testing"):
        getattr(wrong, make)()
    assert "hash" not in str(found.value)


def test_a_broker_with_another_certificate_is_not_talked_to(ana: Connection) -> None:
    """The certificate is not among those of the system."""
    stranger = replace(ana, ca_file=None, connect_s=1)
    with pytest.raises(Unavailable, match="kafka_security"), stranger.explained("testing"):
        stranger.admin()


def test_the_commands_take_the_login_from_the_environment(guarded: Guarded, prefix: str, tmp_path: Path) -> None:
    """So that no other user of the machine reads it."""
    env = {
        "LINEWATCH_KAFKA_BOOTSTRAP": guarded.address, "LINEWATCH_KAFKA_SECURITY": "SASL_SSL",
        "LINEWATCH_KAFKA_CA_FILE": str(guarded.certificate), "LINEWATCH_KAFKA_USERNAME": "ana",
        "LINEWATCH_KAFKA_PASSWORD": "hush", "LINEWATCH_KAFKA_TOPICS": prefix,
    }  # fmt: skip
    made = linewatch(tmp_path, "topics", "--create", env=env)
    assert 0 == made.code, made.err
    looked = linewatch(tmp_path, "doctor", "--kafka", env=env)
    assert f"11 named {prefix}.*" in looked.out
    assert "hush" not in looked.out + looked.err + made.out + made.err


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_worker_joins_with_the_login(mechanism: str, guarded: Guarded, prefix: str, tmp_path: Path) -> None:
    """Faust and aiokafka are told the same as kafka-python; one that is refused says so and ends."""
    settings = {
        "kafka_bootstrap": guarded.address, "kafka_security": "SASL_SSL", "kafka_ca_file": str(guarded.certificate),
        "kafka_username": "ana", "kafka_password": "hush", "kafka_topics": prefix, "kafka_group": prefix,
        "kafka_sasl_mechanism": mechanism,
    }  # fmt: skip
    worker = Child("worker", tmp_path, ["worker"], settings)
    try:
        until(lambda: any("ready: 12 partitions" in line for line in worker.lines), lambda: worker.lines)
    finally:
        worker.signal(signal.SIGTERM)
        worker.ended()
    refused = Child("refused", tmp_path, ["worker"], settings | {"kafka_password": "hash"}).ended(1)
    assert "refused the login of 'ana'" in refused.lines[-1]
    assert not any(secret in line for secret in ("hush", "hash") for line in worker.lines + refused.lines)
