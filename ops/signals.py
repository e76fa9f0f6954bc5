"""How does a run end when someone asks it to? At the next block, after a checkpoint."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(threading.Event):
    """Set by SIGINT or SIGTERM; `signal` says by which."""

    signal: int = 0

    def exit_code(self, *, terminated: int = 143) -> int:
        """130 after Ctrl-C, `terminated` after SIGTERM, 0 when nobody asked."""
        return {0: 0, signal.SIGINT: 130}.get(self.signal, terminated)


@contextmanager
def stopping() -> Iterator[Stop]:
    """A `Stop` for as long as the block runs; a second Ctrl-C ends the program at once."""
    stop = Stop()

    def ask(number: int, _: FrameType | None) -> None:
        stop.signal = number
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM is a Ctrl-C for as long as the block runs: what is to be cleaned up is."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
