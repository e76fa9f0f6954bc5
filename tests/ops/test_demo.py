"""Does the demo show what it promises? The real pipeline on generated traffic, in time that the test turns itself."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from click.testing import CliRunner
from rich.console import Console
from sqlalchemy import select

from console.accounts import Accounts
from console.database import Database
from console.queue import Queue
from console.tables import alerts
from evaluation.simulator import Traffic, generate
from ops.console import now_ms
from ops.demo import Clock, Pace, demo, play
from ops.demo_border import DAY_MS, START, DemoBorder
from ops.demo_console import DemoConsole
from ops.demo_screens import LiveScreen, PlainScreen
from ops.demo_summary import facts, summary
from ops.demo_view import View
from ops.settings import Settings
from schemas.models import Alert
from schemas.ports import Ports

HISTORY_DAYS, SHOW_DAYS = 45, 8


class Ear:
    """Hears the preparations."""

    def __init__(self) -> None:
        self.work: list[str] = []
        self.alerts: list[Alert] = []

    def progress(self, what: str, done: int, total: int) -> None:
        """Keep what is new."""
        assert done <= total
        if what not in self.work:
            self.work.append(what)

    def alert(self, border: DemoBorder, alert: Alert) -> None:
        """Keep it."""
        assert border.tally.history_alerts > 0
        self.alerts.append(alert)


def new_border(traffic: Traffic) -> DemoBorder:
    """A border that has read its history and is about to show the rest."""
    begin = traffic.places.start_ms
    settings = Settings(ports="us")
    days = (begin + HISTORY_DAYS * DAY_MS, begin + (HISTORY_DAYS + SHOW_DAYS) * DAY_MS)
    border = DemoBorder(traffic, settings, Ports.builtin("us"), *days)
    border.warm_up(Ear())
    return border


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """Eight weeks of a small border with many stories."""
    return generate(4, HISTORY_DAYS + SHOW_DAYS, 3_000, 6, 0.01, START)


@pytest.fixture
def border(traffic: Traffic) -> DemoBorder:
    """A border of its own for each test: showing it changes it."""
    return new_border(traffic)


@pytest.fixture(scope="module")
def shown(traffic: Traffic) -> DemoBorder:
    """A border whose days have all been shown; for tests that only look."""
    border = new_border(traffic)
    border.advance(border.end_ms)
    return border


@dataclass
class TurnedClock:
    """Time that passes only while somebody waits; at `interrupt_at` seconds the viewer presses Ctrl-C."""

    seconds: float = 0.0
    interrupt_at: float = float("inf")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        if self.seconds >= self.interrupt_at:
            raise KeyboardInterrupt

    def clock(self) -> Clock:
        """What the show reads."""
        return Clock(now=lambda: self.seconds, wait=self.wait)


class Kept:
    """A screen that keeps what it is given."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to give back."""

    def show(self, alerts: list[Alert], elapsed_s: float) -> None:  # noqa: ARG002
        """Keep them."""
        self.alerts += alerts


def test_the_history_tells_its_first_alerts(traffic: Traffic) -> None:
    """While the history is read the viewer hears what is done and sees the first three alerts; they count apart."""
    begin, ear = traffic.places.start_ms, Ear()
    border = DemoBorder(traffic, Settings(ports="us"), Ports.builtin("us"), begin + 45 * DAY_MS, begin + 46 * DAY_MS)
    border.warm_up(ear)
    assert len(ear.work) == 2
    assert len(ear.alerts) == 3 < border.tally.history_alerts
    assert border.tally.alerts == 0


def test_simulated_time_follows_the_pace(border: DemoBorder) -> None:
    """Ten seconds at half a day a second show five days, and every crossing that arrived in them."""
    play(border, Kept(), Pace(speed=0.5, seconds=10), TurnedClock().clock())
    shown_days = (border.now_ms - border.live_from_ms) / DAY_MS
    assert shown_days == pytest.approx(5, abs=0.06)
    arrived = int((border.traffic.time_ms[border.traffic.arrival] < border.now_ms).sum())
    assert abs(border.crossings - arrived) < 0.001 * arrived


def test_the_show_ends_with_its_days(border: DemoBorder) -> None:
    """Without a limit of seconds it ends when the last day has passed, with nothing left unread."""
    play(border, Kept(), Pace(speed=1.0, seconds=None), TurnedClock().clock())
    assert border.now_ms == border.end_ms
    assert border.crossings == len(border.traffic.arrival)


def test_the_pace_changes_no_alert(traffic: Traffic) -> None:
    """Slow or fast, the same crossings give the same alerts, byte for byte."""
    runs = []
    for speed in (0.7, 50.0):
        screen = Kept()
        play(new_border(traffic), screen, Pace(speed, seconds=None), TurnedClock().clock())
        runs.append([alert.to_json() for alert in screen.alerts])
    assert runs[0]
    assert runs[0] == runs[1]


def test_ctrl_c_ends_the_show_and_not_the_program(border: DemoBorder) -> None:
    """An interrupt while waiting returns to the summary, with what was shown until then."""
    play(border, Kept(), Pace(speed=0.5, seconds=None), TurnedClock(interrupt_at=3.0).clock())
    assert dict(facts(border))["shown"].startswith(("1.4 days", "1.5 days"))


def test_plain_lines_say_what_an_operator_needs(border: DemoBorder) -> None:
    """Each alert is a line with time, severity, port by name, lane, vehicle and the sentences."""
    output = io.StringIO()
    with PlainScreen(Console(file=output, width=100), border) as screen:
        play(border, screen, Pace(speed=4.0, seconds=None), TurnedClock().clock())
    text = output.getvalue()
    alert = border.tally.latest[0]
    line = next(line for line in text.splitlines() if alert.vehicle[:8] in line and alert.reasons[0].sentence in line)
    assert text.startswith("DEMO: generated traffic")
    assert alert.severity.upper() in line
    assert f"lane {alert.lane} {alert.direction}" in line
    assert border.ports.label_of(border.ports.code_of(alert.port)) in line
    assert alert.vehicle not in line


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 50)])
def test_the_picture_shows_watermark_alerts_and_budget(shown: DemoBorder, width: int, height: int) -> None:
    """On a small and on a large terminal: DEMO, severity by word and shape, the sentence, the ports' alerts an hour."""
    text = _picture(shown, width, height, encoding="utf-8")
    alert = shown.tally.latest[0]
    assert " DEMO " in text
    assert "not real vehicles" in text
    assert alert.severity in text
    assert any(shape in text for shape in "◆▲●○")
    assert alert.reasons[0].sentence.split()[0] in text
    assert "of 6 alerts" in text
    assert ("peak/h" in text) == (width > 100)
    assert max(len(line) for line in text.splitlines()) <= width


def test_the_live_screen_takes_the_terminal_and_gives_it_back(shown: DemoBorder) -> None:
    """The picture is drawn on the terminal's other screen, which is left at the end."""
    output = io.StringIO()
    console = Console(file=output, width=120, height=40, force_terminal=True, color_system=None)
    with LiveScreen(console, shown) as screen:
        screen.show([], 8.0)
    text = output.getvalue()
    assert text.startswith("\x1b[?1049h")
    assert text.index("generated traffic, not real vehicles") < text.index("\x1b[?1049l")
    assert shown.tally.latest[0].vehicle[:8] in text


def test_a_terminal_without_unicode_gets_ascii(shown: DemoBorder) -> None:
    """Shapes and frames are ASCII where the terminal knows nothing else."""
    text = _picture(shown, 100, 40, encoding="ascii")
    assert text.isascii()
    assert shown.tally.latest[0].severity in text


def test_the_summary_counts_what_was_planted_and_found(shown: DemoBorder) -> None:
    """Alerts split into planted, benign and ordinary; stories found are among those shown; the next commands follow."""
    planted = shown.planted_so_far()
    assert shown.tally.found <= planted
    assert shown.tally.alerts == shown.tally.truths.total() > 0
    output = io.StringIO()
    Console(file=output, width=100).print(summary(shown))
    text = output.getvalue()
    assert f"{len(shown.tally.found)} of {len(planted)} planted stories" in text
    assert "linewatch replay" in text


def test_what_is_decided_in_the_console_is_learnt_from(border: DemoBorder) -> None:
    """Once it can no longer be undone, and as if it had been decided at the moment that the border has come to."""
    with DemoConsole(Settings(ports="us", console_port=0), lambda _: None, browser=False) as console:
        border.store = console
        while len(waiting := alerts_in(console.database)) < 2:
            border.advance(border.now_ms + DAY_MS)
        decide(console.database, waiting[0], seconds_ago=-3_600)  # so it stays young, however slow the machine is
        border.advance(border.now_ms + DAY_MS)
        assert not any(border.pipeline.dispositions.values())
        decide(console.database, waiting[1], seconds_ago=60)
        border.advance(border.now_ms + DAY_MS)
        border.advance(border.now_ms + DAY_MS)
        assert {"seizure alert": 1} == +Counter(border.pipeline.dispositions)
    assert "learnt from: seizure alert 1" in dict(facts(border))["decided"]


def alerts_in(database: Database) -> list[str]:
    """Their ids, in the order in which they came."""
    with database.read() as connection:
        return list(connection.execute(select(alerts.c.alert_id).order_by(alerts.c.issued_ms)).scalars())


def decide(database: Database, alert_id: str, *, seconds_ago: int) -> None:
    """The demo's user has found something."""
    with database.begin() as connection:
        ((person, _),) = Accounts(connection, now_ms).all()
        queue = Queue(connection, person, lambda: now_ms() - 1000 * seconds_ago)
        queue.open(alert_id, hold=True)
        queue.decide(alert_id, "seizure", "narcotics")


def test_no_port_goes_over_its_cap(shown: DemoBorder) -> None:
    """The busiest hour that the summary names is within what an operator can look at."""
    peaks = [shown.tally.busiest_hour(code) for code in shown.traffic.places.codes]
    assert 0 < max(peaks) <= shown.settings.budget_cap_per_hour


def test_the_command_runs_to_its_summary_without_a_terminal() -> None:
    """`linewatch demo --plain` into a pipe: lines, then the summary, exit code 0."""
    result = CliRunner().invoke(demo, ["--plain", "--speed", "1000", "--days", "1", "--seed", "3"])
    assert 0 == result.exit_code, result.output
    assert "DEMO: generated traffic" in result.output
    assert "DEMO summary" in result.output


@pytest.mark.parametrize("wrong", [["--speed", "0"], ["--days", "0"], ["--seed", "-1"], ["--seconds", "-1"]])
def test_impossible_options_are_wrong_usage(wrong: list[str]) -> None:
    """A number outside its range exits with 2 and says which option."""
    result = CliRunner().invoke(demo, wrong)
    assert 2 == result.exit_code
    assert wrong[0] in result.output


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for a child process")
def test_ctrl_c_at_the_prompt_exits_with_the_summary(tmp_path: Path) -> None:
    """A real interrupt of the real process during the show: exit code 0, a summary, no traceback."""
    command = [sys.executable, "-c", "from ops.demo import demo; demo()", "--plain", "--speed", "0.001"]
    with (
        (tmp_path / "err").open("wb") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True) as run,
    ):
        assert run.stdout is not None
        line = ""
        while not line.startswith("DEMO"):
            line = run.stdout.readline()
            assert line, (tmp_path / "err").read_text()
        run.stdout.readline()  # the first picture: the show is on
        run.send_signal(signal.SIGINT)
        rest = run.stdout.read()
    assert 0 == run.returncode, (tmp_path / "err").read_text()
    assert "DEMO summary" in rest
    assert "" == (tmp_path / "err").read_text()


def _picture(border: DemoBorder, width: int, height: int, encoding: str) -> str:
    """What a terminal of that size would show, without colours."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=width, height=height, force_terminal=True, color_system=None)
    console.print(View(border, ascii_only=encoding == "ascii").render(8.0, width, height), height=height)
    file.flush()
    return raw.getvalue().decode(encoding)
