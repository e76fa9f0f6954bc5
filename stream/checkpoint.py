"""How does a run survive a crash? A folder with one complete checkpoint, replaced atomically.

    STATE/LOCK                       one process at a time
    STATE/CURRENT                    the name of the valid checkpoint; replaced by rename
    STATE/checkpoint-000012/run.json position of the source, positions of the sinks, counters, ports, identity
    STATE/checkpoint-000012/pipeline the pipeline's arrays

A checkpoint is written under another name, synced, renamed, and only then named in CURRENT: a crash at any point
leaves the old one or the new one, never a mixture. A failed save (full disk) leaves the old one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, Unavailable
from stream.files import sync_folder, sync_tree, unavailable, write_all, writing
from stream.lines import Position

FORMAT = "linewatch-state/2"
SavePipeline = Callable[[Path, Path | None], None]  # (empty folder to fill, the previous one or None)

# part of the identity -> what to say when it differs
DIFFERS = {
    "config": "the settings that change results",
    "detectors": "the detectors or their versions",
    "plate_key": "the plate key",
    "sinks": "the output files",
    "dispositions": "whether dispositions are given",
}


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds beside the pipeline's arrays."""

    source: Position
    sinks: dict[str, int]
    counters: dict[str, Any]
    ports: Any
    identity: dict[str, str]
    pipeline: Path
    dispositions: Position | None = None


class StateFolder:
    """A state folder, held by one process from `open` to `close`."""

    def __init__(self, folder: Path) -> None:
        """Unavailable when the folder cannot be made, or another process holds it."""
        self.folder = folder
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._lock)
                raise Unavailable(
                    f"the state folder {folder} is in use by another linewatch. Stop it, or name another folder."
                ) from None
        self._number, self._previous = 0, None
        current = self._current()
        if current is not None:
            self._number, self._previous = int(current.name.rpartition("-")[2]), current

    _previous: Path | None

    def _current(self) -> Path | None:
        """The valid checkpoint, or None in a fresh folder; ConfigError when it is damaged."""
        try:
            name = (self.folder / "CURRENT").read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise unavailable(self.folder, problem) from None
        found = self.folder / name
        if not name.startswith("checkpoint-") or not (found / "run.json").is_file():
            raise ConfigError(f"the state folder {self.folder} is damaged: {name!r} is missing. Name a new one.")
        return found

    def load(self) -> Saved | None:
        """The last complete checkpoint, None when there is none yet; ConfigError when it is damaged."""
        if self._previous is None:
            return None
        try:
            data = json.loads((self._previous / "run.json").read_text())
            if data["format"] != FORMAT:
                raise ConfigError(
                    f"the state folder {self.folder} has format {data['format']}, this program writes {FORMAT}. "
                    "Begin again with a new folder."
                )
            _check_sizes(self._previous, data["sizes"])
            return Saved(
                Position(**data["source"]),
                data["sinks"],
                data["counters"],
                data["ports"],
                data["identity"],
                self._previous / "pipeline",
                Position(**said) if (said := data.get("dispositions")) else None,
            )
        except (OSError, KeyError, TypeError, ValueError) as problem:
            raise ConfigError(f"the state folder {self.folder} is damaged ({problem}). Name a new one.") from None

    def check(self, saved: Saved, identity: Mapping[str, str]) -> None:
        """ConfigError that says what differs when a checkpoint belongs to another configuration."""
        for key, what in DIFFERS.items():
            old, new = saved.identity.get(key), identity.get(key)
            if old != new:
                raise ConfigError(
                    f"the state folder {self.folder} was written with other values of: {what} (it has "
                    f"{_brief(old)}, now {_brief(new)}). Go back to those, or name a new state folder."
                )

    def save(
        self,
        save_pipeline: SavePipeline,
        *,
        source: Position,
        sinks: Mapping[str, int],
        counters: Mapping[str, Any],
        ports: Any,
        identity: Mapping[str, str],
        dispositions: Position | None = None,
    ) -> None:
        """Write a checkpoint and make it the valid one. Unavailable, and the previous one stays, if that fails."""
        number = self._number + 1
        target = self.folder / f"checkpoint-{number:06d}"
        unfinished = self.folder / f"unfinished-{number:06d}"
        run = {
            "format": FORMAT,
            "source": source._asdict(),
            "sinks": dict(sinks),
            "counters": dict(counters),
            "ports": ports,
            "identity": dict(identity),
            "dispositions": dispositions and dispositions._asdict(),
        }
        try:
            self._clear(keep=self._previous)
            (unfinished / "pipeline").mkdir(parents=True)
            save_pipeline(unfinished / "pipeline", self._previous and self._previous / "pipeline")
            run["sizes"] = _sizes(unfinished)
            _write(unfinished / "run.json", json.dumps(run, separators=(",", ":")).encode())
            sync_tree(unfinished)
            unfinished.rename(target)
            _write(self.folder / "CURRENT.unfinished", target.name.encode())
            (self.folder / "CURRENT.unfinished").rename(self.folder / "CURRENT")
            sync_folder(self.folder)
        except OSError as problem:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise unavailable(self.folder, problem) from None
        self._number, self._previous = number, target
        self._clear(keep=target)

    def _clear(self, keep: Path | None) -> None:
        """Remove old and unfinished checkpoints."""
        for path in self.folder.iterdir():
            if path != keep and path.name.startswith(("checkpoint-", "unfinished-")):
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)


def _brief(value: str | None) -> str:
    return "none" if value is None else value if len(value) <= 40 else value[:19] + "…"


def _write(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def _sizes(folder: Path) -> dict[str, int]:
    """Size of every file below, so that one that was cut later is noticed at load."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _check_sizes(folder: Path, sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        found = (folder / name).stat().st_size
        if found != size:
            raise ValueError(f"{name} has {found:,} bytes instead of {size:,}")
