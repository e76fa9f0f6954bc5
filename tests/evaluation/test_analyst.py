"""Do the analyst's tables say what the files say? Two replays of a small border; docs/analyst.md is run as it is."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from evaluation import analyst
from ops.replay import replay
from schemas.errors import ConfigError
from tests.evaluation.evaluated import write_border

PAGE = Path(__file__).resolve().parents[2] / "docs" / "analyst.md"


@pytest.fixture(scope="module")
def border(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of the page write, on a smaller border."""
    folder = write_border(tmp_path_factory.mktemp("analyst"), seed=4, days=40, vehicles=500, ports=3, planted_rate=0.02)
    log, key = str(folder / "crossings.jsonl"), f"plate_key_file={folder / 'plate.key'}"
    loose = ("--set", key, "--set", "floor_p=0.02", "--dead-letter", str(folder / "rejects.jsonl"))
    more = ("--alerts", str(folder / "alerts.jsonl"), "--assessments", str(folder / "assessments.parquet"))
    other = ("--set", "half_life_days=15", "--assessments", str(folder / "shorter_memory.parquet"))
    for words in (more, other):
        CliRunner().invoke(replay, [log, *loose, *words], standalone_mode=False, catch_exceptions=False)
    return folder


@pytest.fixture(scope="module")
def labelled(border: Path) -> pl.LazyFrame:
    """The first replay's assessments with labels."""
    return analyst.with_labels(analyst.assessments(border / "assessments.parquet"), border / "labels.csv")


def test_reasons_are_those_of_the_alerts(border: Path) -> None:
    """One row a reason, shares of an alert sum to 1."""
    lines = [json.loads(line) for line in (border / "alerts.jsonl").read_text().splitlines()]
    found = analyst.reasons(analyst.alerts(border / "alerts.jsonl"))
    assert sum(len(line["reasons"]) for line in lines) == len(found)
    sums = found.group_by("crossing_id").agg(pl.col("share").sum())["share"]
    assert pytest.approx([1.0] * len(lines), abs=1e-9) == sums.to_list()


def test_labels_are_joined(border: Path, labelled: pl.LazyFrame) -> None:
    """Every label of the file that is in the log, with the counts of the file; ranks begin at 1."""
    with (border / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = analyst.by_label(labelled)
    assert len(rows) == found["crossings"].sum()
    assert {row["label"] for row in rows} == set(found["label"])
    everything = labelled.select("rank", "p_value", "alerted").collect()
    assert 1 == everything["rank"].min()
    assert everything["p_value"].min() == everything.sort("rank")["p_value"][0]


def test_the_surest_come_first_with_their_detector(labelled: pl.LazyFrame) -> None:
    """The detector named is the one with the lowest p of that crossing."""
    found = analyst.surest(labelled, 5)
    assert 5 == len(found)
    assert found["p_value"].to_list() == sorted(found["p_value"].to_list())
    one = labelled.filter(pl.col("crossing_id") == found["crossing_id"][0]).collect().row(0, named=True)
    lowest = min((one[name], name) for name in analyst.detectors(labelled) if one[name] is not None)
    assert lowest == (found["p"][0], found["detector"][0])


def test_calibration_of_every_detector(border: Path) -> None:
    """As many rows as columns of p that say something, the combined one included."""
    frame = analyst.assessments(border / "assessments.parquet")
    found = analyst.calibration(frame, 0.1)
    assert "p_value" in found["detector"].to_list()
    assert found["judged"].max() == frame.select(pl.len()).collect().item()
    whole = frame.select(((pl.col("p_value") < 0.1).mean()).alias("share")).collect().item()
    assert whole == found.filter(pl.col("detector") == "p_value")["share_below"].item()


def test_two_configurations_side_by_side(border: Path) -> None:
    """A replay agrees with itself wholly, and with another one in part."""
    one = analyst.assessments(border / "assessments.parquet")
    other = analyst.assessments(border / "shorter_memory.parquet")
    same = analyst.compare(one, one).row(0, named=True)
    assert (0, 0, 0) == (same["only_first"], same["only_second"], same["changed_tenfold"])
    assert pytest.approx(1.0) == same["rank_correlation"]
    assert same["both_alert"] == len((border / "alerts.jsonl").read_text().splitlines())
    assert 0.5 < analyst.compare(one, other)["rank_correlation"][0] < 1.0


def test_one_vehicles_history(border: Path, labelled: pl.LazyFrame) -> None:
    """All its crossings in time; around the oddest of them."""
    lines = [json.loads(line) for line in (border / "crossings.jsonl").read_text().splitlines()]
    vehicle = json.loads((border / "alerts.jsonl").read_text().splitlines()[0])["vehicle"]
    found = analyst.history(border / "crossings.jsonl", labelled, vehicle)
    assert len({line["crossing_id"] for line in lines if line.get("vehicle") == vehicle}) == len(found)
    hours = found["hours"].drop_nulls().to_list()
    assert len(found) - 1 == len(hours)
    assert min(hours) >= 0
    assert found["p_value"].min() in analyst.around(found)["p_value"].to_list()


def test_no_alerts_is_said(tmp_path: Path) -> None:
    """An empty file is no frame."""
    (tmp_path / "alerts.jsonl").touch()
    with pytest.raises(ConfigError, match="holds no alert"):
        analyst.alerts(tmp_path / "alerts.jsonl")


def test_the_page_runs_as_it_stands(border: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece of Python in docs/analyst.md, one after the other, in the folder of the files."""
    pieces = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(pieces) >= 6
    monkeypatch.chdir(border)
    scope: dict[str, object] = {}
    for piece in pieces:
        exec(compile(piece, str(PAGE), "exec"), scope)  # noqa: S102 (our own page)
    assert isinstance(scope["labelled"], pl.LazyFrame)


def test_all_tables_at_once(border: Path, tmp_path: Path) -> None:
    """The script prints every table of the page, or puts them where the page wants them."""
    printed = CliRunner().invoke(analyst.main, [str(border)], catch_exceptions=False).output
    names = [line for line in printed.splitlines() if line and not line.startswith("|")]
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    assert names == re.findall(r"<!-- table: (\w+) -->", page.read_text(encoding="utf-8"))
    CliRunner().invoke(analyst.main, [str(border), "--page", str(page)], catch_exceptions=False)
    filled = page.read_text(encoding="utf-8")
    for part in re.split(r"\n\n(?=\|)", printed)[1:]:
        assert part.split("\n\n")[0].strip() in filled
    CliRunner().invoke(analyst.main, [str(border), "--page", str(page)], catch_exceptions=False)
    assert filled == page.read_text(encoding="utf-8")
