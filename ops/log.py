"""How does a service say what happens? One event a line on standard error: for people, or as JSON for machines.

People get `linewatch: ` and a sentence. JSON has the same sentence as `message`, the name of the `event`, `level`,
`timestamp` (UTC) and the event's fields. What libraries log goes the same way, from warnings on. No event holds a
plate or a pseudonym; of an exception only its kind and place are told, since its text may quote data; whatever is
secret in the settings is masked wherever it stands.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

import msgspec
import structlog
from pydantic import SecretStr
from structlog.stdlib import ProcessorFormatter

from ops.progress import LOGGER, say
from schemas.plates import KEY_VARIABLE

if TYPE_CHECKING:
    from console.requests import Asked
    from ops.settings import Settings
    from schemas.errors import Reject

# told from INFO on with log_level=debug; SQLAlchemy is not among them: it would tell the values of its statements
LIBRARIES = ("kafka", "aiokafka", "faust", "mode", "uvicorn", "alembic")
MASKED = "[secret]"
SHORTEST = 6  # characters of a secret that is looked for: a shorter one is in every other word
Event = MutableMapping[str, Any]
MOST_REFUSALS, EVERY_S = 10, 60.0


def configure(settings: Settings) -> None:
    """Send what is said from now on, by us and by libraries, to standard error in the form of the settings."""
    shared: list[Any] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_log_level,
        _explain,
    ]
    handler = _Stderr()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _masking(settings),
                structlog.processors.JSONRenderer(default=str) if settings.log_format == "json" else _plain,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    level = settings.log_level.upper()
    logging.getLogger(LOGGER).setLevel(level)
    if level == "DEBUG":
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(logging.INFO)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class _Stderr(logging.StreamHandler[TextIO]):
    """Whatever is standard error at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _explain(_: Any, __: str, event: Event) -> Event:
    """In place of a traceback: the kind of exception and where it was raised."""
    info = event.pop("exc_info", None)
    problem = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(problem, BaseException):
        event["exception"] = type(problem).__name__
        frames = traceback.extract_tb(problem.__traceback__)
        event["where"] = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    event.pop("stack_info", None)
    return event


def _masking(settings: Settings) -> Callable[[Any, str, Event], Event]:
    """Takes the values of secret settings, and the plate key, out of every text of an event."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    password = urlsplit(settings.database_url.get_secret_value()).password or ""
    secrets = [one for one in (*secrets, password, os.environ.get(KEY_VARIABLE, "")) if len(one) >= SHORTEST]

    def mask(_: Any, __: str, event: Event) -> Event:
        for name, value in event.items():
            if isinstance(value, str):
                for secret in secrets:
                    value = value.replace(secret, MASKED)  # noqa: PLW2901
                event[name] = value
        return event

    return mask


def _plain(_: Any, __: str, event: Event) -> str:
    """The sentence; for what a library says, with the library before it and the exception behind."""
    text = str(event.get("message", event["event"]))
    origin = f"{event['logger']}: " if "logger" in event else ""
    problem = f" ({event['exception']} at {event['where']})" if "exception" in event else ""
    return f"linewatch: {origin}{text}{problem}".replace("\n", " ")


def request(asked: Asked) -> None:
    """One request to the console, by the pattern of its page."""
    level = "debug" if asked.code < 400 else "info" if asked.code < 500 else "error"
    say(
        f"request {asked.request_id}: {asked.method} {asked.route} {asked.code} in {1000 * asked.seconds:.0f} ms",
        "request", level=level, request_id=asked.request_id, method=asked.method, route=asked.route, code=asked.code,
        seconds=round(asked.seconds, 6),
    )  # fmt: skip


def detector_failed(detector: str, times: int) -> None:
    """A detector had no answer for a batch; said the 1st, 10th, 100th ... time."""
    if str(times).strip("0") == "1":
        say(f"the detector {detector} failed, {times:,} times by now: it has no answer for those batches",
            "detector_failed", level="error", detector=detector, times=times)  # fmt: skip


class Refusals:
    """Says which lines or records were refused, the first few of each minute; all of them are in the dead letter."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since, self._said, self._unsaid = -EVERY_S, 0, 0

    def tell(self, rejects: Sequence[Reject]) -> None:
        """Some of these."""
        if rejects and self._now() - self._since >= EVERY_S:
            if self._unsaid:
                say(f"{self._unsaid:,} more were refused", "refused_more", level="warning", count=self._unsaid)
            self._since, self._said, self._unsaid = self._now(), 0, 0
        for reject in rejects[: MOST_REFUSALS - self._said]:
            crossing_id = _crossing_id(reject)
            about = f", crossing {crossing_id}" if crossing_id else ""
            place = f"line {reject.line}" if reject.line else f"offset {reject.offset}"
            say(f"refused {reject.source or 'crossings'} {place}{about}: {reject.reason}", "refused", level="warning",
                reason=reject.reason, line=reject.line, offset=reject.offset, crossing_id=crossing_id)  # fmt: skip
        told = min(len(rejects), MOST_REFUSALS - self._said)
        self._said += told
        self._unsaid += len(rejects) - told


def _crossing_id(reject: Reject) -> str | None:
    """The id in what came, plates redacted there already; None where there is none that can be read."""
    try:
        found = msgspec.json.decode(reject.raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    value = found.get("crossing_id") if isinstance(found, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 64 and value.isprintable() else None
