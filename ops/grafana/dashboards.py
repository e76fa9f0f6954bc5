"""Which dashboards are there, and how do they become files? `make generate` writes ops/grafana/dashboards/*.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as shapes

from ops.grafana import detection, operations, trust
from ops.grafana.panels import PLAIN, SOON, SOURCE

TAG = "linewatch"
SOURCE_UID = "linewatch-prometheus"  # of the data source in provisioning/, and of the one that push makes
RUNBOOK = "docs/runbook.md"  # in this repository; `linewatch grafana push` puts the setting grafana_runbook here


class Board(NamedTuple):
    """A dashboard: its title, what it answers, the time it shows at first, its panels."""

    title: str
    answers: str
    span: str
    panels: Sequence[Builder[shapes.Panel]]


BOARDS: dict[str, Board] = {
    "operations": Board("Linewatch: operations", operations.__doc__ or "", "now-3h", operations.PANELS),
    "detection": Board("Linewatch: detection", detection.__doc__ or "", "now-24h", detection.PANELS),
    "trust": Board("Linewatch: trust", trust.__doc__ or "", "now-7d", trust.PANELS),
}


def as_json(name: str) -> str:
    """The dashboard file; KeyError for an unknown name. The same bytes on every run."""
    return JSONEncoder(indent=1, sort_keys=True, ensure_ascii=False).encode(built(BOARDS[name], name)) + "\n"


def built(board: Board, name: str) -> shapes.Dashboard:
    """The dashboard with its variables, annotations and links."""
    made = dashboard.Dashboard(board.title).uid(f"{TAG}-{name}").description(board.answers).tags([TAG])
    made.time(board.span, "now").refresh("30s").timezone("browser").tooltip(shapes.DashboardCursorSync.CROSSHAIR)
    made.readonly().with_variable(_source()).with_variable(_runbook())
    if name == "detection":
        made.with_variable(_detector())
    others = dashboard.DashboardLink("Linewatch").type(shapes.DashboardLinkType.DASHBOARDS).tags([TAG])
    made.link(others.keep_time(keep_time=True).as_dropdown(as_dropdown=False))
    made.annotation(_noted("Configuration changes", "configuration", PLAIN))
    made.annotation(_noted("Drift", "drift", SOON))
    for number, panel in enumerate(board.panels, start=1):
        panel.build().id_val = number
        made.with_panel(panel)
    return made.build()


def _source() -> dashboard.DatasourceVariable:
    chosen = shapes.VariableOption(text="Linewatch", value=SOURCE_UID)
    return dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus").current(chosen)


def _runbook() -> dashboard.ConstantVariable:
    """Where links to the runbook begin; hidden."""
    asked = dashboard.ConstantVariable("runbook").value(RUNBOOK)
    made = asked.build()
    made.current = shapes.VariableOption(text=RUNBOOK, value=RUNBOOK)
    made.hide = shapes.VariableHide.HIDE_VARIABLE
    return asked


def _detector() -> dashboard.QueryVariable:
    asked = dashboard.QueryVariable("detector").label("Detector").datasource(SOURCE).multi(multi=False)
    asked.query({"query": "label_values(linewatch_detector_p_value_count, detector)", "refId": "detectors"})
    asked.refresh(shapes.VariableRefresh.ON_DASHBOARD_LOAD).sort(shapes.VariableSort.ALPHABETICAL_ASC)
    return asked.current(shapes.VariableOption(text="combined", value="combined"))


class Tagged(Dataquery, Builder[Dataquery]):
    """Annotations by their tags: the query of Grafana's own data source, which the library has no builder for."""

    def __init__(self, *tags: str) -> None:
        self.tags = list(tags)

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {"limit": 100, "matchAny": False, "refId": "Anno", "tags": self.tags, "type": "tags"}

    def build(self) -> Dataquery:
        """Itself: it is its own builder."""
        return self


def _noted(name: str, tag: str, colour: str) -> dashboard.AnnotationQuery:
    own = common.DataSourceRef(type_val="grafana", uid="-- Grafana --")
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(own)
        .enable(enable=True)
        .icon_color(colour)
        .target(Tagged(TAG, tag))
    )
