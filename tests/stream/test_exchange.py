"""When may a partition enter an hour, and whose word counts?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dispositions import Given
from stream.exchange import Board, Closed, Matched, joined, pack, unpack, with_matches
from stream.feedback import Example, Heard
from stream.shared import merged
from stream.stages import Collected
from stream.watch import Counted

DUE = Given(5, "d1", "c1", "seizure", "alert")
EXAMPLE = Example(5, "d1", "seizure", "alert", 9, b"\x01\x02")


def sums(row: int, value: int) -> Collected:
    """One row of one table."""
    return [(np.array([row]), np.array([[value, 1]]))]


def at_port(value: int, due: list[Given] | None = None) -> Collected:
    """What a port partition collects in an hour."""
    counted = Counted(value, np.array([[value, 0]]), np.array([[0, value]]))
    return [*sums(0, value), None, Heard(due or [], [], value, 0), counted]


def closed(partition: int, upto: int, *periods: tuple[int, Collected], stage: str = "vehicle") -> Closed:
    """A word."""
    return Closed(stage, partition, upto, {period: pack(part) for period, part in periods})


def test_an_hour_is_entered_when_all_have_closed_the_one_two_before() -> None:
    """Not before, and nobody waits for the hour between."""
    board = Board("vehicle", 2)
    board.take(closed(0, 10))
    assert not board.may_enter(12, 0)
    board.take(closed(1, 9))
    assert board.may_enter(11, 0)
    assert not board.may_enter(12, 0)
    board.take(closed(1, 12))
    assert board.may_enter(12, 0)


def test_what_is_said_first_of_an_hour_stands() -> None:
    """A worker that goes on from an older checkpoint says it again, perhaps in other pieces."""
    board = Board("vehicle", 1)
    board.take(closed(0, 5, (5, sums(0, 1))))
    board.take(closed(0, 4, (4, sums(0, 2)), (5, sums(0, 3))))
    ((period, (part,)),) = board.due(4, 5)
    assert 5 == period
    assert [[1, 1]] == part[0][1].tolist()
    assert 5 == board.closed[0]


def test_a_word_that_cannot_be_changes_nothing() -> None:
    """A partition that there is not, and sums that are none."""
    board = Board("vehicle", 2)
    with pytest.raises(ValueError, match="no partition 2"):
        board.take(closed(2, 5))
    with pytest.raises(ValueError, match="no sums of an hour"):
        board.take(Closed("vehicle", 0, 5, {5: b"rubbish"}))
    assert board.complete < 0
    assert not board.periods


@given(st.permutations(range(6)))
def test_the_order_of_the_words_does_not_matter(order: list[int]) -> None:
    """Sums are integers: joined in any order they are the same."""
    board = Board("vehicle", 6)
    for partition in order:
        board.take(closed(partition, 3, (3, sums(partition % 2, partition))))
    ((_, parts),) = board.due(2, 3)
    index, total = merged([part[0] for part in parts if part[0] is not None])
    assert [0, 1] == index.tolist()
    assert [[6, 3], [9, 3]] == total.tolist()


def test_joined_parts_keep_what_only_one_has() -> None:
    """What was heard and counted stays with its partition; the sums are in the first."""
    parts = joined([at_port(1), at_port(2)])
    assert [[3, 2]] == parts[0][0][1].tolist()
    assert parts[1][0] is None
    assert [1, 2] == [part[2].crossings for part in parts] == [part[3].crossings for part in parts]


def test_all_of_an_hour_survives_the_wire() -> None:
    """Sums, nothing, dispositions with their examples, counts."""
    part = [*at_port(4, [DUE])]
    part[2] = part[2]._replace(examples=[EXAMPLE])
    again = unpack(pack(part))
    assert [[4, 1]] == again[0][1].tolist()
    assert again[1] is None
    assert part[2] == again[2]
    assert part[3].crossings == again[3].crossings
    assert part[3].odd.tolist() == again[3].odd.tolist()


def test_an_hour_with_dispositions_waits_for_everybodys_answer() -> None:
    """The first port partition names them; all say which concern their crossings."""
    board = Board("port", 2)
    board.take(closed(0, 5, (5, at_port(1, [DUE])), stage="port"))
    board.take(closed(1, 5, (5, at_port(1)), stage="port"))
    assert [DUE] == board.due_dispositions(5)
    assert not board.may_enter(7, 4)
    board.take(Matched(0, 5, []))
    assert not board.may_enter(7, 4)
    board.take(Matched(1, 5, [(*EXAMPLE,)]))
    assert board.may_enter(7, 4)
    assert board.may_enter(8, 5) is False
    ((_, parts),) = board.due(4, 5)
    heard = [part[2] for part in with_matches(parts, board.matched[5])]
    assert [[EXAMPLE], []] == [one.examples for one in heard]


def test_whoever_was_away_knows_from_where_to_listen() -> None:
    """From the first word on an hour that it has not taken in; from the end where there is none."""
    board = Board("vehicle", 1)
    board.take(closed(0, 5, (4, sums(0, 1)), (5, sums(0, 1))), offset=10)
    board.take(closed(0, 6, (6, sums(0, 1))), offset=20)
    assert 10 == board.unheard_from(4, 99)
    assert 20 == board.unheard_from(5, 99)
    assert 99 == board.unheard_from(6, 99)


def test_what_all_have_taken_in_is_forgotten() -> None:
    """Hours, and floors that no record can meet any more."""
    board = Board("vehicle", 2)
    board.take(closed(0, 5, (4, sums(0, 1)), (5, sums(0, 1))))
    board.take(Closed("vehicle", 1, 5, {}, floor_at=7))
    board.take(Closed("vehicle", 0, 6, {}, floor_at=3))
    board.forget(4, {1: 7})
    assert [5] == list(board.periods)
    assert {1: [(7, 5)]} == board.floors
