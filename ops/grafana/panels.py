"""How does a question become a panel? Title, how to read it, unit, colours and a link to the runbook, everywhere alike.

Written with Grafana's own builders (grafana-foundation-sdk, a development dependency): nothing here runs in production,
the JSON beside it does. Colours are Okabe and Ito's, told apart with any sight; the description puts limits in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

GOOD, SOON, BAD, PLAIN = "#009E73", "#E69F00", "#D55E00", "#0072B2"
SOURCE = shapes.DataSourceRef(type_val="prometheus", uid="${source}")
Builder = TypeVar("Builder", timeseries.Panel, stat.Panel, bargauge.Panel, heatmap.Panel)


class Limits(NamedTuple):
    """From where a value is amber, and from where red; None where there is no such limit."""

    soon: float | None = None
    bad: float | None = None
    below: bool = False  # the limits are lower ones: good is above them


class Ask(NamedTuple):
    """What a panel answers: the question, how to read it, the unit (Grafana's name), the runbook's heading, limits."""

    title: str
    how: str
    unit: str
    runbook: str
    limits: Limits = Limits()


def series(ask: Ask, queries: Mapping[str, str], *, width: int = 12, fill: int = 10) -> timeseries.Panel:
    """Lines over time; `queries` maps a legend to its PromQL."""
    panel = _dressed(timeseries.Panel(), ask, queries, width, 8).line_width(2).fill_opacity(fill).min(0)
    legend = common.VizLegendOptions().display_mode(shapes.LegendDisplayMode.LIST).show_legend(show_legend=True)
    panel.legend(legend.placement(shapes.LegendPlacement.BOTTOM).calcs(["lastNotNull"]))
    panel.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
    if ask.limits != Limits():
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    return panel.span_nulls(span_nulls=False).show_points(shapes.VisibilityMode.AUTO)


def number(ask: Ask, queries: Mapping[str, str], *, words: Mapping[str, str] | None = None) -> stat.Panel:
    """The newest value, large; `words` says what a value means."""
    panel = _dressed(stat.Panel(), ask, queries, 6, 5).reduce_options(_newest())
    panel.color_mode(shapes.BigValueColorMode.VALUE).graph_mode(shapes.BigValueGraphMode.AREA)
    panel.text_mode(shapes.BigValueTextMode.VALUE_AND_NAME).no_value("nothing yet")
    if words:
        options = {value: ValueMappingResult(text=text) for value, text in words.items()}
        panel.mappings([ValueMap(options=options)]).description(ask.how)
    return panel


def bars(ask: Ask, queries: Mapping[str, str], *, width: int = 12) -> bargauge.Panel:
    """One bar a series, the newest value."""
    panel = _dressed(bargauge.Panel(), ask, queries, width, 8, instant=True).reduce_options(_newest())
    panel.orientation(shapes.VizOrientation.HORIZONTAL).display_mode(shapes.BarGaugeDisplayMode.BASIC)
    return panel.min(0).value_mode(shapes.BarGaugeValueMode.TEXT).no_value("nothing yet")


def heat(ask: Ask, query: str, *, width: int = 12) -> heatmap.Panel:
    """A histogram over time: a row for each bucket."""
    panel = _dressed(heatmap.Panel(), ask, {"{{le}}": query}, width, 8, heat_map=True).calculate(calculate=False)
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Cividis").steps(64)
    panel.color(colours.scale(HeatmapColorScale.EXPONENTIAL).exponent(0.5).reverse(reverse=False))
    return panel.y_axis(heatmap.YAxisConfig().axis_label("p-value, up to")).show_legend()


def _dressed(
    panel: Builder, ask: Ask, queries: Mapping[str, str], width: int, height: int, *,
    instant: bool = False, heat_map: bool = False,
) -> Builder:  # fmt: skip
    link = dashboard.DashboardLink("What to do: runbook").type(DashboardLinkType.LINK).target_blank(target_blank=True)
    panel.title(ask.title).description(f"{ask.how}{_in_words(ask)}").unit(ask.unit).span(width).height(height)
    panel.links([link.url(f"${{runbook}}#{ask.runbook}")]).datasource(SOURCE).thresholds(_steps(ask.limits))
    for letter, (legend, expr) in zip("ABC", queries.items(), strict=False):
        query = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(letter)
        query = query.instant() if instant else query.range()
        panel.with_target(query.format(PromQueryFormat.HEATMAP if heat_map else PromQueryFormat.TIME_SERIES))
    return panel


def _newest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _steps(limits: Limits) -> dashboard.ThresholdsConfig:
    """Grafana's steps go upwards; the first has no lower end."""
    known = [(at, colour) for at, colour in ((limits.soon, SOON), (limits.bad, BAD)) if at is not None]
    if not known:
        steps = [Threshold(None, PLAIN)]
    elif limits.below:
        known.sort()
        above = [colour for _, colour in known[1:]] + [GOOD]
        ends = [at for at, _ in known]
        steps = [Threshold(None, known[0][1]), *map(Threshold, ends, above)]
    else:
        steps = [Threshold(None, GOOD), *(Threshold(at, colour) for at, colour in sorted(known))]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _in_words(ask: Ask) -> str:
    """The limits as a sentence, so that no colour is the only sign."""
    way = "below" if ask.limits.below else "from"
    ends = {"amber": ask.limits.soon, "red": ask.limits.bad}
    said = [f"{colour} {way} {_shown(at, ask.unit)}" for colour, at in ends.items() if at is not None]
    return f" Limits: {', '.join(said)}." if said else ""


def _shown(value: float, unit: str) -> str:
    """A limit as Grafana shows it in this unit."""
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit != "s":
        return f"{value:,g}"
    size, name = next(((size, name) for size, name in ((3_600, "h"), (60, "min")) if value >= size), (1, "s"))
    return f"{value / size:g} {name}"
