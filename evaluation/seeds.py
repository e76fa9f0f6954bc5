"""How good over several borders? The metrics.json of several evaluations in one table: mean, worst, pooled counts.

`python -m evaluation.seeds out-*/metrics.json` prints Markdown. Shares of counts are pooled (all episodes of all logs
together, with Wilson's interval), since one log holds few of a kind; average precisions are averaged over logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
import msgspec

from evaluation.results import Ranking, Results, Share, Typology, lead, share_of
from schemas.errors import ConfigError

OURS = "linewatch"


def read(paths: Iterable[Path]) -> list[Results]:
    """The results in these files; ConfigError names the one that is none."""
    found = []
    for path in paths:
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Results))
        except (OSError, msgspec.MsgspecError) as problem:
            raise ConfigError(
                f"{path}: no metrics.json of this version ({problem}). Evaluate that log again."
            ) from None
    return found


def pooled(shares: Iterable[Share]) -> Share:
    """All counts together.

    >>> pooled([share_of(1, 2), share_of(3, 8)]).share
    0.4
    """
    rows = list(shares)
    return share_of(sum(row.found for row in rows), sum(row.of for row in rows))


def figures(found: Sequence[Results]) -> list[list[str]]:
    """Rows of (what, mean, worst, pooled) for the figures that the goals name."""
    rate = found[0].rates[0]
    ours = [one.rankings[OURS] for one in found]
    rows = [
        _row("average precision", [r.average_precision for r in ours], min),
        _shares(f"episodes found at {rate}", [r.at[rate].found.episodes for r in ours], min),
        _shares(f"crossings found at {rate}", [r.at[rate].found.events for r in ours], min),
        _shares("episodes found by alerts", [one.alerts.found.episodes for one in found], min),
        _row(f"looked at, aimed for {rate}", [r.at[rate].alert_rate for r in ours], max),
    ]
    for name in _baselines(found):
        times = [lead(one.rankings[name]) for one in found]
        rows.append(_row(f"average precision over that of {found[0].rankings[name].title}, same crossings", times, min))
    rows.append(_row("combined p below 0.001, over 0.001", [_ratio(one) for one in found], _farthest))
    rows.append(_row("alerts an hour and port", [one.budget.per_hour_mean for one in found], max))
    rows.append(_shares("hours above the cap", [one.budget.hours_above_cap for one in found], max))
    return rows


def typologies(found: Sequence[Results]) -> list[list[str]]:
    """Rows of each typology: pooled episodes and crossings, then mean average precisions: ours, own, best baseline."""
    rate = found[0].rates[0]
    rows = []
    for label in sorted({label for one in found for label in one.rankings[OURS].typologies}):
        mine = [t for one in found if (t := _planted(one.rankings[OURS], label))]
        if not mine:
            continue
        others: dict[str, tuple[float, float]] = {}  # title -> what it has, what Linewatch has there
        for name in _baselines(found):
            theirs = [t for one in found if (t := _planted(one.rankings[name], label))]
            mean = (
                _mean([t.average_precision for t in theirs]),
                _mean([t.linewatch_average_precision for t in theirs]),
            )
            others[found[0].rankings[name].title] = (mean[0] or 0.0, mean[1] or 0.0)
        best = max(others, key=lambda title: others[title][0] / max(others[title][1], 1e-12), default="")
        reached, there = others.get(best, (0.0, 0.0))
        episodes = pooled(t.at[rate].episodes for t in mine)
        beside = f"{reached:.3g} {best}, there {there:.3g}" if best else "-"
        rows.append([
            label, f"{episodes.found:.0f} of {episodes.of:.0f}", f"{episodes.low:.2f} to {episodes.high:.2f}",
            _text(pooled(t.at[rate].events for t in mine).share), _text(_mean([t.average_precision for t in mine])),
            _text(_mean([t.own_average_precision for t in mine])), beside,
        ])  # fmt: skip
    return rows


def benign(found: Sequence[Results]) -> list[list[str]]:
    """Rows of each hard negative: pooled alerts, first ones, and at the first rate."""
    rate = found[0].rates[0]
    rows = []
    for kind in sorted({kind for one in found for kind in one.benign}):
        mine = [one.benign[kind] for one in found if kind in one.benign]
        alerted, first = pooled(row.crossings for row in mine), pooled(row.first for row in mine)
        at = pooled(row.at[rate] for row in mine)
        rows.append([kind, f"{alerted.of:,.0f}", *(_percent(share) for share in (alerted, first, at))])
    return rows


def calibration(found: Sequence[Results]) -> list[list[str]]:
    """Rows of each detector: share below 0.001 over 0.001, mean, lowest and highest of the logs."""
    rows = []
    for name in dict.fromkeys(name for one in found for name in one.calibration):
        mine = [one.calibration[name] for one in found if name in one.calibration]
        ratios = [r for row in mine if (r := row.ratio["0.001"]) is not None]
        total, below = sum(row.evaluated for row in mine), sum(row.below["0.001"] for row in mine)
        if total:
            rows.append([name, f"{total:,}", _text(1000 * below / total), _text(min(ratios)), _text(max(ratios))])
    return rows


def page(found: Sequence[Results]) -> str:
    """All of it as Markdown."""
    rate = found[0].rates[0]
    logs = ", ".join(f"{one.log.crossings:,}" for one in found)
    parts = [
        f"{len(found)} logs of {logs} crossings, {sum(one.log.episodes for one in found)} planted stories.",
        _table(["figure", "mean", "worst", "pooled"], figures(found)),
        _table(
            [
                "typology",
                f"episodes at {rate}",
                "95 %",
                "crossings",
                "average precision",
                "own detector",
                "best baseline",
            ],
            typologies(found),
        ),
        _table(["hard negative", "crossings", "alerted", "first alerted", f"at {rate}"], benign(found)),
        _table(["p below 0.001, over 0.001", "evaluated", "pooled", "lowest", "highest"], calibration(found)),
    ]
    return "\n\n".join(parts)


def _baselines(found: Sequence[Results]) -> list[str]:
    """Those that every log was ranked by."""
    return [name for name in found[0].rankings if name != OURS and all(name in one.rankings for one in found)]


def _planted(ranking: Ranking, label: str) -> Typology | None:
    row = ranking.typologies.get(label)
    return row if row is not None and row.crossings else None


def _ratio(one: Results) -> float | None:
    return one.calibration["combined"].ratio["0.001"]


def _farthest(ratios: Iterable[float]) -> float:
    return max(ratios, key=lambda r: max(r, 1 / max(r, 1e-9)))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _row(
    what: str, values: Sequence[float | None], worst: Callable[[Iterable[float]], float], more: str = ""
) -> list[str]:
    known = [value for value in values if value is not None]
    return [what, _text(_mean(values)), _text(worst(known) if known else None), more]


def _shares(what: str, shares: Sequence[Share], worst: Callable[[Iterable[float]], float]) -> list[str]:
    whole = pooled(shares)
    more = f"{whole.found:,.0f} of {whole.of:,.0f}, {whole.low:.3g} to {whole.high:.3g}"
    return _row(what, [share.share for share in shares], worst, more)


def _percent(share: Share) -> str:
    return f"{100 * share.share:.2f} % ({share.found:.0f})" if share.share is not None else "-"


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(files: tuple[Path, ...]) -> None:
    """Print the figures of several metrics.json FILES together, as Markdown."""
    click.echo(page(read(files)))


if __name__ == "__main__":
    main()
