"""What travels between the parts, and to people outside: Crossing, Disposition, Alert, Reason.

The shapes of the contract as pydantic models, strict (no number for a text, no text for a number), with fields that are
not known passed over. Blocks of crossings are read by `schemas.codec`, which accepts the same documents; these models
are for single objects, for messages and for the JSON Schema files.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_serializer,
    model_serializer,
    model_validator,
)

from schemas.plates import normalise
from schemas.redact import REDACTED
from schemas.wire import FORBIDDEN, Direction, LaneType, VehicleClass

SEVERITIES = ("low", "medium", "high", "critical")
OUTCOMES = ("cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined")
SHARE_TOLERANCE = 1e-9
SCORE_TOLERANCE = 0.01  # a score may be rounded to two decimals


def _moment(value: Any) -> Any:
    """A text goes through the same RFC 3339 reader as in the codec."""
    return msgspec.convert(value, dt.datetime) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    return msgspec.convert(value, dt.date) if isinstance(value, str) else value


def _plate(value: str) -> str:
    if value == REDACTED or not normalise(value):
        raise ValueError("a plate with a letter or a digit is required")
    return value


_ALLOWED = rf"^[^{FORBIDDEN}]*$"
Text32 = Annotated[str, Field(min_length=1, max_length=32, pattern=_ALLOWED)]
Text64 = Annotated[str, Field(min_length=1, max_length=64, pattern=_ALLOWED)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment, json_schema_input_type=dt.datetime)]
Day = Annotated[dt.date, BeforeValidator(_day, json_schema_input_type=dt.date)]
Plate = Annotated[str, Field(min_length=1, max_length=32), AfterValidator(_plate)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Typology = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{8,64}$")]


class _Model(BaseModel):
    # Input is hidden in errors since it may hold a plate.
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class Crossing(_Model):
    """One vehicle at one port, once. Exactly one of `vehicle` and `plate` (with `plate_jurisdiction`) is given."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["vehicle"], "properties": {"vehicle": {"type": "string"}, "plate": {"type": "null"}}},
                {
                    "required": ["plate", "plate_jurisdiction"],
                    "properties": {
                        "plate": {"type": "string"},
                        "plate_jurisdiction": {"type": "string"},
                        "vehicle": {"type": "null"},
                    },
                },
            ]
        }
    )

    schema_: Literal["crossing/1"] = Field("crossing/1", alias="schema")
    crossing_id: Text64 = Field(description="unique; a repeat within the dedup window is dropped")
    occurred_at: Moment = Field(description="capture time, RFC 3339 with offset, used to the millisecond")
    port: Text32 = Field(description="code of the port of entry")
    lane: Text64 = Field(description="lane or reader")
    direction: Direction
    vehicle: Text64 | None = Field(None, description="pseudonym")
    plate: Plate | None = Field(None, repr=False, description="raw, at the edge only: replaced by `vehicle` at once")
    plate_jurisdiction: Text32 | None = Field(None, description="for the audit only, never an input of a detector")
    lane_type: LaneType = "general"
    vehicle_class: VehicleClass = "passenger"
    read_confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    occupants: Annotated[int, Field(ge=0, le=999)] | None = None
    driver: Text64 | None = Field(None, description="pseudonym")
    make: Text64 | None = None
    model: Text64 | None = None
    colour: Text64 | None = None
    registered_on: Day | None = None
    owner_changed_on: Day | None = None
    rental: bool | None = None
    weight_kg: Annotated[Amount, Field(le=1e6)] | None = None
    laden: bool | None = None
    trailer: Text64 | None = Field(None, description="pseudonym")
    carrier: Text64 | None = Field(None, description="pseudonym")
    shipper: Text64 | None = Field(None, description="pseudonym")
    consignee: Text64 | None = Field(None, description="pseudonym")
    commodity: Text64 | None = Field(None, description="HS code")
    declared_value: Annotated[Amount, Field(le=1e15)] | None = None
    officer: Text64 | None = Field(None, description="pseudonym")
    wait_s: Annotated[Amount, Field(le=1e7)] | None = Field(None, description="seconds")
    inspection_s: Annotated[Amount, Field(le=1e7)] | None = Field(None, description="seconds")
    prequeue_lane: Text64 | None = None

    @model_validator(mode="after")
    def _one_identity(self) -> Crossing:
        if (self.vehicle is None) == (self.plate is None):
            raise ValueError("exactly one of `vehicle` and `plate` is required")
        if self.plate is not None and self.plate_jurisdiction is None:
            raise ValueError("`plate_jurisdiction` is required with `plate`")
        return self


class Disposition(_Model):
    """What a named person found or decided about a crossing."""

    disposition_id: Text64
    crossing_id: Text64
    alert_id: Text64 | None = Field(None, description="null when not from an alert")
    outcome: Literal["cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined"]
    selected_by: Literal["alert", "random", "officer"]
    by: Text64 = Field(description="pseudonym of who decided")
    at: Moment
    note: str | None = Field(None, max_length=4096)


class Reason(_Model):
    """One detector's part in an alert, with the numbers behind its sentence."""

    detector: Annotated[
        str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,99}@[A-Za-z0-9.]{1,32}$", description="name@version")
    ]
    typology: Typology
    p_value: Probability
    share: Share = Field(description="of the evidence; sums to 1 over the reasons of an alert")
    observed: int | Finite | str | None = None
    unit: str | None = None
    usual: Annotated[list[int | Finite], Field(min_length=2, max_length=2)] | None = Field(None, description="from, to")
    seen: Annotated[int, Field(ge=0)] | None = Field(None, description="how many earlier ones this rests on")
    sentence: Annotated[str, Field(min_length=1)]
    counterfactual: Annotated[str, Field(min_length=1)] | None = Field(None, description="left out where there is none")

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: Any) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        if self.counterfactual is None:
            fields.pop("counterfactual", None)
        return fields


class Alert(_Model):
    """Advice to an operator about one crossing. No wall-clock time is in it: the same log gives the same bytes."""

    schema_: Literal["alert/1"] = Field("alert/1", alias="schema")
    alert_id: Text64
    crossing_id: Text64
    occurred_at: Moment
    vehicle: Text64
    port: Text32
    lane: Text64
    direction: Direction
    p_value: Probability
    score: Annotated[Finite, Field(ge=0, description="-log10(p_value)")]
    severity: Literal["low", "medium", "high", "critical"]
    typologies: list[Typology]
    reasons: list[Reason]
    not_evaluated: list[str] = Field(description="detectors or typologies that had no answer")
    threshold: Finite
    config: Digest
    detectors: Digest
    priority: Share | None = Field(
        None, description="estimated probability that something is found; left out until enough was looked at"
    )
    vehicle_class: VehicleClass | None = Field(None, description="left out in alerts of earlier versions")

    @model_validator(mode="after")
    def _consistent(self) -> Alert:
        if self.reasons and abs(math.fsum(reason.share for reason in self.reasons) - 1) > SHARE_TOLERANCE:
            raise ValueError("the shares of the reasons must sum to 1")
        if abs(self.score + math.log10(self.p_value)) > SCORE_TOLERANCE:
            raise ValueError("the score must be -log10 of the p-value")
        return self

    @field_serializer("occurred_at")
    def _in_utc(self, moment: dt.datetime) -> str:
        return rfc3339(moment)

    def to_json(self) -> bytes:
        """The one line that stands for this alert everywhere: UTF-8, keys in the order of the contract, no line end."""
        fields = self.model_dump(by_alias=True)
        for name in ("priority", "vehicle_class"):
            if fields[name] is None:
                del fields[name]
        return _line(fields)


class Notice(_Model):
    """Something about a reader, a port's traffic or a detector that people should know: never about one vehicle.

    The one exception has the audience `integrity`, and goes to nobody else.
    """

    schema_: Literal["notice/1"] = Field("notice/1", alias="schema")
    notice_id: Text64
    occurred_at: Moment = Field(description="end of the hour of event time that showed it")
    kind: Literal["reader_fault", "flow_anomaly", "displacement", "drift", "integrity"]
    audience: Literal["operator", "supervisor", "integrity"]
    port: Text32 | None = Field(None, description="null when it is about all of them")
    lane: Text64 | None = None
    direction: Direction | None = None
    detector: str | None = None
    crossing_id: Text64 | None = Field(None, description="of audience integrity only")
    p_value: Probability | None = None
    observed: Finite | None = None
    usual: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None = Field(None, description="from, to")
    sentence: Annotated[str, Field(min_length=1)]
    config: Digest

    @field_serializer("occurred_at")
    def _in_utc(self, moment: dt.datetime) -> str:
        return rfc3339(moment)

    def to_json(self) -> bytes:
        """The one line that stands for this notice everywhere, no line end."""
        return _line(self.model_dump(by_alias=True))


class Control(_Model):
    """One crossing of the random control sample. Kept apart from the alerts: who looks must not know why."""

    schema_: Literal["control/1"] = Field("control/1", alias="schema")
    crossing_id: Text64
    occurred_at: Moment
    port: Text32
    lane: Text64

    @field_serializer("occurred_at")
    def _in_utc(self, moment: dt.datetime) -> str:
        return rfc3339(moment)

    def to_json(self) -> bytes:
        """The one line that stands for it, no line end."""
        return _line(self.model_dump(by_alias=True))


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def rfc3339(moment: dt.datetime) -> str:
    """`moment` in UTC, milliseconds (rounded down) and Z: 2026-01-31T07:15:00.250Z."""
    text = moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    return re.sub(r"\+00:00$", "Z", text)


def moment_of(time_ms: int) -> dt.datetime:
    """The aware UTC time of ms since 1970, as batches carry it."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=time_ms)
