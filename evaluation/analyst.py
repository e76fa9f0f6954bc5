"""How does an analyst look into a replay? Alerts and every crossing's p-values as polars data frames.

`python -m evaluation.analyst FOLDER` prints the tables of docs/analyst.md for a folder that holds what the commands
there have written. Every function takes and gives frames, so each can be used alone in a notebook. Assessments are
scanned lazily: a query reads the columns and rows it needs, however long the log was.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import polars as pl

from schemas.errors import ConfigError

TOP = 10
# what is read of a log; other fields can be added here
LOG_SCHEMA = {
    "crossing_id": pl.String, "occurred_at": pl.String, "vehicle": pl.String, "port": pl.String, "direction": pl.String,
    "lane": pl.String, "vehicle_class": pl.String,
}  # fmt: skip


def alerts(path: Path) -> pl.DataFrame:
    """One row an alert, in the order in which they were given; `reasons` is a list of records. ConfigError for none."""
    if not path.stat().st_size:
        raise ConfigError(f"{path} holds no alert. Replay a longer log, or with a higher floor_p.")
    return pl.read_ndjson(path, infer_schema_length=None)


def reasons(found: pl.DataFrame) -> pl.DataFrame:
    """One row a reason: which detector, its typology, p, share of the evidence, sentence."""
    wanted = ["crossing_id", "detector", "typology", "p_value", "share", "sentence"]
    return found.select("crossing_id", "reasons").explode("reasons").unnest("reasons").select(wanted)


def assessments(path: Path) -> pl.LazyFrame:
    """One row a crossing: `crossing_id, score, p_value, alerted`, each detector's calibrated p, its evidence."""
    return pl.scan_parquet(path)


def detectors(frame: pl.LazyFrame) -> list[str]:
    """The columns that hold a detector's p: `name@version`."""
    return [name for name in frame.collect_schema().names() if "@" in name]


def with_labels(frame: pl.LazyFrame, labels: Path) -> pl.LazyFrame:
    """Adds `label` and `episode`, null for ordinary crossings, and `rank`: 1 is the oddest crossing of the log."""
    named = pl.scan_csv(labels, schema_overrides={"episode": pl.String})
    ranked = frame.with_columns(rank=pl.col("p_value").rank("min"))
    return ranked.join(named, on="crossing_id", how="left")


def by_label(labelled: pl.LazyFrame) -> pl.DataFrame:
    """For each label: how many, how many alerted, the median rank, the p of the middle one."""
    return (
        labelled.filter(pl.col("label").is_not_null())
        .group_by("label")
        .agg(
            crossings=pl.len(),
            alerted=pl.col("alerted").sum(),
            median_rank=pl.col("rank").median(),
            median_p=pl.col("p_value").median(),
        )
        .sort("median_rank", "label")
        .collect()
    )


def surest(labelled: pl.LazyFrame, count: int = TOP) -> pl.DataFrame:
    """The oddest crossings, with the detector whose p is lowest; read past the labels to see false alarms."""
    names = detectors(labelled)
    top = labelled.sort("p_value", "crossing_id").head(count)
    lowest = (
        top.select("crossing_id", *names)
        .unpivot(index="crossing_id", variable_name="detector", value_name="p")
        .drop_nulls("p")
        .sort("p", "detector")
        .group_by("crossing_id", maintain_order=True)
        .first()
    )
    wanted = ["crossing_id", "p_value", "alerted", "label", "detector", "p"]
    return top.join(lowest, on="crossing_id", how="left").sort("p_value", "crossing_id").select(wanted).collect()


def calibration(frame: pl.LazyFrame, level: float = 0.01) -> pl.DataFrame:
    """For each detector: how many crossings it judged, and the share of its p below a level (about the level)."""
    names = ["p_value", *detectors(frame)]
    tall = frame.select(names).unpivot(variable_name="detector", value_name="p").drop_nulls("p")
    share = (pl.col("p") < level).mean()
    return tall.group_by("detector").agg(judged=pl.len(), share_below=share).sort("detector").collect()


def compare(one: pl.LazyFrame, other: pl.LazyFrame) -> pl.DataFrame:
    """Two configurations over the same log, crossing by crossing: which alerts stay, which go, how far ranks move."""
    keep = ["crossing_id", "p_value", "alerted"]
    both = one.select(keep).join(other.select(keep), on="crossing_id", suffix="_other")
    now, then = pl.col("alerted"), pl.col("alerted_other")
    return both.select(
        crossings=pl.len(),
        both_alert=(now & then).sum(),
        only_first=(now & ~then).sum(),
        only_second=(~now & then).sum(),
        rank_correlation=pl.corr("p_value", "p_value_other", method="spearman"),
        changed_tenfold=((pl.col("p_value") / pl.col("p_value_other")).log10().abs() >= 1).sum(),
    ).collect()


def history(log: Path, labelled: pl.LazyFrame, vehicle: str) -> pl.DataFrame:
    """One vehicle's crossings in time, the hours since the one before, its p and what is planted."""
    mine = pl.scan_ndjson(log, schema=LOG_SCHEMA).filter(pl.col("vehicle") == vehicle).unique("crossing_id")
    at = pl.col("occurred_at").str.to_datetime(time_zone="UTC")
    return (
        mine.with_columns(at.alias("at"))
        .join(labelled.select("crossing_id", "p_value", "alerted", "label"), on="crossing_id")
        .sort("at", "crossing_id")
        .with_columns(hours=pl.col("at").diff().dt.total_minutes() / 60)
        .select(
            pl.col("at").dt.strftime("%a %Y-%m-%d %H:%M"), "port", "direction", "hours", "p_value", "alerted", "label"
        )
        .collect()
    )


def around(life: pl.DataFrame, before: int = 7, after: int = 2) -> pl.DataFrame:
    """The oddest crossing of a history and its neighbours."""
    at = life["p_value"].arg_min() or 0
    first = max(0, at - before)
    return life.slice(first, at - first + 1 + after)


def tables(folder: Path, vehicle: str | None = None) -> dict[str, pl.DataFrame]:
    """Every table of docs/analyst.md, by its name there."""
    found = alerts(folder / "alerts.jsonl")
    frame = assessments(folder / "assessments.parquet")
    labelled = with_labels(frame, folder / "labels.csv")
    who = vehicle or found.sort("p_value", "crossing_id")["vehicle"][0]
    by_typology = reasons(found).group_by("typology").len("reasons")
    return {
        "typologies": by_typology.sort("reasons", "typology", descending=[True, False]),
        "labels": by_label(labelled),
        "surest": surest(labelled),
        "calibration": calibration(frame),
        "compare": compare(frame, assessments(folder / "shorter_memory.parquet")),
        "history": around(history(folder / "crossings.jsonl", labelled, who)),
    }


def as_markdown(table: pl.DataFrame) -> str:
    """A frame as people read it."""
    with pl.Config(
        tbl_formatting="MARKDOWN", tbl_hide_dataframe_shape=True, tbl_rows=100, fmt_str_lengths=40,
        tbl_width_chars=160, tbl_hide_column_data_types=True,
    ):  # fmt: skip
        return str(table)


def refreshed(page: str, found: dict[str, pl.DataFrame]) -> str:
    """The page with the table after each `<!-- table: name -->` made anew."""
    for name, table in found.items():
        head, mark, rest = page.partition(f"<!-- table: {name} -->\n\n")
        if mark:
            rest = re.sub(r"^(?:\|.*\n)*\n*", "", rest)  # the table that stood there
            page = f"{head}{mark}{as_markdown(table)}\n\n{rest}"
    return page


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--vehicle", help="Whose history to show. Default: that of the surest alert.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Put the tables into this page instead.")
def main(folder: Path, vehicle: str | None, page: Path | None) -> None:
    """Print every table of docs/analyst.md: FOLDER holds the log, its labels, and what two replays have written."""
    found = tables(folder, vehicle)
    if page is not None:
        page.write_text(refreshed(page.read_text(encoding="utf-8"), found), encoding="utf-8")
        return
    for name, table in found.items():
        click.echo(f"\n{name}\n\n{as_markdown(table)}")


if __name__ == "__main__":
    main()
