"""Is it still as good as it was? One seeded border, evaluated; every figure of floors.toml must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation.quality import below, look_up, read_floors
from schemas.errors import ConfigError
from tests.evaluation.evaluated import run_evaluate, write_border

FLOORS = Path(__file__).with_name("floors.toml")
BORDER: dict[str, Any] = {"seed": 20_260, "days": 60, "vehicles": 9_000, "ports": 8, "planted_rate": 0.005}
BASELINES = ("--baseline", "rules", "--baseline", "hst")


@pytest.mark.slow
def test_no_figure_is_below_its_floor(tmp_path: Path) -> None:
    """What fell, from what to what, and why it matters."""
    folder = write_border(tmp_path / "border", **BORDER)
    ended = run_evaluate(folder, "--ports", "us", *BASELINES)
    assert [] == below(ended.metrics, read_floors(FLOORS)), f"\n{ended.said}"


FIGURES = b'{"a": {"0.33%": {"share": 0.5}, "none": null}, "b": 0.2}'


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('path = "a/0.33%/share"\nat_least = 0.5', []),
        ('path = "a/0.33%/share"\nat_least = 0.6', ["a/0.33%/share: 0.5 is below 0.6; why"]),
        ('path = "b"\nat_most = 0.1', ["b: 0.2 is above 0.1; why"]),
        ('path = "a/0.33%/share"\nat_least = 3.0\ntimes = "b"', ["a/0.33%/share: 0.5 is below 0.6 (of b); why"]),
        ('path = "a/0.33%/share"\nat_least = 2.0\ntimes = "b"', []),
        ('path = "a/1%/share"\nat_least = 0.1', ["a/1%/share: there is no such figure; why"]),
        ('path = "a/none"\nat_least = 0.1', ["a/none: there is no such figure; why"]),
        ('path = "b"\nat_least = 1\ntimes = "c"', ["c: there is no such figure; why"]),
    ],
)
def test_a_floor_says_what_fell(table: str, says: list[str], tmp_path: Path) -> None:
    """The figure, its value, its floor and the reason; a missing figure has fallen too."""
    (tmp_path / "f.toml").write_text(f'[[figure]]\n{table}\nwhy = "why"\n', encoding="utf-8")
    assert says == below(FIGURES, read_floors(tmp_path / "f.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("figure = 1", r"\[\[figure\]\] tables"),
        ("x = 1", r"are required"),
        ('[[figure]]\npath = "a"\nwhy = "w"', "each with at_least or at_most"),
        ('[[figure]]\npath = "a"\nat_least = 1', "why"),
        ('[[figure]]\npath = "a"\nwhy = "w"\nat_lest = 1', "at_lest"),
        ("[[figure]", "tables"),
    ],
)
def test_a_table_with_a_typing_error_is_refused(text: str, says: str, tmp_path: Path) -> None:
    """Rather than holding nothing to nothing."""
    (tmp_path / "f.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_floors(tmp_path / "f.toml")


def test_what_is_no_number_is_no_figure() -> None:
    """A text or a table at the end of a path."""
    assert (None, None, 2.0) == (look_up({"a": "x"}, "a"), look_up({"a": {}}, "a"), look_up({"a": 2}, "a"))
