"""Is it still as good as it was? Figures of metrics.json against a committed table of floors (and ceilings).

The table is TOML, one `[[figure]]` each: `path` of the figure in metrics.json with slashes between the keys,
`at_least` or `at_most` (or both), and `why`; with `times` they are multiples of the figure at that path. A figure that
is missing or null is below any floor.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from schemas.errors import ConfigError


class Floor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure and what it must be."""

    path: str
    why: str
    at_least: float | None = None
    at_most: float | None = None
    times: str | None = None


def read_floors(path: Path) -> list[Floor]:
    """The table in a file; ConfigError says what is wrong with it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        floors = msgspec.convert(table.get("figure", []), list[Floor])
    except OSError as problem:
        raise ConfigError(f"--floors: cannot read {path} ({problem.strerror}). Name a file that exists.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as problem:
        raise ConfigError(
            f"--floors {path}: {problem}. [[figure]] tables with path, why, at_least are required."
        ) from None
    if not floors or any(floor.at_least is None and floor.at_most is None for floor in floors):
        raise ConfigError(f"--floors {path}: [[figure]] tables are required, each with at_least or at_most.")
    return floors


def below(metrics_json: bytes, floors: list[Floor]) -> list[str]:
    """One line for each figure that is not what it must be; none when all is well."""
    figures = json.loads(metrics_json)
    return [line for floor in floors if (line := _judge(figures, floor))]


def _judge(figures: Any, floor: Floor) -> str:
    value = look_up(figures, floor.path)
    unit = 1.0 if floor.times is None else look_up(figures, floor.times)
    if value is None or unit is None:
        return f"{floor.path if value is None else floor.times}: there is no such figure; {floor.why}"
    of = f" (of {floor.times})" if floor.times else ""
    if floor.at_least is not None and value < floor.at_least * unit:
        return f"{floor.path}: {value:.4g} is below {floor.at_least * unit:.4g}{of}; {floor.why}"
    if floor.at_most is not None and value > floor.at_most * unit:
        return f"{floor.path}: {value:.4g} is above {floor.at_most * unit:.4g}{of}; {floor.why}"
    return ""


def look_up(figures: Any, path: str) -> float | None:
    """The number at a path of keys; None where there is none.

    >>> look_up({"a": {"0.33%": {"share": 0.5}}}, "a/0.33%/share")
    0.5
    """
    for key in path.split("/"):
        if not isinstance(figures, dict) or key not in figures:
            return None
        figures = figures[key]
    return float(figures) if isinstance(figures, int | float) else None
