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
HEADER_ROWS = 5
WIDE = 110  # columns from which the ports have room beside the alerts
# Severity is said by shape and word; colour only repeats it.
SHAPES = {"critical": "◆◆◆◆", "high": "▲▲▲ ", "medium": "●●  ", "low": "○   "}
ASCII_SHAPES = {"critical": "####", "high": "### ", "medium": "##  ", "low": "#   "}
STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}


class View:
    """Draws the state of a border; holds none of its own."""

    def __init__(self, border: DemoBorder, *, ascii_only: bool) -> None:
        self._border = border
        self._shapes = ASCII_SHAPES if ascii_only else SHAPES

    def render(self, elapsed_s: float, width: int, height: int) -> RenderableType:
        """The picture for a terminal of `width` columns and `height` rows; the ports only where there is room."""
        layout, body = Layout(), Layout(self._alerts(height - HEADER_ROWS), name="alerts", ratio=3)
        if width >= WIDE:
            body = Layout()
            body.split_row(
                Layout(self._alerts(height - HEADER_ROWS), ratio=3), Layout(self._ports(), minimum_size=34, ratio=1)
            )
        layout.split_column(Layout(self._header(elapsed_s), size=HEADER_ROWS), body)
        return layout

    def _header(self, elapsed_s: float) -> RenderableType:
        border, tally = self._border, self._border.tally
        shown = border.crossings - tally.history_crossings
        rate = f" ({shown / elapsed_s:,.0f}/s)" if elapsed_s > 0 else ""
        peak = max(tally.busiest_hour(code) for code in border.traffic.places.codes)
        budget = border.settings.budget_per_hour * border.settings.operators
        rows = [
            Text.assemble((" DEMO ", "bold black on yellow"), " generated traffic, not real vehicles; Ctrl-C ends"),
            Text(f"{border.simulated_now():%a %d %b %Y %H:%M} UTC   crossings {shown:,}{rate}   alerts {tally.alerts}"),
            Text(
                f"busiest hour of a port: {peak} of {budget:g} alerts   vehicles known: "
                f"{border.pipeline.counters['vehicles']:,}"
            ),
        ]
        for row in rows:
            row.no_wrap, row.overflow = True, "ellipsis"
        return Panel(Group(*rows), padding=(0, 1))

    def _alerts(self, height: int) -> RenderableType:
        table = Table(
            expand=True,
            title="Latest alerts: advice to a person, never an action; times of the port",
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
        table = Table(expand=True, title="Alerts by port", title_justify="left", pad_edge=False)
        table.add_column("port", no_wrap=True, ratio=1)
        table.add_column("a day", justify="right", width=5)
        table.add_column("peak/h", justify="right", width=6)
        days = max(1.0, (border.now_ms - border.live_from_ms) / DAY_MS)
        for code in border.traffic.places.codes:
            count = len(border.tally.by_port.get(code, ()))
            name = border.ports.label_of(border.ports.code_of(code))
            table.add_row(name, f"{count / days:.1f}", str(border.tally.busiest_hour(code)))
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


def line_of(border: DemoBorder, alert: Alert) -> str:
    """An alert as one line of text: when, how severe, where, who, why, and what the generator knows of it."""
    ports, label = border.ports, border.tally.label_of(alert)
    place = f"{ports.label_of(ports.code_of(alert.port))} lane {alert.lane} {alert.direction}"
    return (
        f"{when(ports, alert)} {alert.severity.upper()} score {alert.score:.1f} {place} "
        f"vehicle {alert.vehicle[:8]}: {why(alert)} [{label}]"
    )
