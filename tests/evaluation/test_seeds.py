"""Are several evaluations put together as the table says? Small results, made by hand on the bench's log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from evaluation import seeds
from evaluation.assemble import assemble, prepare
from evaluation.baselines.catalogue import choose
from evaluation.results import Results, to_json
from schemas.errors import ConfigError
from tests.evaluation.columns import truth_of
from tests.evaluation.test_bench import LABELS, SETUP, log


def results_of(alerted: list[int]) -> Results:
    """The bench's log, with other alerts."""
    scores = log()
    scores.alerted[:] = np.isin(np.arange(len(scores)), alerted)
    truth = truth_of(LABELS, {"c640": ("dst", "y"), "c641": ("dst", "y")})
    return assemble(prepare(scores, truth, SETUP), choose(("random",))[0], SETUP, lambda *_: lambda _: None)


@pytest.fixture(scope="module")
def found() -> list[Results]:
    """Two logs: in one nothing alerts, in the other a planted and an innocent crossing."""
    return [results_of([]), results_of([995, 640])]


def test_counts_are_pooled_and_shares_averaged(found: list[Results]) -> None:
    """0 of 3 and 1 of 3 episodes by alerts: mean 0.167, worst 0, 1 of 6 together."""
    rows = {row[0]: row[1:] for row in seeds.figures(found)}
    mean, worst, pooled = rows["episodes found by alerts"]
    assert ("0.167", "0", "1 of 6") == (mean, worst, pooled.partition(",")[0])
    one = found[0].rankings["linewatch"].average_precision
    assert [f"{one:.3g}", f"{one:.3g}", ""] == rows["average precision"]


def test_every_typology_stands_with_its_best_baseline(found: list[Results]) -> None:
    """Episodes of both logs, and the only baseline there is."""
    rows = {row[0]: row[1:] for row in seeds.typologies(found)}
    assert {"new_port", "odd_hour"} == set(rows)
    assert "2 of 4" == rows["new_port"][0]
    assert " random, there " in rows["new_port"][-1]


def test_only_baselines_of_every_log_are_compared(found: list[Results]) -> None:
    """One that ran on some logs only would be judged by others."""
    alone = msgspec.structs.replace(found[1], rankings={"linewatch": found[1].rankings["linewatch"]})
    assert not [row for row in seeds.figures([found[0], alone]) if "same crossings" in row[0]]
    assert [row for row in seeds.figures(found) if "same crossings" in row[0]]
    assert "-" == seeds.typologies([found[0], alone])[0][-1]


def test_hard_negatives_are_pooled(found: list[Results]) -> None:
    """One of four crossings of both logs, and one of two first ones."""
    assert [["dst", "4", "25.00 % (1)", "50.00 % (1)", "0.00 % (0)"]] == seeds.benign(found)


def test_the_page_holds_every_table(found: list[Results], tmp_path: Path) -> None:
    """From the files, as Markdown; a file that is none is named."""
    paths = [tmp_path / f"{k}.json" for k in range(2)]
    for path, one in zip(paths, found, strict=True):
        path.write_bytes(to_json(one))
    assert found == seeds.read(paths)
    text = seeds.page(seeds.read(paths))
    assert text.startswith("2 logs of 1,000, 1,000 crossings")
    assert 4 == text.count("|---|")
    assert "| combined | 992 |" in text
    paths[0].write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"0\.json: no metrics"):
        seeds.read(paths)
