"""Where does the time go? Wraps calls and adds up the time spent in each, calls inside of it aside.

Processor time of the thread, so that what else the machine does is not counted (waiting for a disk is not, either).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Any

CALL_S = 1e-6  # about what one wrapped call costs by itself


@dataclass
class Spent:
    """Seconds and calls under one label; `samples` are (size of the work, seconds) where a size is known."""

    seconds: float = 0.0
    calls: int = 0
    samples: list[tuple[int, float]] = field(default_factory=list)


class Stopwatch:
    """Exclusive times: what a wrapped call spends in another wrapped call counts for the inner one only."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self._inner = [0.0]
        self._undo = ExitStack()

    def wrap(
        self, label: str, function: Callable[..., Any], size: Callable[..., int] | None = None
    ) -> Callable[..., Any]:
        """`function`, timed, a generator at each step; `size` tells from its arguments how much work a call is."""
        spent = self.spent.setdefault(label, Spent())
        clock, inner = time.thread_time, self._inner

        def timed(*arguments: Any, **named: Any) -> Any:
            inner.append(0.0)
            start = clock()
            try:
                answer = function(*arguments, **named)
            finally:
                whole = clock() - start
                mine = whole - inner.pop()
                inner[-1] += whole
                spent.seconds += mine
                spent.calls += 1
                if size is not None:
                    spent.samples.append((size(*arguments, **named), mine))
            return self.each(label, answer) if isinstance(answer, GeneratorType) else answer

        return timed

    def around(self, owner: Any, name: str, label: str, size: Callable[..., int] | None = None) -> None:
        """Time `owner.name` from now until `stop`; AttributeError where there is no such name."""
        before = getattr(owner, name)
        own = name in vars(owner)
        setattr(owner, name, self.wrap(label, before, size))
        self._undo.callback(setattr, owner, name, before) if own else self._undo.callback(delattr, owner, name)

    def each(self, label: str, items: Iterator[Any]) -> Iterator[Any]:
        """The items, with the time that it takes to get each."""
        step = self.wrap(label, items.__next__)
        while True:
            try:
                item = step()
            except StopIteration:
                return
            yield item

    def cost_s(self) -> float:
        """About what the stopwatch itself took."""
        return CALL_S * sum(spent.calls for spent in self.spent.values())

    def stop(self) -> None:
        """Put everything back as it was."""
        self._undo.close()


def per_call(samples: list[tuple[int, float]]) -> tuple[float, float]:
    """Least squares of seconds = a + b size: what a call costs by itself, and what each unit of work adds.

    >>> per_call([(0, 1.0), (10, 2.0), (20, 3.0)])
    (1.0, 0.1)
    """
    n = len(samples)
    mean_x, mean_y = sum(x for x, _ in samples) / n, sum(y for _, y in samples) / n
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0
    return mean_y - slope * mean_x, slope
