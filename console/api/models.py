"""What does the JSON API take and give? Its models; alerts and notices are those of `schemas.models`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from console.listing import Standing
from console.queue import NOTE_CHARACTERS, UNDO_MS, Decision
from console.snoozes import LONGEST_DAYS, REASON_CHARACTERS, Snooze
from schemas.models import Alert, Notice, Text32, Text64, moment_of, rfc3339

At = Annotated[
    dt.datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
Outcome = Literal["cleared", "referred_nothing", "seizure", "other_violation", "possible_victim", "not_examined"]
# texts that people write: several lines are allowed, NUL is not, which PostgreSQL cannot hold
WRITTEN = r"^[^\u0000]*$"
CODE = r"^[a-z_]+$"


class Taken(BaseModel):
    """What programs send; a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Problem(BaseModel):
    """What went wrong and what to do, for people."""

    error: str


class Me(BaseModel):
    """Whose token it is, and what it may."""

    name: str
    role: str
    pseudonym: str = Field(description="`by` in dispositions")
    token: str = Field(description="id of the token")
    scopes: list[str] = Field(description="those that the user's role allows")


class StandingAlert(BaseModel):
    """An alert, and how it stands."""

    alert: Alert
    issued_at: At = Field(description="when it was stored")
    held_by: str | None = Field(description="name of who works on it now")
    held_until: At | None
    assigned_to: str | None
    hidden_by: str | None = Field(description="id of the snooze that hides it")
    decided_at: At | None

    @classmethod
    def of(cls, row: Standing) -> StandingAlert:
        """From a row."""
        return cls(**_fields(row))


class Alerts(BaseModel):
    """A page of alerts."""

    alerts: list[StandingAlert]
    next: str | None = Field(description="cursor of the next page; null at the end")


class Decided(BaseModel):
    """A decision, as it is passed on (contract: disposition) with the code of its reason."""

    disposition_id: str
    alert_id: str
    crossing_id: str
    outcome: Outcome
    code: str
    note: str
    by: str = Field(description="pseudonym of who decided")
    at: At
    undo_until: At = Field(description="until then who decided may take it back")

    @classmethod
    def of(cls, row: Decision) -> Decided:
        """From a row."""
        return cls(**_fields(row), undo_until=moment_of(row.at_ms + UNDO_MS))


class AlertWithDecisions(StandingAlert):
    """One alert, and the decisions on it that stand."""

    decisions: list[Decided]


class Take(Taken):
    """Where to look for the next alert."""

    port: Text32 | None = None


class Decide(Taken):
    """A decision on an alert that one holds."""

    outcome: Outcome
    code: Annotated[str, Field(min_length=1, max_length=32, pattern=CODE)] = Field(description="of the reason")
    note: Annotated[str, Field(max_length=NOTE_CHARACTERS, pattern=WRITTEN)] = ""


class Undone(BaseModel):
    """The alert that is open again."""

    alert_id: str


class Assign(Taken):
    """Who is to look at an alert."""

    to: Text64 | None = Field(description="name of an operator or supervisor; null for nobody in particular")


class SnoozeGiven(BaseModel):
    """What a vehicle's alerts of one typology are hidden by."""

    snooze_id: str
    vehicle: str
    typology: str
    by: str = Field(description="name of who made it")
    why: str
    at: At
    until: At
    ended_at: At | None
    hid: int = Field(description="alerts that it hides")

    @classmethod
    def of(cls, row: Snooze) -> SnoozeGiven:
        """From a row."""
        return cls(**_fields(row))


class Snoozes(BaseModel):
    """Newest first."""

    snoozes: list[SnoozeGiven]


class SnoozeAdd(Taken):
    """What to hide, for how long, and why."""

    vehicle: Text64
    typologies: Annotated[list[Text64], Field(min_length=1, max_length=64)]
    days: Annotated[float, Field(gt=0, le=LONGEST_DAYS)]
    why: Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS, pattern=WRITTEN)]


class SnoozesMade(BaseModel):
    """One for each typology."""

    snooze_ids: list[str]


class AuditEntry(BaseModel):
    """One thing that somebody did; `hash` follows from this entry and the one before."""

    seq: int
    at: At
    user: str
    action: str
    subject: str
    why: str
    detail: dict[str, Any]
    hash: str


class AuditEntries(BaseModel):
    """Newest first."""

    entries: list[AuditEntry]
    next: str | None = Field(description="cursor of the next page; null at the end")


class Notices(BaseModel):
    """Newest first."""

    notices: list[Notice]
    next: str | None = Field(description="cursor of the next page; null at the end")


def _fields(row: Standing | Decision | Snooze) -> dict[str, Any]:
    """The row's fields; `x_ms` as the moment `x_at`, but `at_ms` as `at` and `..until_ms` as `..until`."""
    fields = {}
    for name, value in row._asdict().items():
        stem = name.removesuffix("_ms")
        if stem == name:
            fields[name] = value
        else:
            key = stem if stem.endswith(("at", "until")) else f"{stem}_at"
            fields[key] = None if value is None else moment_of(value)
    return fields
