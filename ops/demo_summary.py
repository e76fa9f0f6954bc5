"""What does the viewer of the demo take home? Counts, what was found of what was planted, and what to do next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ops.demo_border import DemoBorder

NEXT = """Next:
  linewatch import FILE --map MAP.yaml --out LOG.jsonl   plate reads of your own, from CSV, JSONL or Parquet
  linewatch replay LOG.jsonl --alerts ALERTS.jsonl       the same detectors over them
  linewatch doctor                                       what is installed and configured
Another border: linewatch demo --seed 2. How a crossing becomes an alert: docs/architecture.md."""


def summary(border: DemoBorder) -> RenderableType:
    """The end of the show, as text that also reads well in a file."""
    from rich.console import Group

    table = Table(title="DEMO summary (generated traffic)", title_justify="left", show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in facts(border):
        table.add_row(name, Text(value))
    return Group(table, Text(NEXT))


def facts(border: DemoBorder) -> list[tuple[str, str]]:
    """Name and value of each line of the summary."""
    tally, settings = border.tally, border.settings
    days = (border.now_ms - border.live_from_ms) / 86_400_000
    peak = max((tally.busiest_hour(code) for code in tally.by_port), default=0)
    planted = border.planted_so_far()
    wanted, most = settings.budget_per_hour * settings.operators, settings.budget_cap_per_hour * settings.operators
    found = len(tally.found & planted)
    return [
        ("shown", f"{days:.1f} days, {border.crossings - tally.history_crossings:,} crossings"),
        ("history", f"{tally.history_crossings:,} crossings, {tally.history_alerts:,} alerts while learning"),
        ("alerts", f"{tally.alerts} ({_counts(tally.severities)})"),
        ("typologies", _counts(tally.typologies)),
        ("budget", f"busiest hour of any port {peak}; {wanted:g} an hour wanted, {most} at most"),
        ("planted", f"{found} of {len(planted)} planted stories gave an alert; the subtle ones seldom do"),
        ("truth", f"of the alerts: {_counts(tally.truths)}"),
        ("decided", f"in the console, and learnt from: {_counts(+Counter(border.pipeline.dispositions))}"),
    ]


def _counts(counter: dict[str, int]) -> str:
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered) or "none"
