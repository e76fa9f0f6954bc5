"""How does every crossing's assessment become a table: a CSV file or a Parquet file?

Columns: `crossing_id, score, p_value, alerted`, then for each detector its p (named like the detector, `odd_hour@1`;
empty = not evaluated) and its evidence (`odd_hour.hour`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from schemas.errors import Unavailable
from stream.files import AppendFile, sync_folder, sync_tree, writing

if TYPE_CHECKING:
    from stream.assessment import Assessed
    from stream.pipeline import Decided

GROUP_ROWS = 65_536


class Columns:
    """The schema of the table, and how an `Assessed` becomes rows of it."""

    def __init__(self, detectors: Sequence[str], evidence: Sequence[str]) -> None:
        fields = [("crossing_id", pa.string()), ("score", pa.float64()), ("p_value", pa.float64())]
        fields.append(("alerted", pa.bool_()))
        self._order: list[tuple[bool, int]] = []  # (is a p, column in `p` or in `evidence`)
        for place, detector in enumerate(detectors):
            prefix = detector.partition("@")[0] + "."
            own = [k for k, name in enumerate(evidence) if name.startswith(prefix)]
            self._order += [(True, place), *((False, k) for k in own)]
            fields += [(detector, pa.float64()), *((evidence[k], pa.float32()) for k in own)]
        self.schema = pa.schema(fields)

    def table(self, parts: Sequence[Assessed]) -> Any:
        """A pyarrow table, one row a crossing; nan becomes empty."""
        return pa.concat_tables([self._table(part) for part in parts])

    def _table(self, assessed: Assessed) -> Any:
        text = pa.array(assessed.batch.crossing_id, pa.string())
        columns = [text, _numbers(assessed.score), _numbers(assessed.p_value), pa.array(assessed.alerted, pa.bool_())]
        columns += [_numbers((assessed.p if is_p else assessed.evidence)[:, k]) for is_p, k in self._order]
        return pa.table(columns, schema=self.schema)


def _numbers(values: Any) -> Any:
    values = np.ascontiguousarray(values)
    return pa.array(values, mask=np.isnan(values))


class AssessmentCsv:
    """Assessments as CSV with a header. Delivery: exactly once with a checkpoint; else a fresh file each run."""

    name = "assessments"

    def __init__(self, path: Path, columns: Columns) -> None:
        self._file, self._columns = AppendFile(path), columns
        self._style = pyarrow.csv.WriteOptions(include_header=False)

    def write(self, decided: Decided) -> None:
        """Append one row a crossing."""
        if decided.assessed:
            buffer = pa.BufferOutputStream()
            pyarrow.csv.write_csv(self._columns.table(decided.assessed), buffer, self._style)
            self._file.append(buffer.getvalue().to_pybytes())

    def position(self) -> int:
        """Bytes synced."""
        return self._file.position()

    def truncate(self, position: int) -> None:
        """Cut the file to `position` bytes; a fresh file gets its header."""
        self._file.truncate(position)
        if position == 0:
            self._file.append((",".join(self._columns.schema.names) + "\n").encode())

    def finish(self) -> None:
        """Sync."""
        self._file.position()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class AssessmentParquet:
    """Assessments as one Parquet file, which appears when the input has ended.

    Until then the rows lie in numbered parts in `parts`, one for each checkpoint; a resumed run drops the parts after
    its checkpoint. Delivery: exactly once with a checkpoint, the same bytes however often it was interrupted; else a
    fresh file each run. `keep` leaves the parts for a run that goes on with the same state folder.
    """

    name = "assessments"

    def __init__(self, path: Path, columns: Columns, parts: Path, *, keep: bool) -> None:
        self._path, self._columns, self._parts, self._keep = path, columns, parts, keep
        self._part = 0  # the part that is written now
        self._rows = _Groups(columns.schema)

    def write(self, decided: Decided) -> None:
        """Add one row a crossing to the current part."""
        if decided.assessed:
            with writing(self._parts):
                self._rows.add(self._columns.table(decided.assessed), self._file(self._part))

    def _file(self, part: int) -> Path:
        return self._parts / f"{part:06d}.parquet"

    def position(self) -> int:
        """Parts complete and synced."""
        with writing(self._parts):
            if self._rows.end(self._file(self._part)):
                self._part += 1
            sync_tree(self._parts)
        return self._part

    def truncate(self, position: int) -> None:
        """Drop the parts from `position` on; Unavailable when one before it is missing."""
        with writing(self._parts):
            if position == 0:
                shutil.rmtree(self._parts, ignore_errors=True)
            self._parts.mkdir(parents=True, exist_ok=True)
            for file in self._parts.glob("*.parquet"):
                if int(file.stem) >= position:
                    file.unlink()
        for part in range(position):
            if not self._file(part).exists():
                raise Unavailable(f"{self._file(part)} is missing. Begin again with a new --state folder.")
        self._part = position

    def finish(self) -> None:
        """Join the parts into the file, under another name first."""
        count = self.position()
        unfinished = self._path.with_name(f".{self._path.name}.unfinished")
        with writing(self._path):
            joined = _Groups(self._columns.schema)
            try:
                for part in range(count):
                    for rows in pq.ParquetFile(self._file(part)).iter_batches(GROUP_ROWS):
                        joined.add(pa.Table.from_batches([rows]), unfinished)
                joined.end(unfinished, even_if_empty=True)
                sync_folder(unfinished.parent)
                unfinished.replace(self._path)
            finally:
                unfinished.unlink(missing_ok=True)
            if not self._keep:
                shutil.rmtree(self._parts, ignore_errors=True)

    def close(self) -> None:
        """Drop what is unfinished; it is written again from the checkpoint."""
        self._rows.drop()
        if not self._keep:
            shutil.rmtree(self._parts, ignore_errors=True)


class _Groups:
    """A Parquet file in row groups of exactly GROUP_ROWS, whatever the size of what is added."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._writer: Any = None
        self._waiting: list[Any] = []
        self._count = 0

    def add(self, table: Any, file: Path) -> None:
        self._waiting.append(table)
        self._count += len(table)
        while self._count >= GROUP_ROWS:
            rows = pa.concat_tables(self._waiting)
            self._write(rows.slice(0, GROUP_ROWS), file)
            rest = rows.slice(GROUP_ROWS)
            self._waiting, self._count = [rest], len(rest)

    def _write(self, rows: Any, file: Path) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._writer.write_table(rows.combine_chunks(), row_group_size=GROUP_ROWS)

    def end(self, file: Path, *, even_if_empty: bool = False) -> bool:
        """Complete the file; False when there was nothing to write."""
        if self._count or (even_if_empty and self._writer is None):
            rows = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
            self._write(rows, file)
        self._waiting, self._count = [], 0
        if self._writer is None:
            return False
        self._writer.close()
        self._writer = None
        return True

    def drop(self) -> None:
        """Forget what waits, and the unfinished file's footer."""
        self._waiting, self._count = [], 0
        if self._writer is not None:
            with suppress(OSError):  # the disk that took no rows takes no footer either
                self._writer.close()
            self._writer = None
