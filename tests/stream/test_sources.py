"""Do sources hand out every line once, say where they stand, and notice another stream?"""

from __future__ import annotations

import gzip
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from schemas.errors import ConfigError, Unavailable
from stream.follow import FollowSource
from stream.lines import Block
from stream.pipe import PipeSource
from stream.sources import LogSource
from stream.spool import SpoolSource, SpoolWriter, segments

LINES = b"".join(b'{"n": %d, "padding": "%s"}\n' % (n, b"x" * (n % 50)) for n in range(5_000))
Pack = Callable[[bytes], bytes]


def frames(data: bytes) -> bytes:
    """Two zstd frames, one after the other."""
    pack = zstandard.ZstdCompressor().compress
    return pack(data[:1000]) + pack(data[1000:])


PACKS: dict[str, Pack] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of two members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd of two frames": frames,
}


def text(blocks: Iterator[Block]) -> bytes:
    """The bytes of all blocks."""
    return b"".join(block.data for block in blocks)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS.keys())
class TestRecordedLog:
    """A log gives the same lines and positions, compressed or not."""

    def test_gives_every_byte(self, pack: Pack, tmp_path: Path) -> None:
        """What was packed comes out, in blocks of whole lines, and the whole file on disk counts as read."""
        (tmp_path / "log").write_bytes(pack(LINES))
        source = LogSource(tmp_path / "log", batch_lines=100)
        assert LINES == text(source.blocks())
        assert source.consumed() == source.size()
        source.close()

    def test_goes_on_from_a_position(self, pack: Pack, tmp_path: Path) -> None:
        """A second source that seeks to the first one's position gives the rest, even of the uncompressed log."""
        (tmp_path / "log").write_bytes(pack(LINES))
        first = LogSource(tmp_path / "log", batch_lines=100)
        blocks = first.blocks()
        taken = text(next(blocks) for _ in range(7))
        (tmp_path / "plain").write_bytes(LINES)
        for name in ("log", "plain"):
            second = LogSource(tmp_path / name, batch_lines=33)
            second.seek(first.position())
            rest = list(second.blocks())
            assert (701, len(taken)) == (rest[0].line, rest[0].offset)
            assert LINES == taken + text(iter(rest))
            second.close()
        first.close()


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("cut", [0.3, 0.999])
def test_a_truncated_archive_gives_what_it_has_and_then_says_so(name: str, cut: float, tmp_path: Path) -> None:
    """All that can be unpacked comes first; only then the error, with what to do."""
    packed = PACKS[name](os.urandom(50_000).hex().encode())
    (tmp_path / "log").write_bytes(packed[: int(len(packed) * cut)])
    source = LogSource(tmp_path / "log")
    with pytest.raises(Unavailable, match=r"ends early.*handled; get the whole file and run again"):
        list(source.blocks())
    assert source._reader.consumed() == int(len(packed) * cut)
    source.close()


def test_damage_in_the_middle_of_an_archive_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    """Flipped bytes in a gzip file are told as damage."""
    packed = bytearray(gzip.compress(LINES))
    packed[len(packed) // 2 : len(packed) // 2 + 20] = bytes(20)
    (tmp_path / "log.gz").write_bytes(packed)
    source = LogSource(tmp_path / "log.gz")
    with pytest.raises(Unavailable, match="damaged or ends early"):
        list(source.blocks())
    source.close()


@pytest.mark.parametrize("other", [LINES[:3000], b"y" + LINES[1:], LINES[:6000] + b"z" + LINES[6001:]])
def test_another_log_in_the_same_place_is_noticed(other: bytes) -> None:
    """A shorter log, another beginning, or other bytes just before the position are refused."""
    first = LogSource(io.BytesIO(LINES), name="log", batch_lines=200)
    next(first.blocks())
    assert first.position().offset > 6001
    second = LogSource(io.BytesIO(other), name="log")
    with pytest.raises(ConfigError, match="--state"):
        second.seek(first.position())


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_log_that_cannot_be_read_is_a_configuration_error(name: str, tmp_path: Path) -> None:
    """Neither a missing file nor a folder is a traceback."""
    with pytest.raises(ConfigError, match="cannot read the log"):
        LogSource(tmp_path / name)


class Followed:
    """A file that is followed, step by step."""

    def __init__(self, path: Path) -> None:
        self.path, self.stop, self.notices = path, threading.Event(), list[str]()
        path.write_bytes(b"")
        self.source = FollowSource(path, stop=self.stop, poll_s=1e-4, notice=self.notices.append)
        self.blocks = self.source.blocks()

    def append(self, data: bytes) -> None:
        """Another program writes."""
        with self.path.open("ab") as file:
            file.write(data)

    def lines(self) -> list[bytes]:
        """What came since, up to the first quiet moment."""
        found = []
        for block in self.blocks:
            if not block.data:
                break
            found += block.data.splitlines()
        return found


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    """An empty file, and a source that follows it."""
    file = Followed(tmp_path / "live.jsonl")
    yield file
    file.source.close()


def test_a_followed_line_counts_when_its_newline_is_there(followed: Followed) -> None:
    """Half a line waits for its other half."""
    followed.append(b"one\ntw")
    assert [b"one"] == followed.lines()
    followed.append(b"o\n")
    assert [b"two"] == followed.lines()
    followed.stop.set()
    assert [] == followed.lines()


def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(followed: Followed) -> None:
    """Renaming the file and starting a new one loses no line, not even a half one, and is told."""
    followed.append(b"one\n")
    followed.lines()
    with followed.path.open("ab") as still_open:
        followed.path.rename(followed.path.with_suffix(".1"))
        still_open.write(b"two\nhalf")
        still_open.flush()
        assert [b"two"] == followed.lines()
    followed.path.write_bytes(b"three\n")
    assert [b"half", b"three"] == followed.lines()
    assert (6, 2) == followed.source.position()[:2]
    assert "was replaced" in followed.notices[0]


def test_a_log_cut_in_place_is_an_error(followed: Followed) -> None:
    """Lines may be gone unread, so nobody goes on as if nothing had happened."""
    followed.append(b"one\ntwo\n")
    followed.lines()
    os.truncate(followed.path, 4)
    with pytest.raises(Unavailable, match="was cut to 4 bytes while byte 8 was reached"):
        followed.lines()


def test_a_follower_goes_on_where_it_stood(followed: Followed) -> None:
    """After a restart the lines that follow the position come, and another file is refused."""
    followed.append(LINES)
    taken = followed.lines()
    followed.append(b"more\n")
    again = FollowSource(followed.path, stop=followed.stop, poll_s=1e-4)
    again.seek(followed.source.position())
    block = next(again.blocks())
    assert (b"more\n", 5_001, len(LINES)) == block[:3]
    assert 5_000 == len(taken)
    again.close()
    followed.path.write_bytes(b"x" * (len(LINES) + 5))
    other = FollowSource(followed.path, stop=followed.stop, poll_s=1e-4)
    with pytest.raises(ConfigError, match="is not the log"):
        other.seek(followed.source.position())
    other.close()


def test_a_compressed_log_cannot_be_followed(tmp_path: Path) -> None:
    """It says what to use instead."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINES))
    with pytest.raises(ConfigError, match="linewatch replay"):
        FollowSource(tmp_path / "a.gz", stop=threading.Event(), poll_s=1.0)


def test_a_pipe_gives_lines_as_they_come_and_ends_with_the_writer() -> None:
    """Whole lines at once, quiet moments in between, the unfinished line at the end."""
    read, write = os.pipe()
    blocks = PipeSource(read, stop=threading.Event(), poll_s=1e-4).blocks()
    os.write(write, b"one\ntw")
    assert b"one\n" == next(blocks).data
    assert b"" == next(blocks).data
    os.write(write, b"o")
    os.close(write)
    assert [b"two"] == [block.data for block in blocks if block.data]
    os.close(read)


class TestSpool:
    """What was acknowledged is on disk and comes out once."""

    def test_what_is_appended_comes_out_in_order_over_segments(self, tmp_path: Path) -> None:
        """Segments are read one after the other, and deleted once a checkpoint lies behind them."""
        writer = SpoolWriter(tmp_path, segment_bytes=10)
        stop = threading.Event()
        source = SpoolSource(writer, tmp_path, stop=stop, poll_s=1e-4)
        for n in range(10):
            writer.append(b"line %d\n" % n)
        stop.set()
        assert b"".join(b"line %d\n" % n for n in range(10)) == text(source.blocks())
        assert 5 == len(segments(tmp_path))
        source.release(source.position())
        assert [56] == [start for start, _ in segments(tmp_path)]
        writer.close()

    def test_a_restart_goes_on_and_cuts_the_half_line_of_a_crash(self, tmp_path: Path) -> None:
        """A line that was not acknowledged may be cut; one that was is still there."""
        writer = SpoolWriter(tmp_path, segment_bytes=1000)
        writer.append(b"one\ntwo\n")
        writer.close()
        with segments(tmp_path)[-1][1].open("ab") as crashed:
            crashed.write(b"half a li")
        again = SpoolWriter(tmp_path, segment_bytes=1000)
        again.append(b"three\n")
        stop = threading.Event()
        stop.set()
        source = SpoolSource(again, tmp_path, stop=stop, poll_s=1e-4)
        assert b"one\ntwo\nthree\n" == text(source.blocks())
        position = source.position()
        again.append(b"four\n")
        after = SpoolSource(again, tmp_path, stop=stop, poll_s=1e-4)
        after.seek(position)
        assert [(b"four\n", 4, 14)] == [block[:3] for block in after.blocks()]
        again.close()

    def test_a_spool_that_was_deleted_is_noticed(self, tmp_path: Path) -> None:
        """A checkpoint ahead of the spool is refused."""
        writer = SpoolWriter(tmp_path / "a", segment_bytes=1000)
        writer.append(b"one\n")
        stop = threading.Event()
        stop.set()
        source = SpoolSource(writer, tmp_path / "a", stop=stop, poll_s=1e-4)
        list(source.blocks())
        empty = SpoolWriter(tmp_path / "b", segment_bytes=1000)
        with pytest.raises(ConfigError, match="Bring the spool back"):
            SpoolSource(empty, tmp_path / "b", stop=stop, poll_s=1e-4).seek(source.position())
        writer.close()
        empty.close()
