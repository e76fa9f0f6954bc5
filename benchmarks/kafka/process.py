"""How is a `linewatch` command run beside the benchmark, and what does it say when? A process that is listened to."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.child import environment

STOP_S = 60.0
SAID_LINES = 12  # of what it said, when it ends where it should not
READY = re.compile(r"ready: (\d+) partitions of crossings, (\d+) of ports")
COUNTS = re.compile(r"(\w+)=(\d+)")


class Said(NamedTuple):
    """One line of a process, and when it came: seconds since 1970, the clock that all processes here share."""

    at: float
    text: str


class Process:
    """A Python process that runs until it is stopped; `words` follow `python`."""

    def __init__(self, name: str, words: list[str]) -> None:
        self.name, self.said = name, list[Said]()
        self.started = time.time()
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-u", *words], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, name=f"listens to {name}", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as words:
            for line in words:
                with self._news:
                    self.said.append(Said(time.time(), line.rstrip()))
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_for(self, wanted: Callable[[Said], bool], timeout_s: float) -> Said:
        """The first line, of those said so far too, that is `wanted`; RuntimeError when it ends or takes too long."""
        deadline, looked = time.monotonic() + timeout_s, 0
        with self._news:
            while True:
                for said in self.said[looked:]:
                    if wanted(said):
                        return said
                looked = len(self.said)
                if not self._listener.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not come so far: {self.last_words()}")
                self._news.wait(0.2)

    def last_words(self) -> str:
        """What it said last, for an error."""
        words = [said.text for said in self.said if "progress " not in said.text]
        last = [said.text for said in self.said[-1:] if said.text not in words]
        return " | ".join([*words[-SAID_LINES:], *last]) or "it said nothing"

    def end(self, timeout_s: float) -> None:
        """Wait until it ends by itself; RuntimeError when that fails or takes too long."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{self.name} did not end within {timeout_s:.0f} s: {self.last_words()}") from None
        self._listener.join()
        if code:
            raise RuntimeError(f"{self.name} ended with {code}: {self.last_words()}")

    def stop(self) -> None:
        """SIGTERM, and wait; RuntimeError when it had failed before."""
        if self.running:
            self._process.terminate()
        self.end(STOP_S)

    def kill(self) -> float:
        """SIGKILL; when, in seconds since 1970."""
        at = time.time()
        self._process.kill()
        self._process.wait()
        self._listener.join()
        return at


class Worker(Process):
    """`linewatch worker --progress lines`."""

    def counts(self) -> dict[str, int]:
        """The last it said of its progress."""
        return next((counts_of(said.text) for said in reversed(self.said) if "progress " in said.text), {})

    def ready(self, partitions: int, at_ports: int, *, since: float = 0.0, timeout_s: float = 180.0) -> float:
        """When it said, after `since`, that it has just so many partitions."""
        wanted = (partitions, at_ports)
        return self.wait_for(lambda said: said.at >= since and has(said.text) == wanted, timeout_s).at

    @property
    def partitions(self) -> tuple[int, int]:
        """How many of crossings and of ports it last said that it has."""
        return next((found for said in reversed(self.said) if (found := has(said.text)) is not None), (0, 0))

    def settled(self, records: int, timeout_s: float = 600.0) -> float:
        """When it first said that all of so many records are read and decided."""
        return self.wait_for(lambda said: settled(counts_of(said.text), records), timeout_s).at


def has(text: str) -> tuple[int, int] | None:
    """The partitions of crossings and of ports in a line that names them.

    >>> has("linewatch: ready: 8 partitions of crossings, 0 of ports")
    (8, 0)
    """
    found = READY.search(text)
    return None if found is None else (int(found[1]), int(found[2]))


def counts_of(text: str) -> dict[str, int]:
    """The counts in a line of progress.

    >>> counts_of("linewatch: progress accepted=10 assessed=7")
    {'accepted': 10, 'assessed': 7}
    """
    return {name: int(count) for name, count in COUNTS.findall(text)} if "progress " in text else {}


def settled(counts: dict[str, int], records: int) -> bool:
    """Whether so many records are read, and all crossings among them decided."""
    read = sum(counts.get(name, 0) for name in ("accepted", "duplicates", "rejected", "resent"))
    return read >= records > 0 and counts["assessed"] == counts["accepted"]
