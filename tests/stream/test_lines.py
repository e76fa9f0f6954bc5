"""Are bytes cut into whole lines, whatever the size of the reads?"""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from stream.lines import Block, Fingerprint, Lines

TEXT = st.lists(st.sampled_from([b"", b"a", b"bb", b"c" * 9, b"d" * 10, b"e" * 11, b"f" * 35]), max_size=30)


def cut(data: bytes, sizes: list[int], **options: int) -> list[Block]:
    """Everything handed out for `data` read in pieces of these sizes, over and over."""
    lines = Lines(**options)
    blocks: list[Block] = []
    start = 0
    while start < len(data):
        size = sizes[len(blocks) % len(sizes)] if sizes else len(data)
        blocks += lines.cut(data[start : start + size])
        start += size
    return [*blocks, *lines.cut(b"", last=True)]


def split(blocks: list[Block]) -> list[tuple[int, int, bytes, int]]:
    """(number, offset, bytes, bytes left out) of each line."""
    found = []
    for block in blocks:
        line, offset = block.line, block.offset
        for text in block.data.splitlines(keepends=True):
            found.append((line, offset, text.rstrip(b"\n"), block.omitted))
            line, offset = line + 1, offset + len(text)
    return found


@given(TEXT, st.booleans(), st.lists(st.integers(1, 50), min_size=1, max_size=5), st.integers(1, 4))
def test_every_line_comes_out_once_with_its_number_and_offset(
    texts: list[bytes], ended: bool, sizes: list[int], batch: int
) -> None:
    """However the stream is read and cut, lines, numbers and offsets are those of the whole; long ones are cut."""
    data = b"\n".join(texts) + (b"\n" if ended and texts else b"")
    expected, offset = [], 0
    for number, text in enumerate(data.splitlines(keepends=True), 1):
        body = text.rstrip(b"\n")
        expected.append((number, offset, body[:10], max(0, len(body) - 10)))
        offset += len(text)
    assert expected == split(cut(data, sizes, batch_lines=batch, block_bytes=10))


@given(TEXT, st.integers(1, 4), st.integers(0, 40))
def test_a_position_can_be_gone_on_from(texts: list[bytes], batch: int, taken: int) -> None:
    """What follows a position is exactly what was not handed out before it."""
    data = b"\n".join(texts)
    lines = Lines(batch_lines=batch, block_bytes=12)
    blocks = _first(lines, data, taken)
    position = lines.position()
    again = Lines(batch_lines=batch, block_bytes=12)
    again.start_at(Fingerprint().plus(data[: position.offset]), position.line)
    rest = [*again.cut(data[position.offset :]), *again.cut(b"", last=True)]
    assert split(cut(data, [], batch_lines=batch, block_bytes=12)) == split([*blocks, *rest])


def _first(lines: Lines, data: bytes, count: int) -> list[Block]:
    return list(islice(lines.cut(data), count))


def test_a_line_without_end_takes_no_memory() -> None:
    """100 MB without a newline keep one block in memory, and the line after it is found at its place."""
    lines = Lines(block_bytes=1024)
    for _ in range(100):
        assert [] == list(lines.cut(b"x" * 1_000_000))
        assert lines._long is not None
        assert len(lines._long.data) + len(lines._rest) <= 1024
    blocks = [*lines.cut(b"x\nnext\n")]
    assert [(1, 0, 1024, 99_998_977), (2, 100_000_002, 5, 0)] == [
        (b.line, b.offset, len(b.data), b.omitted) for b in blocks
    ]


def test_blocks_hold_no_more_lines_than_asked() -> None:
    """`batch_lines` bounds a block, and `full` keeps what does not fill one for the next call."""
    lines = Lines(batch_lines=3)
    data = b"".join(b"%d\n" % n for n in range(8))
    assert [3, 3] == [b.data.count(b"\n") for b in lines.cut(data, full=True)]
    assert [2] == [b.data.count(b"\n") for b in lines.cut(b"", last=True)]
