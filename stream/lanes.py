"""In which order is what waits to be written written? First come, first served; what stands together goes together.

A lane is a thread with a queue. Small jobs that wait behind each other are done as one: a transaction costs the same
for one record as for a hundred.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

Headers = list[tuple[str, bytes]]
MOST_JOBS = 1_000  # taken together


class Output(NamedTuple):
    """One record; `value` is made in the lane's thread where it is a function, None deletes the key."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | Callable[[], bytes] | None
    headers: Headers


class Job(NamedTuple):
    """What is to be written."""

    outputs: list[Output]
    position: tuple[str, int, int] | None = None  # topic, partition, offset: a checkpoint's
    after: threading.Event | None = None  # to be waited for
    done: Callable[[], None] | None = None

    @property
    def is_plain(self) -> bool:
        """Outputs and nothing else."""
        return self.position is None and self.after is None and self.done is None


class Lane:
    """Calls `write` with jobs, in a thread, until `end`; what that raises goes to `failed`, and then it is over."""

    def __init__(self, name: str, write: Callable[[Job], None], failed: Callable[[BaseException], None]) -> None:
        self._write, self._failed = write, failed
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._put = self._written = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Do it after those before."""
        self._put += 1
        self._jobs.put(job)

    @property
    def waiting(self) -> int:
        """Jobs that were put and are not written."""
        return self._put - self._written

    def end(self) -> None:
        """Do what was put, and no more."""
        self._jobs.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while True:
                jobs = [self._jobs.get()]
                while not self._jobs.empty() and len(jobs) < MOST_JOBS:
                    jobs.append(self._jobs.get())
                for job in together(jobs):
                    if job is not None:
                        self._write(job)
                self._written += sum(job is not None for job in jobs)
                if any(job is None for job in jobs):
                    return
        except BaseException as problem:  # noqa: BLE001 - the worker looks at it and ends; nothing is swallowed
            self._failed(problem)


def together(jobs: Sequence[Job | None]) -> Iterator[Job | None]:
    """The same in the same order, outputs that follow each other as one job; a checkpoint alone. None is the end."""
    held: list[Output] = []
    for job in jobs:
        if job is not None and job.is_plain:
            held.extend(job.outputs)
            continue
        if held:
            yield Job(held)
            held = []
        yield job
    if held:
        yield Job(held)
