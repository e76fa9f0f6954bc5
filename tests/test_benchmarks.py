"""Do the benchmarks still run? Each at its tiny size; nothing here looks at how long it took."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import child, memory, metrics, report, speed, start
from benchmarks.figures import Figure, Result, Table
from benchmarks.log import generated_log
from benchmarks.scale import TINY
from benchmarks.stopwatch import Stopwatch, per_call


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for all of them, so that the log is made once."""
    return tmp_path_factory.mktemp("bench")


@pytest.mark.slow
def test_speed_compares_with_its_peers(cache: Path) -> None:
    """Rates of the replay and of everything it is compared with, and every crossing accounted for."""
    result = speed.run(TINY, cache)
    assert all(min(figure.values) > 0 for figure in result.figures)
    assert [TINY.repeats] * 12 == [len(figure.values) for figure in result.figures]
    lines = int(result.notes[0].split()[0].replace(",", ""))
    assert lines == pytest.approx(TINY.crossings, rel=0.1)


@pytest.mark.slow
def test_the_stopwatch_finds_every_stage(cache: Path) -> None:
    """Every part of a replay appears with calls of its own; shares add up to the whole."""
    log = generated_log(cache, crossings=TINY.crossings, vehicles=TINY.vehicles, ports=TINY.ports)
    parts, segments = (Table(**table) for table in child.apart("benchmarks.where:measure", log=str(log)))
    called = {row[0] for row in parts.rows if row[3] not in {"", "0"}}
    for label in ("decode: JSON", "decode: ids", "reorder", "judge", "alerts: reasons and sentences", "sinks: alerts"):
        assert label in called
    assert {"vehicle stage: odd_hour", "port stage: peer_outlier"} <= called
    shares = [float(row[2].rstrip("%")) for row in parts.rows if row[3]]
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(shares))
    assert "judge" in {row[0] for row in segments.rows}


@pytest.mark.slow
def test_memory_counts_vehicles_and_bytes(cache: Path) -> None:
    """A vehicle takes at least its row, in memory and on disk, and a second checkpoint writes less than the first."""
    result = memory.run(TINY, cache)
    value = {figure.what: figure.median for figure in result.figures}
    row = value["of that the row of the state table"]
    assert row > 100
    assert value["state table with its index a vehicle"] > row
    assert value["bytes on disk a vehicle"] > row


@pytest.mark.slow
def test_start_starts_the_command(cache: Path) -> None:
    """Both commands are started and take some time."""
    result = start.run(TINY, cache)
    assert [2 * TINY.starts] * 2 + [TINY.starts] * 2 == [len(figure.values) for figure in result.figures]
    assert all(min(figure.values) > 0 for figure in result.figures)


@pytest.mark.slow
def test_metrics_are_compared_with_a_run_without_them(cache: Path) -> None:
    """What they cost is more than nothing and less than everything."""
    result = metrics.run(TINY, cache)
    assert [TINY.repeats] * 3 == [len(figure.values) for figure in result.figures]
    assert all(0 < share < 1 for share in result.figures[0].values)


def test_a_command_that_fails_is_no_figure() -> None:
    """A start that ends with an error stops the benchmark and shows what the command said."""
    with pytest.raises(RuntimeError, match=r"absent\.jsonl"):
        start.started(["replay", "absent.jsonl"])


def test_a_child_that_fails_stops_the_benchmark() -> None:
    """An exception in a measuring process is an error here, not an empty figure."""
    with pytest.raises(RuntimeError, match=r"benchmarks\.where:measure failed"):
        child.apart("benchmarks.where:measure", log="absent.jsonl")


def test_a_log_is_made_once(cache: Path) -> None:
    """The same size gives the same file; another size another one."""
    first = generated_log(cache, crossings=500, vehicles=50, ports=2)
    made = first.stat().st_mtime_ns
    assert first == generated_log(cache, crossings=500, vehicles=50, ports=2)
    assert made == first.stat().st_mtime_ns
    assert first != generated_log(cache, crossings=600, vehicles=50, ports=2)


class Clockwork:
    """Something with a call inside of a call."""

    def outer(self, n: int) -> int:
        """Work of its own, then `inner`."""
        return sum(range(50_000)) and self.inner(n)

    def inner(self, n: int) -> int:
        """All of the work."""
        until = time.thread_time() + 0.01
        while time.thread_time() < until:
            pass
        return n


def test_the_stopwatch_counts_each_moment_once() -> None:
    """What an inner call takes is not counted for the outer one; the answers are untouched; `stop` undoes it."""
    watch, works = Stopwatch(), Clockwork()
    watch.around(works, "outer", "outer")
    watch.around(works, "inner", "inner", lambda n: n)
    start_s = time.thread_time()
    assert 7 == works.outer(7)
    whole = time.thread_time() - start_s
    inner, outer = watch.spent["inner"], watch.spent["outer"]
    assert 0.01 <= inner.seconds
    assert inner.seconds + outer.seconds <= whole
    assert [(7, inner.seconds)] == inner.samples
    watch.stop()
    assert vars(works) == {}


def test_the_stopwatch_follows_a_generator() -> None:
    """A function that yields is timed at each step, not only where it is called."""
    watch, works = Stopwatch(), Clockwork()
    steps = watch.wrap("steps", lambda: (works.inner(n) for n in range(3)))
    assert [0, 1, 2] == list(steps())
    assert 0.03 <= watch.spent["steps"].seconds


def test_the_stopwatch_names_what_is_gone() -> None:
    """A stage that was renamed stops the benchmark instead of vanishing from the table."""
    with pytest.raises(AttributeError, match="renamed"):
        Stopwatch().around(Clockwork(), "renamed", "label")


def test_fixed_and_growing_cost_are_told_apart() -> None:
    """Seconds that follow a + b n give a and b; calls of one size leave everything in a."""
    assert pytest.approx((2.0, 0.5)) == per_call([(n, 2.0 + 0.5 * n) for n in (1, 4, 9)])
    assert pytest.approx((3.0, 0.0)) == per_call([(5, 3.0), (5, 3.0)])


@pytest.mark.parametrize(
    ("figure", "verdict", "goal"),
    [
        (Figure("a", [1.0, 3.0, 2.0], "s", at_most=2.0), "met", "<= 2"),
        (Figure("a", [1.0, 3.0, 2.5], "s", at_most=2.0), "missed", "<= 2"),
        (Figure("a", [99.0], "1/s", at_least=100), "missed", ">= 100"),
        (Figure("a", [99.0], "1/s"), "", ""),
    ],
)
def test_the_median_is_held_against_the_goal(figure: Figure, verdict: str, goal: str) -> None:
    """A goal is met or missed by the median of the runs; without a goal nothing is claimed."""
    assert (verdict, goal) == (figure.verdict, figure.goal)


def test_figures_are_written_between_the_markers(tmp_path: Path) -> None:
    """Only what stands between the markers changes; earlier figures of other benchmarks stay."""
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter\n")
    for name in ("speed", "memory"):
        report.Results(tmp_path / "results.json").keep(name, {"processor": "x"}, Result([Figure(name, [1.0], "s")]))
    report.write_page(page, report.Results(tmp_path / "results.json"))
    written = page.read_text()
    assert written.startswith("# Before\n")
    assert written.endswith("\nAfter\n")
    assert "old" not in written
    assert written.index("### speed") < written.index("### memory")


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    """Nothing is written into a page that has no markers."""
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    with pytest.raises(ValueError, match="no place for figures"):
        report.write_page(page, report.Results(tmp_path / "results.json"))
    assert "# Page\n" == page.read_text()


def test_the_page_has_a_place_for_figures(repository: Path) -> None:
    """docs/benchmarks.md carries the markers that `--write` looks for."""
    text = (repository / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert 1 == text.count(report.BEGIN) == text.count(report.END)
