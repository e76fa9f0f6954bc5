"""Which settings are there, what is each one's value, and where did the value come from?

One table, the class `Settings`. A value is taken from the first of: a flag (`--set name=value`), the environment
(`LINEWATCH_NAME`), the TOML file (`--config C`), the default here: ops/configure.py merges them.
ops/settings_page.py prints the table for people.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.errors import ConfigError

PREFIX = "LINEWATCH_"
PORTS_BY_NAME = ("open", "us")


class RiverDetector(BaseModel):
    """One `[[river_detectors]]` table: any river anomaly detector by its dotted name."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    class_: str = Field(alias="class", pattern=r"^river(\.\w+)+$")
    params: dict[str, Any] = Field(default_factory=dict)


def _setting(default: Any, help_text: str, *, results: bool = False, **limits: Any) -> Any:
    """A row of the table; `results` marks what can change an alert and so belongs to `config_id`."""
    return Field(default, description=help_text, json_schema_extra={"results": results}, **limits)


class Settings(BaseSettings):
    """Every setting: unit in the name, default, help."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    lateness_ms: int = _setting(
        250, "How long the port stage waits for crossings that arrive out of order.", results=True, ge=0, le=3_600_000
    )
    half_life_days: float = _setting(
        60.0, "After so many days an observation counts half.", results=True, gt=0, le=36_500
    )
    budget_per_hour: float = _setting(
        6.0, "Alerts an hour and operator that each port's threshold aims at.", results=True, gt=0, le=100_000
    )
    budget_cap_per_hour: int = _setting(
        12, "Most alerts in any one hour per operator; times operators at most 256.", results=True, ge=1, le=256
    )
    operators: int = _setting(1, "Operators on duty at each port.", results=True, ge=1, le=10_000)
    floor_p: float = _setting(1e-3, "Never alert on a crossing whose p-value is above this.", results=True, gt=0, le=1)
    control_share: float = _setting(
        1e-3, "Share of all crossings drawn for the random control sample.", results=True, ge=0, le=1
    )
    detectors: Annotated[tuple[str, ...], NoDecode] = _setting(
        (), "Names of the detectors to run, separated by commas; empty runs all of them.", results=True
    )
    shift_changes: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Local times at which the officers' shifts change, such as 06:00,14:00,22:00, for `shift_change`; "
        "empty leaves that detector out.",
        results=True,
    )
    river_detectors: Annotated[tuple[RiverDetector, ...], NoDecode] = _setting(
        (), "River anomaly detectors to add: TOML tables with name, class, params (JSON in a flag).", results=True
    )
    max_vehicles: int = _setting(
        12_000_000, "Vehicles remembered at once; the longest unseen is forgotten first.", results=True, ge=1_000
    )
    forget_after_days: int = _setting(
        400, "A vehicle unseen for so many days is forgotten.", results=True, ge=1, le=36_500
    )
    ports: str = _setting(
        "open",
        "Port registry file, or `us` for the US land ports (unknown codes are then rejected), or `open`: ports "
        "are registered as they come.",
        results=True,
        min_length=1,
    )
    default_time_zone: str = _setting(
        "UTC", "Time zone of a port that the registry does not know (IANA name).", results=True
    )
    earliest_year: int = _setting(1990, "Crossings before this year are rejected.", results=True, ge=1970, le=2105)
    latest_year: int = _setting(2100, "Crossings from this year on are rejected.", results=True, ge=1971, le=2105)
    max_line_bytes: int = _setting(65_536, "Longer input lines are rejected.", results=True, ge=1_024, le=1_048_576)
    plate_key_file: Path = _setting(
        Path("~/.linewatch/plate.key"),
        "Key that turns plates into pseudonyms; made with mode 0600 on first use. "
        "The variable LINEWATCH_PLATE_KEY (hex) takes its place.",
    )
    batch_lines: int = _setting(4_096, "Most lines handled at once; never changes a result.", ge=1, le=1_000_000)
    checkpoint_every_crossings: int = _setting(500_000, "With --state: crossings between two checkpoints.", ge=1)
    checkpoint_every_s: float = _setting(30.0, "Live: seconds between two checkpoints.", gt=0, le=86_400)
    follow_poll_ms: int = _setting(50, "Live: how often a quiet source is looked at again.", ge=1, le=60_000)
    dead_letter_file: Path | None = _setting(
        None, "Where rejected lines go; unset: `<log>.rejects.jsonl` beside the alerts (replay) or in the data folder."
    )
    data_folder: Path = _setting(
        Path("linewatch-data"), "Live: folder of the alert database, the checkpoint, the spool and rejected lines."
    )
    ingest_host: str = _setting("127.0.0.1", "Live: address the HTTP ingest listens on.", min_length=1)
    ingest_port: int = _setting(8470, "Live: port the HTTP ingest listens on; 0 takes any free one.", ge=0, le=65_535)
    ingest_token: SecretStr = _setting(
        SecretStr(""), "Bearer token for the HTTP ingest; must be set when it is not bound to loopback."
    )
    console_host: str = _setting("127.0.0.1", "Console: address it listens on.", min_length=1)
    console_port: int = _setting(8480, "Console: port it listens on; 0 takes any free one.", ge=0, le=65_535)
    console_names: str = _setting(
        "", "Console: host names under which browsers reach it, separated by commas; those of this machine always may."
    )
    oidc_issuer: str = _setting(
        "", "Console: single sign-on (OpenID Connect) with this issuer, an https URL; empty: passwords only."
    )
    oidc_client_id: str = _setting("", "Console: its name at the issuer.")
    oidc_client_secret: SecretStr = _setting(SecretStr(""), "Console: its secret at the issuer.")
    oidc_claim: str = _setting("groups", "Console: the claim of the ID token that tells the role.", min_length=1)
    oidc_roles: str = _setting(
        "", "Console: value of that claim and role, as lanes=operator,leads=supervisor; the first that fits counts."
    )
    database_url: SecretStr = _setting(
        SecretStr(""),
        "Console: its database on PostgreSQL, as postgresql://user:password@host/database; empty: a SQLite file in "
        "data_folder.",
    )
    history_days: float = _setting(
        90.0, "Console: so long crossings are kept beside the alerts, for who looks at a vehicle; 0 keeps none.",
        ge=0, le=3_660,
    )  # fmt: skip
    log_format: Literal["console", "json"] = _setting(
        "console", "Live services: what they say on standard error, as lines for people or as JSON objects."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "Live services: the least that is said.")
    metrics_host: str = _setting("127.0.0.1", "Live services: address on which /metrics listens.", min_length=1)
    metrics_port: int = _setting(
        0,
        "Live services: port of /metrics; 0 takes a free one (`run` over HTTP: the ingest's).",
        ge=0,
        le=65_535,
    )
    ingest_max_body_bytes: int = _setting(
        8_388_608, "Largest body of one POST to the ingest.", ge=1_024, le=1_073_741_824
    )
    spool_segment_bytes: int = _setting(
        67_108_864, "The ingest spool starts a new file after so many bytes; read files are deleted.", ge=4_096
    )
    kafka_bootstrap: str = _setting(
        "127.0.0.1:9092", "Kafka: host:port of one broker or more, separated by commas.", min_length=1
    )
    kafka_topics: str = _setting(
        "linewatch", "Kafka: the names of all topics begin with this and a dot.", pattern=r"^[A-Za-z0-9._-]{1,200}$"
    )
    kafka_partitions: int = _setting(
        12, "Kafka: partitions of the crossings when the topics are made; never change them later.", ge=1, le=10_000
    )
    kafka_port_partitions: int = _setting(
        4, "Kafka: partitions of what is keyed by port, when the topics are made.", ge=1, le=10_000
    )
    kafka_replication: int = _setting(1, "Kafka: copies of each record, when the topics are made.", ge=1, le=100)
    kafka_retention_hours: float = _setting(
        168.0, "Kafka: how long crossings are kept, when the topics are made.", gt=0, le=876_000
    )
    kafka_group: str = _setting("linewatch", "Kafka: consumer group of the workers.", min_length=1, max_length=200)
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "PLAINTEXT", "Kafka: how brokers are reached; SASL asks for kafka_username and kafka_password."
    )
    kafka_ca_file: Path | None = _setting(
        None, "Kafka: PEM file of the certificates to trust with SSL; unset: those of the system."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = _setting(
        "PLAIN", "Kafka: how the password is proved with SASL."
    )
    kafka_username: str = _setting("", "Kafka: who logs in with SASL.")
    kafka_password: SecretStr = _setting(SecretStr(""), "Kafka: the password with SASL; better in the environment.")

    grafana_url: str = _setting(
        "http://127.0.0.1:3000", "Grafana: where `linewatch grafana push` finds it.", pattern=r"^https?://[^\s?#@]+$"
    )
    grafana_token: SecretStr = _setting(
        SecretStr(""), "Grafana: token of a service account that may edit; better in the environment."
    )
    grafana_prometheus_url: str = _setting(
        "http://127.0.0.1:9090", "Grafana: where it finds Prometheus, seen from Grafana.", pattern=r"^https?://[^\s@]+$"
    )
    grafana_runbook: str = _setting(
        "docs/runbook.md", "Grafana: where people on call read docs/runbook.md; links put `#heading` behind it.",
        pattern=r"^[^\s#]+$",
    )  # fmt: skip

    worker_checkpoint_s: float = _setting(
        10.0, "Worker: seconds between two checkpoints of a partition; so much is assessed again after a crash.",
        gt=0, le=3_600,
    )  # fmt: skip
    worker_session_s: float = _setting(
        10.0, "Worker: after so many seconds of silence the others take its partitions over.", ge=1, le=600
    )
    worker_stuck_s: float = _setting(
        120.0,
        "Worker: it ends when it has records to read and has not moved for so long; five times that in a rebalance.",
        ge=10,
        le=86_400,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values come in through ops/configure.py only, so that building a `Settings` never reads the environment."""
        return (init_settings,)

    @field_validator("detectors", "shift_changes", "river_detectors", mode="before")
    @classmethod
    def _list_from_text(cls, value: Any) -> Any:
        """Flags and variables are text: JSON when it looks like a list, else names separated by commas."""
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("shift_changes")
    @classmethod
    def _times_of_day(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time) is None for time in value):
            raise ValueError("local times from 00:00 to 23:59 are required, such as 06:00,14:00,22:00")
        return value

    @field_validator("default_time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):  # not a name, or a name that no zone has
            raise ValueError("no such time zone; use an IANA name such as America/Los_Angeles") from None
        return value

    def shift_minutes(self) -> tuple[int, ...]:
        """`shift_changes` in minutes after local midnight."""
        return tuple(60 * int(time[:2]) + int(time[3:]) for time in self.shift_changes)

    def config_id(self) -> str:
        """`sha256:` and the hash of the canonical JSON of every setting that can change a result.

        A port registry counts by its content, not by its path. Raises ConfigError when that file cannot be read.
        """
        wanted = {name for name in NAMES if changes_results(name)}
        values = self.model_dump(mode="json", by_alias=True, include=wanted)
        if self.ports not in PORTS_BY_NAME:
            values["ports"] = _digest(read_file(Path(self.ports), "setting ports"))
        return _digest(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())


NAMES = tuple(Settings.model_fields)


def changes_results(name: str) -> bool:
    """Whether a setting can change an alert or an assessment."""
    extra = Settings.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and extra.get("results") is True


def is_secret(name: str) -> bool:
    """Whether a setting's value must never be shown."""
    field = Settings.model_fields.get(name)
    return field is not None and field.annotation is SecretStr


def read_file(path: Path, what: str) -> bytes:
    """The file's bytes; ConfigError naming `what` asked for it when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigError(f"{what}: cannot read {path} ({problem.strerror}). Name a file that exists.") from None


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def shown(settings: Settings, name: str) -> str:
    """A setting's value as text for people; secrets masked."""
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return "set (hidden)" if value.get_secret_value() else "not set"
    if isinstance(value, tuple):
        return ", ".join(v if isinstance(v, str) else v.name for v in value) or "(none)"
    return "not set" if value is None else str(value)
