"""How do several processes run as one? Started in order, each when those before it are ready; stopped in reverse.

A process says that it is ready by a line of its output; what the line names (an address) is there for those that come
after it. All lines go to one place, with the name of who said them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from schemas.errors import Unavailable

READY_S = 180.0  # the first start of a machine compiles the detectors
STOP_S = 40.0
LOOK_S = 0.2
LAST_LINES = 5  # quoted when one ends too early


@dataclass(frozen=True)
class Service:
    """One process. It is ready when each pattern of `says` was found in a line of its output; the group is its value.

    A `job` is ready when it has ended with 0. One that `may_end` is not missed when it ends with 0 later.
    """

    name: str
    words: tuple[str, ...]
    says: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    job: bool = False
    may_end: bool = False


class _Running:
    """A started service, and what it has said."""

    def __init__(self, service: Service, show: Callable[[str, str], None]) -> None:
        self.service, self._show = service, show
        self.said: dict[str, str] = {}
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._changed = threading.Condition()
        self._ended = False
        try:
            self.process = subprocess.Popen(  # noqa: S603 (our own words, no shell)
                service.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", env={**os.environ, **service.env}, start_new_session=True,  # Ctrl-C is for us alone
            )  # fmt: skip
        except OSError as problem:
            raise Unavailable(f"{service.name}: {service.words[0]} cannot be started ({problem.strerror})") from None
        self._reader = threading.Thread(target=self._read, name=service.name)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._show(self.service.name, line.rstrip("\n"))
                self._note(line)
        self.process.wait()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _note(self, line: str) -> None:
        with self._changed:
            self._last.append(line.strip())
            for name, pattern in self.service.says.items():
                if name not in self.said and (found := re.search(pattern, line)):
                    self.said[name] = found[1]
            self._changed.notify_all()

    def wait_until_ready(self, patience_s: float) -> None:
        """Unavailable, with its last lines, when it ends before it is ready or takes too long."""

        def settled() -> bool:
            return self._ended or (not self.service.job and self.service.says.keys() <= self.said.keys())

        with self._changed:
            in_time = self._changed.wait_for(settled, patience_s)
        if not in_time:
            raise Unavailable(f"{self.service.name} was not ready within {patience_s:g} s: {self.words()}")
        if self._ended and not (self.service.job and self.process.returncode == 0):
            raise Unavailable(self.ended())

    @property
    def missed(self) -> bool:
        """Whether it has ended and should not have."""
        ended = self._ended and not self.service.job
        return ended and not (self.service.may_end and self.process.returncode == 0)

    def words(self) -> str:
        return " | ".join(self._last) or "it said nothing"

    def ended(self) -> str:
        return f"{self.service.name} ended with {self.process.returncode}: {self.words()}"

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to it and its children when that takes too long."""
        if not self._ended:
            self.process.terminate()
        self._reader.join(STOP_S)
        if self._reader.is_alive():
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session, so its own group
            self._reader.join()


class Stack:
    """Services that run as one; `with` stops them all at the end, the last first."""

    def __init__(self, show: Callable[[str, str], None], *, ready_s: float = READY_S) -> None:
        """`show` gets the name of a service and a line of its output, from a thread of that service."""
        self._show, self._ready_s = show, ready_s
        self._running: list[_Running] = []
        self.said: dict[str, str] = {}

    def start(self, service: Service) -> None:
        """Start one and wait until it is ready; what it named is in `said`. Unavailable when it does not become so."""
        running = _Running(service, self._show)
        self._running.append(running)
        running.wait_until_ready(self._ready_s)
        self.said |= running.said

    def watch(self, stop: threading.Event) -> None:
        """Return when `stop` is set; Unavailable as soon as one ends that should not."""
        while not stop.wait(LOOK_S):
            for running in self._running:
                if running.missed:
                    raise Unavailable(running.ended())

    def close(self) -> None:
        """Stop all, the last started first."""
        while self._running:
            self._running.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
