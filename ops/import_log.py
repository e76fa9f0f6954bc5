"""How do somebody else's plate reads become a log of crossings? The work behind `linewatch import`.

Reads the files row by row, makes crossings as the map says, sorts them by event time in bounded memory and writes the
log beside its place, then renames it: a log is there whole or not at all. Every row is accounted for:
passages read = crossings written + passages refused.
"""

from __future__ import annotations

import gzip
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from ops.import_crossing import Made, Pseudonyms, RowReader
from ops.import_refusal import Refused
from ops.import_rows import read_rows
from ops.import_sort import Sorter
from ops.mapping import ImportMap
from schemas.errors import ConfigError, LinewatchError
from schemas.ports import Ports

MOST_PORTS = 100_000  # in one import; a mistaken map that takes ids for ports is stopped here
REASON_SHOWN = 3  # refusals told with line and detail on the terminal


@dataclass
class Summary:
    """What an import did. `rows` are records of the sources, `passages` what was in them."""

    rows: int = 0
    written: int = 0
    ambiguous: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_refusals: list[Refused] = field(default_factory=list)
    ports: int = 0
    earliest_ms: int | None = None
    latest_ms: int | None = None

    @property
    def rejected(self) -> int:
        """Passages that are not in the log."""
        return self.refused.total()

    @property
    def passages(self) -> int:
        """Passages found in the rows."""
        return self.written + self.rejected

    def count_row(self) -> None:
        """Counts a record of a source."""
        self.rows += 1

    def saw(self, made: Made) -> None:
        """Counts a crossing."""
        self.written += 1
        self.earliest_ms = made.time_ms if self.earliest_ms is None else min(self.earliest_ms, made.time_ms)
        self.latest_ms = made.time_ms if self.latest_ms is None else max(self.latest_ms, made.time_ms)

    def refuse(self, refused: Refused) -> None:
        """Counts a refusal."""
        self.refused[refused.reason] += 1
        if len(self.first_refusals) < REASON_SHOWN:
            self.first_refusals.append(refused)


Progress = Callable[[Path, int], None]


def import_files(
    files: Iterable[Path],
    m: ImportMap,
    out: Path,
    *,
    pseudonyms: Pseudonyms | None = None,
    rejects: Path | None = None,
    sort: bool = True,
    sort_memory: int = 256 << 20,
    progress: Progress = lambda _path, _position: None,
) -> Summary:
    """Writes the crossings of `files` to `out` and the refusals to `rejects`. The same input gives the same bytes.

    Raises ConfigError where map and file do not fit and LinewatchError where nothing could be written; then neither
    file is made or changed. Without a refusal there is no `rejects`. `sort_memory` is in bytes.
    """
    if m.plates is not None and pseudonyms is None:
        raise ConfigError("the map reads plates, so a key for their pseudonyms is required (--plate-key)")
    files = list(files)
    if rejects is not None and rejects.resolve() == out.resolve():
        raise ConfigError(f"{out} cannot hold the log and the refusals; give --rejects another name")
    for written in (out, rejects):
        if written is not None and any(written.resolve() == path.resolve() for path in files):
            raise ConfigError(f"{written} is a source of this import and would be overwritten; give another name")
    summary = Summary()
    try:
        with ExitStack() as stack:
            log, *dead = stack.enter_context(_whole([out] if rejects is None else [out, rejects]))
            sorter = stack.enter_context(Sorter(out.parent, sort_memory))
            for made in _crossings(files, m, pseudonyms, dead, summary, progress):
                if sort:
                    sorter.add(made.time_ms, made.line)
                else:
                    log.write(made.line + b"\n")
            for line in sorter:
                log.write(line + b"\n")
            _nothing_fits(summary)
        if rejects is not None and not summary.rejected:
            rejects.unlink(missing_ok=True)  # no empty file, and none of an earlier import
    except OSError as error:
        raise LinewatchError(f"{out} cannot be written: {error.strerror or error}; nothing was left behind") from None
    return summary


def _crossings(
    files: Iterable[Path],
    m: ImportMap,
    pseudonyms: Pseudonyms | None,
    dead: list[IO[bytes]],
    summary: Summary,
    progress: Progress,
) -> Iterator[Made]:
    ports = Ports.open(max_ports=MOST_PORTS)
    for path in files:
        reader = RowReader(m, path.name.split(".", 1)[0], pseudonyms, ports)
        rows = read_rows(path, m, partial(progress, path))
        for result in reader.read(rows, summary.count_row):
            if isinstance(result, Made):
                summary.saw(result)
                yield result
            else:
                summary.refuse(result)
                for file in dead:
                    file.write(result.to_json() + b"\n")
        summary.ambiguous += reader.times.ambiguous
    summary.ports = len(ports)


def _nothing_fits(summary: Summary) -> None:
    if summary.written or not summary.rejected:
        return
    first = summary.first_refusals[0]
    raise LinewatchError(
        f"all {summary.rejected:,} passages were refused, so no log was made; the map does not fit. "
        f"Line {first.line}: {first.reason}: {first.detail}"
    )


@contextmanager
def _whole(paths: list[Path]) -> Iterator[list[IO[bytes]]]:
    """Files that appear under their names when all are complete (write, fsync, rename), packed as their endings say."""
    drafts = [path.with_name(f".{path.name}.part") for path in paths]
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(_draft(*pair)) for pair in zip(drafts, paths, strict=True)]
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


@contextmanager
def _draft(draft: Path, path: Path) -> Iterator[IO[bytes]]:
    with draft.open("wb") as file:
        with _packed(file, path.suffix) as stream:
            yield stream
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _packed(file: IO[bytes], suffix: str) -> Iterator[Any]:
    if suffix == ".gz":
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as stream:  # no name, no date: same bytes
            yield stream
    elif suffix == ".zst":
        import zstandard

        with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as stream:
            yield stream
    else:
        yield file
