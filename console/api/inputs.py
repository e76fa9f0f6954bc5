"""Which parameters do the API's paths share? Ids, limits, cursors, each with its bounds; and the errors they answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query

from console.api.models import Problem
from console.cursor import CHARACTERS
from schemas.models import Text32, Text64

MOST = 200  # rows of a page
Limit = Annotated[int, Query(ge=1, le=MOST, description="most rows of the page")]
Cursor = Annotated[
    str | None, Query(max_length=CHARACTERS, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before")
]
Port = Annotated[Text32 | None, Query(description="code of a port of entry")]
AlertId = Annotated[Text64, Path()]
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
