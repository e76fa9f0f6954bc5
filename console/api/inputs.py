"""Which parameters do the API's paths share? Ids, limits, cursors, each with its bounds; and the errors they answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from console.api.models import Problem
from console.cursor import CHARACTERS
from console.listing import Which
from console.ports_page import SHOWN
from schemas.models import Text32, Text64

MOST = 200  # rows of a page


class Page(BaseModel):
    """Which page of a list; a parameter that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    limit: int = Field(50, ge=1, le=MOST, description="most rows of the page")
    cursor: str | None = Field(
        None, max_length=CHARACTERS, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before"
    )


class AlertsPage(Page):
    """Which alerts."""

    state: Which = "waiting"
    port: Text32 | None = Field(None, description="code of a port of entry")


class PortsPage(Page):
    """Which ports, by name."""

    limit: int = Field(SHOWN, ge=1, le=MOST, description="most ports of the page")


class SnoozesPage(BaseModel):
    """Which snoozes."""

    model_config = Page.model_config
    vehicle: Text64 | None = Field(None, description="pseudonym")
    active: bool = Field(False, description="only those that hide something now")
    limit: int = Field(50, ge=1, le=MOST, description="most rows")


PortCode = Annotated[Text32, Path(description="code of a port of entry")]
AlertId = Annotated[Text64, Path()]
Vehicle = Annotated[Text64, Path(description="pseudonym")]
SnoozeId = Annotated[Text64, Path()]
DispositionId = Annotated[Text64, Path()]

_TEXTS = {
    400: "what was sent cannot be read",
    401: "no token, or none that stands",
    403: "the token lacks the scope",
    404: "there is no such thing",
    409: "somebody else was faster, time is up, or it does not fit how things stand",
    413: "the body is too large",
    422: "a parameter or a field is not as it must be",
    429: "too many tokens from this address were refused",
    503: "the database does not answer",
}
ALWAYS = (400, 401, 403, 413, 422, 429, 503)


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a path may answer with."""
    return {code: {"model": Problem, "description": _TEXTS[code]} for code in codes}
