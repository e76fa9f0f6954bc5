"""What stands in the demo's picture? A header with the clock, the latest alerts with their reasons, the budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ops.demo_border import DemoBorder
    from schemas.models import Alert
    from schemas.ports import Ports

DAY_MS = 86_400_000
# Severity is said by shape and word; colour only repeats it.
SHAPES = {"critical": "◆◆◆◆", "high": "▲▲▲ ", "medium": "●●  ", "low": "○   "}
ASCII_SHAPES = {"critical": "####", "high": "### ", "medium": "##  ", "low": "#   "}
STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}


class View:
    """Draws the state of a border; holds none of its own."""

    def __init__(self, border: DemoBorder, *, ascii_only: bool) -> None:
        self._border = border
        self._shapes = ASCII_SHAPES if ascii_only else SHAPES

    def render(self, elapsed_s: float, height: int) -> RenderableType:
        """The whole picture, for a terminal of `height` rows."""
        layout = Layout()
        layout.split_column(Layout(self._header(elapsed_s), name="header", size=4), Layout(name="body"))
        layout["body"].split_row(
            Layout(self._alerts(height - 4), name="alerts", ratio=3),
            Layout(self._ports(), name="ports", minimum_size=28, ratio=1),
        )
        return layout

    def _header(self, elapsed_s: float) -> RenderableType:
        border, tally = self._border, self._border.tally
        shown = border.crossings - tally.history_crossings
        first = Text.assemble(
            (" DEMO ", "bold black on yellow"), "  generated traffic, not real vehicles      ",
            (f"{border.simulated_now():%a %d %b %Y %H:%M} UTC", "bold"), "      Ctrl-C ends",
        )  # fmt: skip
        rate = f"{shown / elapsed_s:,.0f}/s" if elapsed_s > 0 else ""
        second = Text(
            f"crossings {shown:,} {rate}   history {tally.history_crossings:,}   vehicles "
            f"{border.pipeline.counters['vehicles']:,}   alerts {tally.alerts}"
        )
        return Panel(Group(first, second), padding=(0, 1))

    def _alerts(self, height: int) -> RenderableType:
        table = Table(
            expand=True,
            title="Latest alerts: advice to a person, never an action",
            title_justify="left",
            pad_edge=False,
        )
        table.add_column("severity", width=8)
        table.add_column("when, where, who", width=22)
        table.add_column("why", ratio=1)
        for alert in list(self._border.tally.latest)[: max(1, (height - 5) // 4)]:
            table.add_row(self._severity(alert), self._place(alert), self._why(alert), end_section=True)
        if not self._border.tally.latest:
            table.add_row("", "", Text("No alert yet: most traffic is ordinary."))
        return table

    def _severity(self, alert: Alert) -> Text:
        text = f"{self._shapes[alert.severity]}\n{alert.severity}\n{alert.score:.1f}"
        return Text(text, style=STYLES[alert.severity])

    def _place(self, alert: Alert) -> Text:
        ports = self._border.ports
        name = ports.label_of(ports.code_of(alert.port))
        return Text(
            f"{when(ports, alert, '%a %d %b %H:%M')}\n{name}\nlane {alert.lane} {alert.direction}\n{alert.vehicle[:8]}"
        )

    def _why(self, alert: Alert) -> Text:
        text = Text()
        for reason in alert.reasons[:3]:
            text.append(f"{reason.sentence} ")
            if reason.counterfactual:
                text.append(f"{reason.counterfactual} ", style="italic")
        text.append(f"\n[{self._border.tally.label_of(alert)}]", style="dim")
        return text

    def _ports(self) -> RenderableType:
        border = self._border
        budget = border.settings.budget_per_hour * border.settings.operators
        table = Table(expand=True, title=f"Alerts/h, budget {budget:g}", title_justify="left", pad_edge=False)
        table.add_column("port", no_wrap=True, ratio=1)
        table.add_column("mean", justify="right", width=5)
        table.add_column("peak", justify="right", width=4)
        hours = max(1.0, (border.now_ms - border.live_from_ms) / 3_600_000)
        for code in border.traffic.places.codes:
            count = len(border.tally.by_port.get(code, ()))
            name = border.ports.label_of(border.ports.code_of(code))
            table.add_row(name, f"{count / hours:.2f}", str(border.tally.busiest_hour(code)))
        return table


def why(alert: Alert) -> str:
    """The sentences of an alert and what would have made it ordinary, on one line."""
    parts = [part for reason in alert.reasons for part in (reason.sentence, reason.counterfactual) if part]
    return " ".join(parts)


def when(ports: Ports, alert: Alert, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """The time of the crossing on the port's clock."""
    utc_ms = np.array([round(alert.occurred_at.timestamp() * 1000)], np.int64)
    local_ms = int(ports.local_ms(utc_ms, np.array([ports.code_of(alert.port)]))[0])
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=local_ms)).strftime(form)
