"""What is written together, and what happens in a lane?"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from stream.lanes import Job, Lane, Output, together


def job(*values: bytes, **more: Any) -> Job:
    """Some outputs."""
    return Job([Output("t", 0, None, value, []) for value in values], **more)


def told(jobs: Sequence[Job | None]) -> list[list[object] | None]:
    """The values of what comes out."""
    return [None if one is None else [output.value for output in one.outputs] for one in together(jobs)]


def test_neighbours_are_written_together() -> None:
    """In their order."""
    assert [[b"1", b"2", b"3"]] == told([job(b"1"), job(b"2", b"3")])


def test_a_checkpoint_stands_alone() -> None:
    """Nothing joins it, and it joins nothing."""
    jobs = [job(b"1"), job(b"2", position=("t", 0, 5)), job(b"3"), job(b"4", done=print), job(b"5")]
    assert [[value] for value in (b"1", b"2", b"3", b"4", b"5")] == told(jobs)
    assert [[b"1"], [b"2"]] == told([job(b"1", after=threading.Event()), job(b"2")])


def test_the_end_comes_after_what_was_put_before_it() -> None:
    """Nothing is left behind."""
    assert [[b"1"], None] == told([job(b"1"), None])
    assert [] == told([])


def test_a_lane_keeps_the_order_and_joins_what_waits() -> None:
    """While the first is being written the others wait, and go together."""
    begun, go, written = threading.Event(), threading.Event(), list[list[object]]()

    def write(one: Job) -> None:
        begun.set()
        assert go.wait(30)
        written.append([output.value for output in one.outputs])

    lane = Lane("test", write, written.append)  # type: ignore[arg-type] # fails the comparison, should it fail
    lane.put(job(b"1"))
    assert begun.wait(30)
    lane.put(job(b"2"))
    lane.put(job(b"3"))
    lane.end()
    assert 3 == lane.waiting
    go.set()
    lane.join(30)
    assert [[b"1"], [b"2", b"3"]] == written
    assert 0 == lane.waiting


def test_what_fails_ends_the_lane_and_is_told() -> None:
    """Nothing after it is written."""
    problems = list[BaseException]()

    def write(one: Job) -> None:
        raise OSError(str(len(one.outputs)))

    lane = Lane("test", write, problems.append)
    lane.put(job(b"1", done=print))
    lane.put(job(b"2"))
    lane.join(30)
    assert ["1"] == [str(problem) for problem in problems]
