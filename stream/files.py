"""How do bytes get onto a disk so that they stay there, and so that a failure says what failed?"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import Unavailable

REMEDY = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the file size limit (ulimit -f)",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "name a folder that can be written",
    errno.EPERM: "name a folder that can be written",
    errno.ENOENT: "make the folder, or name another one",
    errno.ENOTDIR: "name a folder",
    errno.EISDIR: "name a file, not a folder",
    errno.EIO: "look at the disk",
}


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; a short write (a disk filling up) is followed by another, which raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder: Path) -> None:
    """Make names created in or removed from a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_tree(folder: Path) -> None:
    """Sync every file and folder below `folder`, and itself."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            fd = os.open(Path(place, name), os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        sync_folder(Path(place))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn any OSError while `path` is written into an Unavailable that says what to do."""
    try:
        yield
    except OSError as problem:
        raise unavailable(path, problem) from None


def unavailable(path: Path, problem: OSError) -> Unavailable:
    """The one-line error for a failed write."""
    remedy = REMEDY.get(problem.errno or 0, "look at the disk")
    reason = problem.strerror or str(problem)
    return Unavailable(
        f"cannot write {path}: {reason}. What was to be done: {remedy}, then run the same command again."
    )


class AppendFile:
    """A file that grows, can say how many bytes are safely on disk, and can be cut back there.

    Unbuffered: what one `append` takes is with the operating system when it returns. With `lazy` the file is made
    when there is something to write.
    """

    def __init__(self, path: Path, *, lazy: bool = False) -> None:
        self.path, self._lazy = path, lazy
        self._fd: int | None = None
        self._size = 0

    def append(self, data: bytes) -> None:
        """Unavailable when the disk does not take it."""
        if not data:
            return
        with writing(self.path):
            if self._fd is None:
                self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            write_all(self._fd, data)
        self._size += len(data)

    def position(self) -> int:
        """Bytes on disk, synced. Unavailable when the file was deleted or replaced under us: its bytes are lost."""
        if self._fd is None:
            return 0
        with writing(self.path):
            mine = os.fstat(self._fd)
            if stat.S_ISREG(mine.st_mode):
                os.fsync(self._fd)
            try:
                now = self.path.stat()
            except FileNotFoundError:
                now = None
        if now is None or (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
            raise Unavailable(
                f"{self.path} was removed or replaced while it was written. Bring its folder back, or name another "
                "one, and run the same command again."
            )
        return self._size

    def truncate(self, position: int) -> None:
        """Go on after `position` bytes of the file as it lies on disk; Unavailable when it is shorter than that."""
        with writing(self.path):
            if position == 0 and self._lazy:
                self.path.unlink(missing_ok=True)
                return
            flags = os.O_WRONLY | (0 if position else os.O_CREAT | os.O_TRUNC)
            self._fd = os.open(self.path, flags, 0o644)
            size = os.fstat(self._fd).st_size
            if size < position:
                raise Unavailable(
                    f"{self.path} has {size:,} bytes, but the checkpoint says {position:,} were written: it was "
                    "changed. Bring it back, or begin again with a new --state folder."
                )
            if position:
                os.ftruncate(self._fd, position)
                os.lseek(self._fd, position, os.SEEK_SET)
        self._size = position

    def close(self) -> None:
        """Close without syncing; call `position` first for that."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
