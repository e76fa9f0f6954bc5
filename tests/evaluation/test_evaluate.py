"""Does `linewatch evaluate` keep its word? On a small border: figures, the page, the same bytes, and kind errors."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evaluation.baselines.catalogue import BASELINES as BASELINES_THERE
from evaluation.results import json_schema, to_json
from schemas.errors import ConfigError
from tests.evaluation.evaluated import Evaluated, run_evaluate, words, write_border
from tests.ops.running import linewatch, one_line

ODD_PORT = "<i>&7"
BASELINES = ("--baseline", "random", "--baseline", "rules", "--baseline", "hst", "--baseline", "xstream")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """One evaluation that most tests look at; a loose budget, so that there are alerts."""
    folder = write_border(
        tmp_path_factory.mktemp("border"), odd_port=ODD_PORT, seed=9, days=50, vehicles=700, ports=3, planted_rate=0.02
    )
    return run_evaluate(
        folder, *BASELINES, "--dispositions", str(folder / "dispositions.jsonl"), "--set", "floor_p=0.02"
    )


def test_figures_add_up(evaluated: Evaluated) -> None:
    """Counts agree with the files, shares with counts, and Linewatch is the first ranking."""
    found = evaluated.results
    labelled = {line.split(",")[0] for line in (evaluated.folder / "labels.csv").read_text().splitlines()[1:]}
    lines = (evaluated.folder / "crossings.jsonl").read_text().count("\n")
    assert lines * 0.99 < found.log.crossings <= lines
    assert len(labelled) == found.log.labelled
    assert ["linewatch", "random", "rules", "hst", "xstream"] == list(found.rankings)
    ours = found.rankings["linewatch"]
    assert sum(t.crossings for t in ours.typologies.values()) >= ours.at["1%"].found.events.of > 20
    for ranking in found.rankings.values():
        assert list(ours.typologies) == list(ranking.typologies)
        assert ranking.at["0.33%"].found.events.found <= ranking.at["1%"].found.events.found
        assert all(0 <= y <= 1 for curve in (ranking.precision_recall, ranking.recall_by_rate) for y in curve.y)
    assert 0 < found.log.alerts >= sum(port.alerts for port in found.budget.by_port.values())
    assert found.budget.hours == sum(found.budget.hours_by_alerts.values())
    assert found.lift is not None


def test_chance_is_chance_and_linewatch_is_better(evaluated: Evaluated) -> None:
    """Random finds what its alert rate says; Linewatch is above it and above the rules."""
    found = evaluated.results.rankings
    chance = found["random"]
    assert chance.average_precision is not None
    assert chance.base_rate is not None
    assert chance.average_precision < 4 * chance.base_rate
    assert chance.at["1%"].found.events.low <= 0.01 <= chance.at["1%"].found.events.high
    assert (found["linewatch"].average_precision or 0) > 2 * (found["rules"].average_precision or 0)


def test_metrics_are_written_as_they_are_read(evaluated: Evaluated) -> None:
    """The file is the shape of `evaluation.results`, and its schema can be made."""
    assert to_json(evaluated.results) == evaluated.metrics
    assert "#/$defs/Results" == json_schema()["$ref"]


def test_every_key_is_explained() -> None:
    """docs/evaluation.md names every key of metrics.json."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    keys = {key for shape in json_schema()["$defs"].values() for key in shape["properties"]}
    assert set() == {key for key in keys if f"`{key}`" not in page}


def test_every_baseline_is_explained() -> None:
    """And every baseline."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert [] == [baseline.name for baseline in BASELINES_THERE if f"`{baseline.name}`" not in page]


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(evaluated: Evaluated, tmp_path: Path) -> None:
    """Another hash seed, another process: the page and the figures are the same."""
    here = {name: (evaluated.folder / "out" / name).read_bytes() for name in ("report.html", "metrics.json")}
    more = ("--dispositions", str(evaluated.folder / "dispositions.jsonl"), "--set", "floor_p=0.02")
    command = words(evaluated.folder, *BASELINES, *more)
    command[command.index("--out") + 1] = str(tmp_path / "again")
    ended = linewatch(tmp_path, "evaluate", *command)
    assert 0 == ended.code, ended.err
    assert here == {name: (tmp_path / "again" / name).read_bytes() for name in here}


class Page(HTMLParser):
    """What a page is made of; every element that opens must close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An empty element of a picture."""
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """It closes what opened last."""
        assert tag == self.open.pop(), f"</{tag}> closes another element"


def test_the_page_is_whole_and_loads_nothing(evaluated: Evaluated) -> None:
    """Well-formed; no script, no style attribute, no reference that leaves the page; inner ones point somewhere."""
    page = Page(evaluated.report)
    assert [] == page.open
    assert 0 == sum(page.tags[tag] for tag in ("script", "link", "img", "iframe", "object", "base", "form"))
    names = [
        (tag, name, value) for tag, name, value in page.attributes if name in {"src", "href", "xlink:href", "style"}
    ]
    assert [] == [one for one in names if not one[2].startswith("#") or one[1] == "style"]
    assert [] == [one for one in page.attributes if one[1].startswith("on")]
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert [] == [name for name, count in ids.items() if count > 1]
    targets = {value[1:] for _, name, value in page.attributes if name == "href"}
    targets |= {found for _, _, value in page.attributes for found in re.findall(r"url\(#([^)]+)\)", value)}
    assert targets <= set(ids)


def test_the_browser_is_told_so(evaluated: Evaluated) -> None:
    """The policy in the page allows nothing but the one style sheet, named by its hash."""
    style = re.search(r"<style>(.*?)</style>", evaluated.report, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in evaluated.report
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_every_picture_says_what_it_shows(evaluated: Evaluated) -> None:
    """For those who cannot see it: a title and a description, or a label."""
    pictures = re.findall(r"<svg [^>]*>(?:<title|.)", evaluated.report, re.DOTALL)
    assert len(pictures) > 20
    for picture in pictures:
        assert any(word in picture for word in ("aria-label=", "aria-labelledby=", 'aria-hidden="true"')), picture


def test_text_of_the_log_is_only_text(evaluated: Evaluated) -> None:
    """A port called like an element stands in the page as it is called."""
    assert ODD_PORT not in evaluated.report
    assert "&lt;i&gt;&amp;7" in evaluated.report


def test_stories_are_told(evaluated: Evaluated) -> None:
    """Misses and false alarms with their clocks, sentences and neighbours; the plainest miss first."""
    misses = [float(x) for x in re.findall(r"<h3>Missed: \w+, strength ([\d.]+) of 1</h3>", evaluated.report)]
    assert sorted(misses, reverse=True) == misses
    assert len(misses) >= 1
    assert evaluated.report.count("<h3>False alarm: ") >= 1
    assert evaluated.report.count("Weekly clock.") == evaluated.report.count("<article ")
    assert 'class="event"' in evaluated.report


def test_the_terminal_says_where_it_is(evaluated: Evaluated) -> None:
    """A table of all rankings, and the two files."""
    assert ["Linewatch", "random", "hand-written rules", "river HST", "PySAD xStream"] == [
        line[:22].strip() for line in evaluated.said.splitlines()[1:6]
    ]
    assert "report.html" in evaluated.said


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A log of a few days."""
    return write_border(tmp_path / "tiny", seed=2, days=20, vehicles=60, ports=2, planted_rate=0.05)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--baseline", "magic"), "Known baselines"),
        (("--warm-up", "0.6"), "must be below --split"),
        (("--labels", "none.csv"), "cannot read none.csv"),
        (("--split", "1"), "lower --split"),
        (("--floors", "none.toml"), "cannot read none.toml"),
        (("--set", "latest_year=1999"), "no crossing of the log was accepted"),
    ],
)
def test_errors_say_what_to_do(more: tuple[str, ...], says: str, tiny: Path) -> None:
    """Before the log is read, wherever that is possible."""
    with pytest.raises(ConfigError, match=says):
        run_evaluate(tiny, *more)


def test_labels_of_another_log(tiny: Path, tmp_path: Path) -> None:
    """One line on the terminal, and exit code 1."""
    (tiny / "labels.csv").write_text("crossing_id,label\nelsewhere,odd_hour\n", encoding="utf-8")
    ended = linewatch(tmp_path, "evaluate", *words(tiny, "--baseline", "none"))
    one_line(ended, "belong to another log")


def test_a_figure_below_its_floor_ends_with_1(tiny: Path) -> None:
    """The line says which, how low, and why it matters; the report is written all the same."""
    floors = tiny / "floors.toml"
    floors.write_text(
        '[[figure]]\npath = "rankings/linewatch/average_precision"\nat_least = 1.1\nwhy = "nothing reaches this"\n'
        '[[figure]]\npath = "log/crossings"\nat_least = 1\nwhy = "met"\n',
        encoding="utf-8",
    )
    ended = run_evaluate(tiny, "--baseline", "none", "--floors", str(floors))
    assert 1 == ended.code
    assert re.search(
        r"linewatch: rankings/linewatch/average_precision: .* is below 1.1; nothing reaches this", ended.said
    )
    assert "log/crossings" not in ended.said
    assert ended.report.startswith("<!doctype html>")
