"""Which curves does the report show? Each is a small picture that reads by itself on a phone and in black and white."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from evaluation.bench import RATES, WAITS
from evaluation.report.svg import BAD, FAINT, INK, SERIES, SOFT, drawing, to_svg
from evaluation.report.words import best_baseline
from evaluation.results import Calibration, Ranking, Results

# beside the colour each ranking has its own dashes and marker
DASHES = (
    "solid",
    (0, (1, 1)),
    (0, (5, 1)),
    (0, (3, 1, 1, 1)),
    (0, (5, 3)),
    (0, (2, 2)),
    (0, (7, 2, 1, 2)),
    (0, (1, 3)),
)
MARKERS = ("o", "x", "s", "^", "D", "v", "P", "*")
LEAST = 1e-5  # where logarithmic axes end


class Chart(NamedTuple):
    """A picture and the sentence below it."""

    svg: str
    caption: str


def charts(found: Results) -> list[Chart]:
    """In the order of the page."""
    return [
        _precision_recall(found),
        _recall(found),
        _waits(found),
        _strengths(found),
        _calibration(found),
        _hours(found),
    ]


def style_of(place: int) -> tuple[str, str]:
    """(colour variable, dash pattern) of the ranking in this place, for the legend."""
    dash = DASHES[place % len(DASHES)]
    return f"s{place % len(SERIES) + 1}", "" if isinstance(dash, str) else " ".join(str(3 * x) for x in dash[1])


def _lines(axes: Axes, found: Results, pick: str) -> None:
    for place, ranking in reversed(list(enumerate(found.rankings.values()))):
        curve = getattr(ranking, pick)
        axes.plot(
            curve.x, curve.y, color=SERIES[place % len(SERIES)], linestyle=DASHES[place % len(DASHES)],
            marker=MARKERS[place % len(MARKERS)], markersize=3.5, markevery=max(1, len(curve.x) // 6),
            linewidth=2.2 if place == 0 else 1.2,
        )  # fmt: skip


def _precision_recall(found: Results) -> Chart:
    name = "precision-recall"
    with drawing(name) as figure:
        axes = figure.subplots()
        _lines(axes, found, "precision_recall")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall: planted crossings found", ylabel="precision")
        _percent(axes, "xy")
    caption = "Precision against recall: of the crossings looked at, how many were planted. Up and right is better."
    return Chart(to_svg(figure, name, "Precision against recall", _order(found)), caption)


def _recall(found: Results) -> Chart:
    name = "recall-rate"
    with drawing(name) as figure:
        axes = figure.subplots()
        for rate in RATES.values():
            axes.axvline(rate, color=SOFT, linewidth=0.8, linestyle=(0, (2, 2)))
            axes.text(rate, 1.03, f"{100 * rate:g}%", ha="center", fontsize=7.5)
        _lines(axes, found, "recall_by_rate")
        axes.set(xscale="log", xlim=(1e-4, 0.2), ylim=(0, 1.02), xlabel="crossings looked at", ylabel="recall")
        axes.xaxis.set_minor_locator(NullLocator())
        _percent(axes, "xy")
    caption = (
        "Recall against the share of crossings an operator looks at. Up is better; work is done at the dashed lines."
    )
    return Chart(to_svg(figure, name, "Recall against alert rate", _order(found)), caption)


def _waits(found: Results) -> Chart:
    name = "time-to-detect"
    with drawing(name) as figure:
        axes = figure.subplots()
        _lines(axes, found, "found_within")
        axes.set(xscale="log", xlim=(0.1, 2400), ylim=(0, 1.02), xlabel="since the first planted crossing of a story")
        axes.set_xticks([0.1, 1, 24, 168, 720], ["at once", "1 h", "1 d", "7 d", "30 d"])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylabel("stories found")
        _percent(axes, "y")
    ours = next(iter(found.rankings.values())).found_within
    text = "; ".join(f"{100 * y:.0f}% within {x:g} h" for x, y in zip(ours.x, ours.y, strict=True) if x in WAITS[::3])
    caption = f"How soon stories are found at {found.rates[0]}. Stories of one crossing are found at once or never."
    return Chart(to_svg(figure, name, "Time to detect", text), caption)


def _order(found: Results) -> str:
    """What a picture of all rankings says, in words."""
    best = sorted(found.rankings.values(), key=lambda r: -(r.average_precision or 0))
    return "; ".join(f"{r.title}: average precision {r.average_precision or 0:.3g}" for r in best)


def _calibration(found: Results) -> Chart:
    name = "calibration"
    with drawing(name) as figure:
        axes = figure.subplots()
        levels = [float(level) for level in next(iter(found.calibration.values())).ratio]
        axes.fill_between(levels, 0.8, 1.2, color=FAINT, linewidth=0)
        axes.axhline(1.0, color=SOFT, linewidth=0.8)
        ordered = sorted(found.calibration.items(), key=lambda item: (item[0] != "combined", -_off(item[1])))
        for place, (detector, row) in enumerate(ordered):
            y = [max(r, 0.02) for r in row.ratio.values() if r is not None]
            if not y:
                continue
            named = place < 4
            axes.plot(
                levels, y, color=SERIES[place] if named else SOFT, linestyle=DASHES[place] if named else "solid",
                marker=MARKERS[place] if named else None, markersize=4, linewidth=2.2 if place == 0 else 1.0,
                alpha=1.0 if named else 0.35, label=detector.partition("@")[0] if named else None,
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", xlim=(0.15, 6e-5), ylim=(0.015, 60), xlabel="level")
        axes.set_ylabel("share of p below it, over the level")
        axes.set_yticks([0.02, 0.1, 0.5, 1, 2, 10, 50], ["0 or less", "0.1", "0.5", "1", "2", "10", "50"])
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(levels, [f"{level:g}" for level in levels])
        axes.legend(fontsize=7.5, frameon=False, loc="upper left")
    ours = found.calibration["combined"].ratio
    text = "combined: " + ", ".join(f"{level}: {ratio}" for level, ratio in ours.items())
    caption = (
        "Calibration on crossings that are not labelled: 1 is perfect, above is over-confident, the grey band is 20%. "
        "Named: the combined p and the three detectors farthest off at 0.001; thin lines are the others."
    )
    return Chart(to_svg(figure, name, "Calibration", text), caption)


def _off(row: Calibration) -> float:
    """How many times off at 0.001, either way; 0 where nothing can be said."""
    expected = 0.001 * row.evaluated
    ratio = row.ratio["0.001"]
    if ratio is None or expected < 5:
        return 0.0
    return max(ratio, 1 / max(ratio, 0.02))


def _hours(found: Results) -> Chart:
    name = "alerts-hour"
    budget = found.budget
    counts = {int(k): v for k, v in budget.hours_by_alerts.items()}
    top = max(*counts, budget.cap_per_hour) + 1
    with drawing(name) as figure:
        axes = figure.subplots()
        axes.bar(range(top + 1), [counts.get(k, 0) for k in range(top + 1)], color=SERIES[0], width=0.8)
        lines = ((budget.per_hour_allowed, "aim", INK), (budget.cap_per_hour + 0.5, "cap", BAD))
        for at, word, colour in lines:
            axes.axvline(at, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
            axes.text(at, 1.02, word, ha="center", fontsize=7.5, transform=axes.get_xaxis_transform(), color=colour)
        axes.set(yscale="log", ylim=(0.7, max(budget.hours, 10) * 1.5), xlabel="alerts in one hour at one port")
        axes.set_ylabel("hours")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    text = f"{budget.per_hour_mean:.3g} alerts an hour and port on average, {budget.per_hour_max} at most"
    caption = "How many alerts an hour brought to a port, against what operators were promised."
    return Chart(to_svg(figure, name, "Alerts an hour", text), caption)


def _strengths(found: Results) -> Chart:
    name = "strengths"
    ours, best = by_strength(next(iter(found.rankings.values()))), best_baseline(found)
    theirs = by_strength(best) if best else {}
    with drawing(name) as figure:
        axes = figure.subplots()
        places = range(len(ours))
        axes.bar(places, [found_of / max(of, 1) for found_of, of in ours.values()], color=SERIES[0], width=0.55)
        for place, key in enumerate(ours):
            axes.text(
                place,
                ours[key][0] / max(ours[key][1], 1) + 0.02,
                f"{ours[key][0]} of {ours[key][1]}",
                ha="center",
                fontsize=7.5,
            )
        if theirs:
            axes.plot(places, [theirs[key][0] / max(theirs[key][1], 1) for key in ours], "D", color=INK, markersize=5)
        axes.set_xticks(list(places), list(ours))
        axes.set(ylim=(0, 1.1), xlabel="strength of the story: 0 subtle, 1 plain", ylabel="episodes found")
        axes.grid(visible=False, axis="x")
        _percent(axes, "y")
    beside = f"; diamonds: {best.title}" if best and theirs else ""
    caption = f"Episodes found at 0.33% by how plain they were made (bars: Linewatch{beside})."
    text = ", ".join(f"{key}: {hits} of {of}" for key, (hits, of) in ours.items()) or "no strengths are known"
    return Chart(to_svg(figure, name, "Episodes found by strength", text), caption)


def by_strength(ranking: Ranking) -> dict[str, tuple[int, int]]:
    """(found, of) over all typologies."""
    total: dict[str, tuple[int, int]] = {}
    for typology in ranking.typologies.values():
        for key, share in typology.strengths.items():
            hits, of = total.get(key, (0, 0))
            total[key] = (hits + int(share.found), of + int(share.of))
    return dict(sorted(total.items(), key=lambda item: float(item[0])))


def _percent(axes: Axes, which: str) -> None:
    def text(value: float, _: int) -> str:
        return f"{100 * value:g}%"

    if "x" in which:
        axes.xaxis.set_major_formatter(FuncFormatter(text))
    if "y" in which:
        axes.yaxis.set_major_formatter(FuncFormatter(text))
