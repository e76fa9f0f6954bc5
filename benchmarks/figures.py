"""What is one measured figure, and how does it look in a table? Several runs of it, their median, and the goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once or several times, and what it should be."""

    what: str
    values: list[float]
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no goal."""
        if self.at_least is None and self.at_most is None:
            return ""
        low = self.at_least is None or self.median >= self.at_least
        high = self.at_most is None or self.median <= self.at_most
        return "met" if low and high else "missed"

    @property
    def goal(self) -> str:
        """The goal as text.

        >>> Figure("rate", [5.0], "1/s", at_least=100_000).goal
        '>= 100,000'
        """
        if self.at_least is not None:
            return f">= {text(self.at_least)}"
        return f"<= {text(self.at_most)}" if self.at_most is not None else ""

    @property
    def spread(self) -> str:
        """Lowest and highest run; empty when there was one."""
        return f"{text(min(self.values))} … {text(max(self.values))}" if len(self.values) > 1 else ""


@dataclass(frozen=True)
class Table:
    """A table beside the figures, such as where the time goes; `rows` are texts already."""

    title: str
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Result:
    """What one benchmark found. `notes` are sentences; `machine` and the rest are filled in by the caller."""

    figures: list[Figure]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """The inverse."""
        return cls([Figure(**f) for f in data["figures"]], [Table(**t) for t in data["tables"]], data["notes"])


def text(value: float) -> str:
    """A number with about three digits that count.

    >>> [text(x) for x in (123456.0, 1234.5, 42.345, 0.01234, 0.0)]
    ['123,456', '1,234', '42.3', '0.0123', '0']
    """
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is set to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def as_markdown(result: Result) -> str:
    """All of a result as Markdown."""
    head = ["what", "median", "unit", "lowest … highest", "goal", ""]
    rows = [[f.what, text(f.median), f.unit, f.spread, f.goal, f.verdict] for f in result.figures]
    parts = [markdown(head, rows)]
    parts += [f"**{table.title}**\n\n{markdown(table.head, table.rows)}" for table in result.tables]
    if result.notes:
        parts.append("\n".join(f"- {note}" for note in result.notes))
    return "\n\n".join(parts)
