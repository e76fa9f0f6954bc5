"""Do processes that run as one start in order, say who says what, and end together?"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ops.stack import runner
from ops.stack.runner import Service, Stack
from schemas.errors import Unavailable

STAYS = "import sys, time; print('at 10.0.0.1:{}', flush=True); time.sleep(600)"


def python(name: str, code: str, **more: object) -> Service:
    """A service that runs a line of Python."""
    return Service(name, (sys.executable, "-c", code), **more)  # type: ignore[arg-type]


def stays(name: str, port: int) -> Service:
    """One that names its address and stays."""
    return python(name, STAYS.format(port), says={name: r"at (\S+)"})


def shown() -> tuple[list[tuple[str, str]], Stack]:
    """A stack, and the lines that it showed."""
    lines: list[tuple[str, str]] = []
    return lines, Stack(lambda name, line: lines.append((name, line)), ready_s=20)


def test_what_one_names_is_there_for_the_next() -> None:
    """Lines come with who said them, in the order of the start; a job is waited for."""
    lines, stack = shown()
    with stack:
        stack.start(stays("first", 1))
        told = {"ADDRESS": stack.said["first"]}
        stack.start(python("job", "import os; print('told', os.environ['ADDRESS'])", env=told, job=True))
        stack.start(stays("second", 2))
        assert {"first": "10.0.0.1:1", "second": "10.0.0.1:2"} == stack.said
    assert [("first", "at 10.0.0.1:1"), ("job", "told 10.0.0.1:1"), ("second", "at 10.0.0.1:2")] == lines


def test_they_are_stopped_in_reverse(tmp_path: Path) -> None:
    """Each writes a line when it is told to end."""
    code = (
        "import signal, sys, threading; asked = threading.Event();"
        "signal.signal(signal.SIGTERM, lambda *_: asked.set()); print('at x', flush=True); asked.wait();"
        "open(sys.argv[1], 'a').write(sys.argv[2])"
    )
    _, stack = shown()
    with stack:
        for name in "abc":
            words = (sys.executable, "-c", code, str(tmp_path / "order"), name)
            stack.start(Service(name, words, says={name: "at (x)"}))
    assert "cba" == (tmp_path / "order").read_text()


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (python("early", "print('full'); raise SystemExit(3)", says={"x": "(ready)"}), "early ended with 3: full"),
        (python("job", "raise SystemExit(1)", job=True), "job ended with 1: it said nothing"),
        (Service("none", ("/no/such/program",)), "none: /no/such/program cannot be started"),
    ],
)  # fmt: skip
def test_one_that_does_not_become_ready_says_why(service: Service, says: str) -> None:
    """In its own last words, or in ours."""
    _, stack = shown()
    with stack, pytest.raises(Unavailable, match=says):
        stack.start(service)


def test_one_that_takes_too_long_is_not_waited_for() -> None:
    """And it is stopped."""
    with Stack(lambda *_: None, ready_s=0.2) as stack:
        with pytest.raises(Unavailable, match=r"slow was not ready within 0\.2 s"):
            stack.start(python("slow", "import time; time.sleep(600)", says={"x": "(ready)"}))
        process = stack._running[0].process
    assert process.returncode


def test_when_one_ends_all_do() -> None:
    """Unless it may: a producer that has sent everything is not missed, one that failed is."""
    _, stack = shown()
    with stack:
        stack.start(stays("first", 1))
        stack.start(python("sender", "print('all sent')", may_end=True))
        asked = threading.Event()
        threading.Timer(0.5, asked.set).start()
        stack.watch(asked)  # nobody is missed meanwhile
        stack.start(python("failed", "raise SystemExit(1)", may_end=True))
        with pytest.raises(Unavailable, match="failed ended with 1"):
            stack.watch(threading.Event())


def test_one_that_does_not_listen_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while; nothing is left behind."""
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('at', child.pid, flush=True); time.sleep(600)"
    )
    monkeypatch.setattr(runner, "STOP_S", 0.3)
    _, stack = shown()
    with stack:
        stack.start(python("deaf", code, says={"child": r"at (\d+)"}))
    asked = subprocess.run(
        ["ps", "-o", "stat=", "-p", stack.said["child"]], capture_output=True, text=True, check=False
    )
    assert asked.stdout.strip()[:1] in ("", "Z")
