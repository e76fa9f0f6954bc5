"""Where do alerts and rejected lines go? Sinks: files of lines that can be cut back to a checkpoint.

Every sink says how far it is safely written (`position`) and can be cut back there (`truncate`). The runner stores the
positions in the same checkpoint as the pipeline's state, so that after a crash what was written since is cut off and
written again: exactly once, byte for byte. stream/tables.py holds the assessments, console/store.py the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from schemas.errors import Reject, Unavailable
from stream.files import AppendFile

if TYPE_CHECKING:  # the pipeline brings the compiled detectors; a sink only needs the shape
    from schemas.models import Alert, Control, Notice
    from stream.pipeline import Decided


class Sink(Protocol):
    """What the runner needs of a sink; every sink's docstring states its delivery guarantee."""

    name: str

    def write(self, decided: Decided) -> None:
        """Take what was decided now; Unavailable when it cannot be written."""

    def position(self) -> int:
        """Make everything taken so far safe, and say how far that is."""

    def truncate(self, position: int) -> None:
        """Drop what was written after `position`, 0 at a fresh start; called once, before the first `write`."""

    def finish(self) -> None:
        """The input has ended: complete the output."""

    def close(self) -> None:
        """Let go of what is open, complete or not."""


class _Lines:
    """One kind of thing that was decided, as canonical JSON lines in a file."""

    name: str

    def __init__(self, path: Path) -> None:
        self._file = AppendFile(path)

    def _of(self, decided: Decided) -> Sequence[Alert | Notice | Control]:
        """What this file takes."""
        raise NotImplementedError

    def write(self, decided: Decided) -> None:
        """Append the lines in their order."""
        self._file.append(b"".join(one.to_json() + b"\n" for one in self._of(decided)))

    def position(self) -> int:
        """Bytes synced."""
        return self._file.position()

    def truncate(self, position: int) -> None:
        """Cut the file to `position` bytes."""
        self._file.truncate(position)

    def finish(self) -> None:
        """Sync."""
        self._file.position()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class AlertFile(_Lines):
    """Alerts. Delivery: exactly once with a checkpoint; without one, a fresh file each run."""

    name = "alerts"

    def _of(self, decided: Decided) -> Sequence[Alert]:
        return decided.alerts


class NoticeFile(_Lines):
    """Notices, those of audience `integrity` too: keep the file where only they may read. Delivery as for alerts."""

    name = "notices"

    def _of(self, decided: Decided) -> Sequence[Notice]:
        return decided.notices


class ControlFile(_Lines):
    """The random control sample: for who draws up the list of looks, not for who looks. Delivery as for alerts."""

    name = "control"

    def _of(self, decided: Decided) -> Sequence[Control]:
        return decided.control


class AlertStream:
    """Alerts as JSON lines on an open stream (standard output). Delivery: at most once; it cannot be cut back."""

    name = "alerts"

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, decided: Decided) -> None:
        """Write the alerts and flush, so that a reader sees them at once."""
        if decided.alerts:
            self._stream.write(b"".join(alert.to_json() + b"\n" for alert in decided.alerts))
            self._stream.flush()

    def position(self) -> int:
        """Always 0: nothing can be taken back."""
        return 0

    def truncate(self, position: int) -> None:
        """Nothing to cut; Unavailable when a checkpoint expects it."""
        if position:
            raise Unavailable("alerts on standard output cannot go on from a checkpoint; name a file with --alerts.")

    def finish(self) -> None:
        """Flush."""
        self._stream.flush()

    def close(self) -> None:
        """The stream belongs to the caller."""


class DeadLetter:
    """Rejected lines as `reject/1` JSON lines: where, why, and what came. The file is made with the first one.

    Delivery: exactly once with a checkpoint; without one, a fresh file each run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = AppendFile(path, lazy=True)

    def write(self, rejects: Sequence[Reject]) -> None:
        """Append the rejects in their order."""
        self._file.append(b"".join(reject.to_json() + b"\n" for reject in rejects))

    def position(self) -> int:
        """Bytes synced."""
        return self._file.position()

    def truncate(self, position: int) -> None:
        """Cut the file to `position` bytes."""
        self._file.truncate(position)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
