"""What is written on the dashboards' time axis? That the configuration changed, and that a detector drifted.

Both are Grafana's organisation annotations, found again by their tags: pushing twice writes nothing twice. Of notices
only drift is taken: what the integrity role is told never leaves for Grafana.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.errors import ConfigError
from schemas.models import Notice

TAG = "linewatch"
NEWEST = 500  # drift notices looked at; a border has a few a week
LONGEST = 65_536  # bytes of a line


class Note(NamedTuple):
    """One mark: when (ms since 1970), which kind, a tag of its own, what it says."""

    at_ms: int
    kind: str
    key: str
    text: str

    @property
    def tags(self) -> list[str]:
        """How it is found again, and how dashboards choose what they show."""
        return [TAG, self.kind, self.key]


def configuration(config_id: str, at_ms: int) -> Note:
    """The configuration in force now."""
    short = config_id.removeprefix("sha256:")[:12]
    text = f"Alerts are made with configuration {short} from here on (`config` in an alert begins with it)."
    return Note(at_ms, "configuration", f"config:{short}", text)


def drifts(path: Path) -> list[Note]:
    """The drift notices of a file that `linewatch run --notices` wrote. Raises ConfigError for a line that is none."""
    found = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                notice = Notice.model_validate_json(line[:LONGEST])
            except ValidationError:
                raise ConfigError(f"{path}:{number}: not a notice; name a file written with --notices.") from None
            if notice.kind == "drift":
                at_ms = round(notice.occurred_at.timestamp() * 1000)
                found.append(Note(at_ms, "drift", f"notice:{notice.notice_id}", notice.sentence))
    return found[-NEWEST:]


def missing(wanted: Iterable[Note], there: Iterable[dict[str, Any]]) -> list[Note]:
    """Those whose own tag is on none of the annotations that Grafana has."""
    known = {tag for annotation in there for tag in annotation.get("tags") or ()}
    return [note for note in wanted if note.key not in known]


def changed(now: Note, there: Iterable[dict[str, Any]]) -> list[Note]:
    """The configuration, unless it is what the newest annotation says."""
    newest = max(there, key=lambda annotation: annotation.get("time") or 0, default=None)
    return [] if newest is not None and now.key in (newest.get("tags") or ()) else [now]
