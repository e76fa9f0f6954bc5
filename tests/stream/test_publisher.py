"""What goes into one transaction?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stream.publisher import Outlet, Output, _Job, together

A, B = (Outlet(name, producer=None) for name in "ab")  # nothing is written here


def job(outlet: Outlet | None, *values: bytes, **more: Any) -> _Job:
    """Some outputs."""
    return _Job(outlet, [Output("t", 0, None, v, []) for v in values], more.get("position"), more.get("done"))


def told(jobs: Sequence[_Job | None]) -> list[tuple[str, list[object]]]:
    """Outlet and values of what comes out."""
    out: list[tuple[str, list[object]]] = []
    for one in together(jobs):
        name = "end" if one is None else one.outlet.name if one.outlet is not None else "-"
        out.append((name, [] if one is None else [output.value for output in one.outputs]))
    return out


def test_neighbours_of_one_outlet_are_one_transaction() -> None:
    """In their order; another outlet between them is not overtaken."""
    jobs = [job(A, b"1"), job(A, b"2", b"3"), job(B, b"4"), job(A, b"5"), job(None, b"6"), job(None, b"7")]
    assert [("a", [b"1", b"2", b"3"]), ("b", [b"4"]), ("a", [b"5"]), ("-", [b"6", b"7"])] == told(jobs)


def test_a_checkpoint_stands_alone() -> None:
    """Nothing joins it, and it joins nothing."""
    jobs = [job(A, b"1"), job(A, b"2", position=("t", 0, 5)), job(A, b"3"), job(A, b"4", done=print), job(A, b"5")]
    assert [("a", [value]) for value in (b"1", b"2", b"3", b"4", b"5")] == told(jobs)


def test_the_end_comes_after_what_was_said_before_it() -> None:
    """Nothing is left behind."""
    assert [("a", [b"1"]), ("end", [])] == told([job(A, b"1"), None])
    assert [] == told([])
