"""When did a command do what, to the millisecond? Runs `linewatch` with its steps noted in a file, a line of JSON each.

    python -m benchmarks.kafka.watched NOTES worker ...

Wraps a call a turn, no more, so that what is measured is what runs without it. Names that are gone from the program
stop the benchmark with an AttributeError.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from benchmarks.kafka.process import Process
from ops.cli import main as linewatch
from stream.clock import NEVER
from stream.pace import Pace
from stream.worker import Worker


def watch_worker(notes: TextIO) -> None:
    """`taken`: the first crossings came. `turn`: how many are through the first stage, and decided, after a turn."""
    turn, take = Worker.turn, Worker.take_crossings
    last = [-1, -1]
    taken = False

    def noted_turn(self: Worker) -> None:
        turn(self)
        now = [
            sum(home.partition.counts["accepted"] for home in self.tenants.vehicles.values()),
            sum(home.partition.counts["assessed"] for home in self.tenants.at_ports.values()),
        ]
        if now != last:
            last[:] = now
            _note(notes, what="turn", accepted=now[0], assessed=now[1])

    def noted_take(self: Worker, number: int, records: Any) -> None:
        nonlocal taken
        if not taken:
            taken = True
            _note(notes, what="taken")
        take(self, number, records)

    Worker.turn, Worker.take_crossings = noted_turn, noted_take  # type: ignore[method-assign]


def watch_pace(notes: TextIO) -> None:
    """`begun`: which moment of the log was due when; everything else is due as much later as it happened."""
    due_s = Pace.due_s
    begun = False

    def noted(self: Pace, reached_ms: Any, now: float) -> Any:
        nonlocal begun
        due = due_s(self, reached_ms, now)
        if not begun and len(due) and reached_ms[0] > NEVER:
            begun = True
            _note(notes, what="begun", event_ms=int(reached_ms[0]), due=time.time() + float(due[0]) - now)
        return due

    Pace.due_s = noted  # type: ignore[method-assign]


def _note(notes: TextIO, **said: Any) -> None:
    notes.write(json.dumps({"at": time.time(), **said}) + "\n")


def read(notes: Path) -> list[dict[str, Any]]:
    """What was noted so far."""
    lines = notes.read_text().splitlines(keepends=True) if notes.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def start_of(notes: Path, producer: Process) -> float:
    """When the time 0 of a log is due, seconds since 1970; waits until its `producer` has begun."""
    while not (begun := [note for note in read(notes) if note["what"] == "begun"]):
        if not producer.running:
            raise RuntimeError(f"{producer.name} ended before it began: {producer.last_words()}")
        time.sleep(0.01)
    return float(begun[0]["due"]) - float(begun[0]["event_ms"]) / 1000


def main(arguments: list[str]) -> None:
    """See the module."""
    notes, *command = arguments
    with Path(notes).open("w", buffering=1) as file:
        watch_worker(file)
        watch_pace(file)
        sys.argv = ["linewatch", *command]
        linewatch()


if __name__ == "__main__":
    main(sys.argv[1:])
