"""How are Kafka clients made, and what does a user read when Kafka fails?

`Connection` holds what is the same for every client of a process, and makes them: a producer that loses and repeats
nothing, a consumer of the partitions it is told, an administrator. `explained` turns the library's exceptions into the
project's: `Unavailable` for what passes, `ConfigError` for what somebody has to change.

    connection = Connection(("127.0.0.1:9092",))
    with connection.explained("reading crossings"), closing(connection.consumer()) as consumer: ...

The library says on its logger "kafka" what it tries and retries, a line a second while a broker is away; here the
outcome is in an exception, so that logger is quiet unless somebody has given it a level.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, errors

from schemas.errors import ConfigError, Unavailable
from stream.topics import LARGE_BYTES

DEFAULT_PORT = 9092
LATEST_ACK_MS = 180_000  # how long a producer tries before a send fails: a broker may be away for two minutes
REQUEST_MS = 30_000
BACKOFF_MS = 1_000  # longest pause between two attempts to reach a broker that is away
CONNECT_S = 10.0
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+)(:\d{1,5})?")


@dataclass(frozen=True)
class Connection:
    """Where the brokers are and how one is let in. Prints without the password."""

    bootstrap: tuple[str, ...]  # host:port of one broker or more; the others are learnt from them
    security: str = "PLAINTEXT"  # or SSL, SASL_PLAINTEXT, SASL_SSL
    ca_file: Path | None = None  # certificates to trust; None: those of the system
    mechanism: str = "PLAIN"  # or SCRAM-SHA-256, SCRAM-SHA-512
    username: str = ""
    password: str = field(default="", repr=False)
    connect_s: float = CONNECT_S  # how long making a client waits for a first answer

    def __post_init__(self) -> None:
        """ConfigError for what cannot work, whatever the broker says."""
        for address in self.bootstrap or ("",):
            if not _ADDRESS.fullmatch(address):
                raise ConfigError(
                    f"setting kafka_bootstrap: host:port is required, more of them separated by commas; got {address!r}"
                )
        if self.ca_file is not None and not self.ca_file.is_file():
            raise ConfigError(f"setting kafka_ca_file: {self.ca_file} is no file. Name a PEM file of certificates.")
        if self.security.startswith("SASL") and not (self.username and self.password):
            raise ConfigError(f"settings kafka_username and kafka_password are required with {self.security}; set both")

    def producer(
        self,
        *,
        transactional_id: str | None = None,
        linger_ms: int = 20,
        batch_bytes: int = 262_144,
        latest_ack_ms: int = LATEST_ACK_MS,
        **more: Any,
    ) -> KafkaProducer:
        """An idempotent producer: in order within a partition, each record once, acknowledged by all replicas.

        A send fails when it was not acknowledged after `latest_ack_ms`; until then the library tries again. With
        `transactional_id` call `init_transactions()` before anything else. Records may have up to 8 MiB.
        """
        arguments: dict[str, Any] = {
            "transactional_id": transactional_id,
            "enable_idempotence": True,
            "acks": "all",
            "compression_type": "zstd",
            "linger_ms": linger_ms,
            "batch_size": batch_bytes,
            "max_request_size": LARGE_BYTES,
            "delivery_timeout_ms": latest_ack_ms,
            "max_block_ms": min(latest_ack_ms, LATEST_ACK_MS),
        }
        return _made(KafkaProducer, self._common() | arguments | more)

    def consumer(self, *, committed: bool = False, **more: Any) -> KafkaConsumer:
        """A consumer for `assign` and `seek`, in no group: who reads knows where it stands.

        `committed`: only what committed transactions have written. A position that the broker no longer has is an
        error (`OffsetOutOfRangeError` from `poll`), never a silent jump. While the broker is away `poll` gives nothing.
        """
        arguments: dict[str, Any] = {
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "isolation_level": "read_committed" if committed else "read_uncommitted",
            "max_partition_fetch_bytes": LARGE_BYTES,
            "max_poll_records": 4_096,
            "retry_backoff_ms": 20,
        }
        return _made(KafkaConsumer, self._common() | arguments | more)

    def admin(self, **more: Any) -> KafkaAdminClient:
        """An administrator: topics, configurations, offsets."""
        return _made(KafkaAdminClient, self._common(topics=False) | more)

    def _common(self, *, topics: bool = True) -> dict[str, Any]:
        quiet = logging.getLogger("kafka")
        if quiet.level == logging.NOTSET:
            quiet.setLevel(logging.CRITICAL)
        common: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "bootstrap_timeout_ms": round(self.connect_s * 1000),
            "request_timeout_ms": REQUEST_MS,
            "reconnect_backoff_max_ms": BACKOFF_MS,
            "security_protocol": self.security,
            "client_id": "linewatch",
        }
        if topics:  # a typing error in a name must not make a topic with the broker's defaults
            common |= {"allow_auto_create_topics": False, "metrics_enabled": False}
        if self.security.endswith("SSL"):
            common["ssl_cafile"] = None if self.ca_file is None else str(self.ca_file)
        if self.security.startswith("SASL"):
            common |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return common

    @contextmanager
    def explained(self, doing: str) -> Iterator[None]:
        """Within, an exception of the library becomes one of ours; `doing` says what failed, such as "reading x"."""
        try:
            yield
        except (errors.KafkaError, OSError) as problem:
            raise self.explain(problem, doing) from problem

    def explain(self, problem: BaseException, doing: str) -> ConfigError | Unavailable:
        """The project's error for one of the library's, saying what to do."""
        where = ", ".join(self.bootstrap)
        if isinstance(problem, _LOGIN):
            return ConfigError(
                f"{doing}: the broker at {where} refused the login of {self.username!r} ({self.mechanism}). "
                "Correct kafka_username, kafka_password, kafka_sasl_mechanism."
            )
        if isinstance(problem, errors.AuthorizationError):
            return ConfigError(f"{doing}: the broker does not allow it ({problem}). Give {self.username!r} the right.")
        for kinds, remedy in _REMEDIES:
            if isinstance(problem, kinds):
                return ConfigError(f"{doing}: {_text(problem)}. {remedy}")
        if isinstance(problem, (errors.KafkaTimeoutError, errors.KafkaConnectionError, errors.NodeNotReadyError)):
            start = "start one (make kafka), or set kafka_bootstrap"
            hint = f"{start}, kafka_security, kafka_ca_file" if self.security != "PLAINTEXT" else start
            return Unavailable(f"{doing}: no broker answers at {where} ({_text(problem)}): {hint}")
        return Unavailable(f"{doing}: {_text(problem)}, from the broker at {where}. Run it again.")


def _made(kind: Any, arguments: dict[str, Any]) -> Any:
    """A client. Three things the library forgets while one is made (3.0.12) are done here.

    A refused login it tries again until the time is up, and then says that nobody answered: here it ends the attempt.
    The broker's last words before it hangs up (that refusal) it drops when it reads both at once, as on a busy machine.
    And where an attempt fails, its sockets and its thread stay: here they are closed.
    """
    inner: list[Any] = []

    def network(**configs: Any) -> Any:
        client = kind.DEFAULT_CONFIG["kafka_client"](**configs)
        inner.append(client)
        _watch_logins(client._manager)
        _hear_last_words(client._manager)
        return client

    try:
        made = kind(**arguments, kafka_client=network)
    except BaseException:
        for client in inner:
            client.close()
        raise
    for client in inner:
        del client._manager.get_connection  # from here on it is the library's own again
    return made


def _watch_logins(manager: Any) -> None:
    """Have `get_connection` raise what an earlier connection failed with, if that was a refused login."""
    connect = manager.get_connection
    refused: list[BaseException] = []

    def get_connection(*arguments: Any, **more: Any) -> Any:
        if refused:
            raise refused[0]
        connection = connect(*arguments, **more)
        connection.init_future.add_errback(lambda problem: refused.append(problem) if _is_login(problem) else None)
        return connection

    manager.get_connection = get_connection


def _hear_last_words(manager: Any) -> None:
    """Have transports hand on what they read before they report that the other side hung up: it is found again."""
    build = manager._build_transport

    async def build_transport(*arguments: Any, **more: Any) -> Any:
        transport = await build(*arguments, **more)
        receive = transport._sock_recv

        def receive_first() -> tuple[bytes, Any]:
            data, problem = receive()
            return data, None if data else problem

        transport._sock_recv = receive_first
        return transport

    manager._build_transport = build_transport


def _is_login(problem: BaseException) -> bool:
    return isinstance(problem, _LOGIN)


_LOGIN = (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError, errors.IllegalSaslStateError)
_REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (errors.UnknownTopicOrPartitionError, errors.InvalidTopicError),
        "`linewatch topics` lists what is there, with --create it makes what is missing.",
    ),
    ((errors.InvalidReplicationFactorError,), "Set kafka_replication to at most the number of brokers."),
    ((errors.InvalidPartitionsError,), "Correct kafka_partitions and kafka_port_partitions."),
    ((errors.PolicyViolationError, errors.InvalidConfigurationError), "The broker forbids it: ask who runs it."),
    ((errors.MessageSizeTooLargeError, errors.RecordListTooLargeError), "Raise max.message.bytes of the topic."),
    ((errors.UnsupportedVersionError, errors.UnsupportedCodecError), "Kafka 2.5 or newer is required."),
    ((errors.KafkaConfigurationError,), "Correct the kafka_ settings (`linewatch doctor` shows them)."),
)  # fmt: skip


def _text(problem: BaseException) -> str:
    """What the library says, on one line, without its own name for it where it says more."""
    return " ".join(str(problem).split()) or type(problem).__name__
