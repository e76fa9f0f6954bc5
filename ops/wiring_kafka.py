"""Where is what works on Kafka built? Here, from the settings; everything else is built in ops/wiring.py."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import wiring
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from console.database import Database
    from console.inbox import Inbox
    from ops.metrics_worker import WorkerFigures
    from ops.settings import Settings
    from schemas.plates import Pseudonymiser
    from schemas.ports import Ports
    from stream.decisions import DecisionTopic
    from stream.faust_engine import Engine, Reach
    from stream.kafka_clients import Connection
    from stream.stages import OnError
    from stream.worker_run import WorkerRun


def build_worker(settings: Settings, say: Callable[[str], None], figures: WorkerFigures) -> WorkerRun:
    """A worker with its clients; topics that are missing are made. Unavailable when no broker answers."""
    from stream.agreed_ports import AgreedPorts
    from stream.exchange import Board
    from stream.homes import Homes
    from stream.publisher import Publisher
    from stream.tenants import Tenants
    from stream.topic_admin import ensure
    from stream.topics import Topics
    from stream.worker import Clocks, Policy, Registry, Worker
    from stream.worker_run import Watchdog, WorkerRun

    connection = wiring.build_connection(settings)
    topics = Topics.of(settings.kafka_topics)
    shape = ensure(connection, settings.kafka_topics, wiring.build_shape(settings))
    ports = wiring.build_ports(settings)
    agreed = AgreedPorts(connection, topics.ports)
    pseudonymiser = wiring.build_pseudonymiser(settings)
    said = (topics.assessed, topics.exchange, topics.rejects)
    publisher = Publisher(connection, settings.kafka_group, said, on_lost=lambda outlet: say(f"lost {outlet.name}"))
    builders = _Builders(settings, ports, pseudonymiser, shape.partitions, figures.failed)
    if ports.is_open:
        ports.agree_by(agreed.agree)
    homes = Homes(connection, topics, settings.kafka_group, publisher, builders.all())
    boards = (Board("vehicle", shape.partitions), Board("port", shape.port_partitions))
    policy = Policy(settings.worker_checkpoint_s, max(0.25, settings.lateness_ms / 1000))
    clocks = Clocks(time.monotonic, lambda: time.time_ns() // 1_000_000)
    tenants = Tenants(homes, publisher, boards, clocks.now)
    worker = Worker(tenants, publisher, topics, Registry(ports, agreed), policy, clocks, figures)
    run = WorkerRun(worker, connection, topics, Watchdog(time.monotonic, settings.worker_stuck_s))
    figures.begin(run, builders.detectors)
    return run


class _Builders:
    """Makes partitions of one configuration; each has detectors of its own, river's models among them."""

    def __init__(
        self, settings: Settings, ports: Ports, pseudonymiser: Pseudonymiser, sources: int, failed: OnError
    ) -> None:  # fmt: skip
        self._failed = failed
        self._settings, self._ports, self._pseudonymiser, self._sources = settings, ports, pseudonymiser, sources
        self._control_key = pseudonymiser.derived("control sample")
        self._state_key = pseudonymiser.derived("state in kafka")
        # detectors see the ports that the setting names, as in one process, whatever an open registry has learnt since
        self._named = wiring.build_ports(settings)
        pipeline = wiring.build_pipeline(settings, self._named, control_key=self._control_key)
        self._config = pipeline.config
        self.detectors = [detector.name for detector in pipeline.layout.detectors]
        self._identity = wiring.identity(settings, pipeline, pseudonymiser, "kafka", None)
        self._now_ms = [0]
        self._codec = wiring.build_codec(settings, ports, pseudonymiser)
        self._live_codec = wiring.build_codec(settings, ports, pseudonymiser, clock=lambda: self._now_ms[0])

    def all(self) -> Any:
        """What `Homes` asks for."""
        from stream.homes import Builders

        return Builders(self._vehicle, self._port, self._changelog)

    def _vehicle(self, number: int, board: Any) -> Any:
        from stream.intake import Intake
        from stream.pipeline import detectors_of, vehicle_stage
        from stream.stages import Layout
        from stream.vehicle_partition import VehiclePartition

        config = self._config
        stage = vehicle_stage(config, Layout(detectors_of(config, self._named)), self._failed, alone=False)
        intake = Intake(self._codec, self._live_codec, self._now_ms, config.lateness_ms)
        return VehiclePartition(number, stage, intake, board)

    def _port(self, number: int, board: Any) -> Any:
        from stream.alerts import AlertBuilder
        from stream.notices import NoticeBuilder
        from stream.pipeline import detectors_of, port_stage
        from stream.port_partition import PortPartition
        from stream.stages import Layout

        config, ports = self._config, self._ports
        layout = Layout(detectors_of(config, self._named))
        builder = AlertBuilder(layout, ports, config.config_id)
        notices = NoticeBuilder(layout, ports, config.config_id)
        stage = port_stage(config, layout, ports, self._failed, alone=False)
        return PortPartition(number, stage, layout, builder, notices, board, self._sources)

    def _changelog(self) -> Any:
        from stream.changelog import Changelog

        return Changelog(self._state_key, self._identity)


def build_engine(settings: Settings, run: WorkerRun, folder: Path) -> Engine:
    """The engine that drives a worker; `folder` is for what Faust wants to make."""
    from stream.faust_engine import Engine
    from stream.topics import Topics

    topics = Topics.of(settings.kafka_topics)
    reach = _reach(wiring.build_connection(settings))
    return Engine(
        reach, settings.kafka_group, [topics.crossings, topics.assessed], run, folder=folder,
        session_s=settings.worker_session_s,
    )  # fmt: skip


def _reach(connection: Connection) -> Reach:
    """Credentials as Faust wants them."""
    import ssl

    from stream.faust_engine import Reach, credentials

    if connection.security == "PLAINTEXT":
        return Reach(connection.bootstrap)
    context = None
    if connection.security.endswith("SSL"):
        try:
            context = ssl.create_default_context(cafile=connection.ca_file)
        except OSError as problem:
            raise ConfigError(f"setting kafka_ca_file: {connection.ca_file} cannot be used ({problem}).") from None
    return Reach(connection.bootstrap, credentials(connection, context))


def build_decisions(settings: Settings) -> DecisionTopic:
    """Where the console's decisions go; ConfigError for what cannot work."""
    connection = wiring.build_connection(settings)
    from stream.decisions import DecisionTopic
    from stream.topics import Topics

    return DecisionTopic(connection, Topics.of(settings.kafka_topics).dispositions)


def build_inbox(
    settings: Settings, database: Database, now_ms: Callable[[], int], told: Callable[[str], None]
) -> Inbox:  # fmt: skip
    """What brings alerts from Kafka into the console's database; topics that are missing are made."""
    from console.inbox import Inbox, Reading
    from schemas.plates import Pseudonymiser
    from stream.topic_admin import ensure
    from stream.topic_reader import Place, TopicReader
    from stream.topics import Topics

    connection, ports = wiring.build_connection(settings), wiring.build_ports(settings)
    # plates do not come by Kafka; one of another producer gets a pseudonym that means nothing, where there is no key
    keyless = not wiring.has_key(settings)
    pseudonymiser = Pseudonymiser(secrets.token_bytes(32)) if keyless else wiring.build_pseudonymiser(settings)
    reading = Reading(
        Topics.of(settings.kafka_topics), wiring.build_codec(settings, ports, pseudonymiser), ports,
        settings.history_days,
    )  # fmt: skip

    def opens(known: dict[Place, int], since_ms: dict[str, int | None]) -> TopicReader:
        ensure(connection, settings.kafka_topics, wiring.build_shape(settings))
        return TopicReader(connection, known, since_ms)

    return Inbox(database, opens, reading, now_ms, told)
