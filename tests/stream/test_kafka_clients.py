"""What does a user read when Kafka cannot be used, and does the password stay out of it?"""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import errors

from ops import wiring
from ops.configure import load
from schemas.errors import ConfigError, LinewatchError, Unavailable
from stream.kafka_clients import Connection

AWAY = Connection(("127.0.0.1:1",), connect_s=0.2)


@pytest.mark.parametrize("make", ["producer", "consumer", "admin"])
def test_no_broker_says_where_it_was_looked_for_and_what_to_do(make: str) -> None:
    """It passes: whoever retries may."""
    says = r"testing: no broker answers at 127.0.0.1:1 .*make kafka.*kafka_bootstrap"
    with pytest.raises(Unavailable, match=says), AWAY.explained("testing"):
        getattr(AWAY, make)()


@pytest.mark.parametrize(
    ("problem", "kind", "says"),
    [
        (errors.SaslAuthenticationFailedError("no"), ConfigError, "refused the login of 'ana'.*kafka_password"),
        (errors.TopicAuthorizationFailedError("t"), ConfigError, "does not allow it.*'ana'"),
        (errors.UnknownTopicOrPartitionError("t"), ConfigError, "linewatch topics"),
        (errors.InvalidReplicationFactorError("3"), ConfigError, "kafka_replication"),
        (errors.UnsupportedVersionError("x"), ConfigError, "Kafka 2.5"),
        (errors.KafkaTimeoutError("x"), Unavailable, "no broker answers at b:9092.*make kafka"),
        (errors.NotEnoughReplicasError("x"), Unavailable, "from the broker at b:9092"),
        (errors.OutOfOrderSequenceNumberError("x"), Unavailable, "Run it again"),
    ],
)
def test_each_kind_of_failure_is_one_of_ours_on_one_line(
    problem: Exception, kind: type[LinewatchError], says: str
) -> None:
    """What passes can be tried again; what does not names the setting."""
    connection = Connection(("b:9092",), "SASL_SSL", username="ana", password="hush")  # noqa: S106 (made up)
    found = connection.explain(problem, "testing")
    assert isinstance(found, kind)
    with pytest.raises(kind, match=f"testing.*{says}"):
        raise found
    assert "\n" not in str(found)
    assert "hush" not in str(found) + repr(connection)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["kafka_bootstrap=http://b"], "kafka_bootstrap: host:port is required"),
        (["kafka_bootstrap=,"], "kafka_bootstrap: host:port is required"),
        (["kafka_security=TLS"], "kafka_security"),
        (["kafka_topics=a b"], "kafka_topics"),
        (["kafka_security=SSL", "kafka_ca_file=/no/such.pem"], "kafka_ca_file: /no/such.pem is no file"),
        (["kafka_security=SASL_SSL", "kafka_username=ana"], "kafka_username and kafka_password are required"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_tried(flags: list[str], says: str) -> None:
    """Each names the setting."""
    with pytest.raises(ConfigError, match=says):
        wiring.build_connection(load(flags=flags).settings)


def test_several_brokers_and_a_login_come_from_the_settings(tmp_path: Path) -> None:
    """As a cluster has it."""
    pem = tmp_path / "ca.pem"
    pem.write_text("")
    flags = [
        "kafka_bootstrap=a:1, [::1]:2,c", "kafka_security=SASL_SSL", f"kafka_ca_file={pem}", "kafka_username=ana",
        "kafka_password=hush", "kafka_sasl_mechanism=SCRAM-SHA-512",
    ]  # fmt: skip
    built = wiring.build_connection(load(flags=flags).settings)
    assert Connection(("a:1", "[::1]:2", "c"), "SASL_SSL", pem, "SCRAM-SHA-512", "ana", "hush") == built
