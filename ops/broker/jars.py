"""Where do the broker's jars come from, and are they the ones that were pinned? Maven Central; by their SHA-256.

They lie in `$XDG_CACHE_HOME/linewatch/kafka-<version>` (`~/.cache` where that is unset). The folder appears whole or
not at all: jars are fetched beside it, compared with `jars.sha256` and renamed. They are compared again at every start
(45 MB in 0.03 s), and the class path names the pinned files only, so nothing else in the folder is ever loaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import ConfigError, Unavailable

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
PINNED = HERE / "jars.sha256"
FETCH_S = 900  # for 45 MB over a slow line


def pinned() -> dict[str, str]:
    """Name of each jar -> its SHA-256, as committed (the format of `sha256sum`)."""
    lines = PINNED.read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def version() -> str:
    """The version of Kafka, from the name of its jar."""
    (name,) = (name for name in pinned() if name.startswith("kafka_2.13-"))
    return name.removeprefix("kafka_2.13-").removesuffix(".jar")


def folder() -> Path:
    """Where the jars are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "linewatch" / f"kafka-{version()}"


def class_path() -> str:
    """The verified jars for `java -cp`, fetched first where they are absent.

    Unavailable: no Maven, or it could not fetch. ConfigError: a jar is not the pinned one.
    """
    place = folder()
    if not place.is_dir():
        with _lock(place.with_name(f"{place.name}.lock")):
            if not place.is_dir():  # another process may have fetched while this one waited
                _fetch_whole(place)
    verify(place, pinned())
    return os.pathsep.join(str(place / name) for name in pinned())


def verify(place: Path, expected: Mapping[str, str]) -> None:
    """ConfigError when a jar is missing or has other bytes than the pinned one."""
    for name, digest in expected.items():
        jar = place / name
        if not jar.is_file():
            raise ConfigError(f"{jar} is missing. Remove the folder {place}; the next start fetches it whole.")
        if (found := _sha256(jar)) != digest:
            raise ConfigError(
                f"{jar} is not the jar that was pinned: SHA-256 {digest} is required ({PINNED}), got {found}. "
                f"Nothing was started. Remove the folder {place}; the next start fetches it whole. If it then "
                f"differs again, the repository that Maven takes serves another file: do not use it."
            )


def fetch(place: Path) -> None:
    """Let Maven copy the jars of `pom.xml` into a folder; Unavailable when it cannot."""
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven is required to fetch Kafka's jars once, and `mvn` is not on PATH")
    goal = ("dependency:copy-dependencies", f"-DoutputDirectory={place}")
    try:
        done = subprocess.run(  # noqa: S603 (our own words, no shell)
            [maven, "--batch-mode", "--quiet", "-Dstyle.color=never", "-f", str(POM), *goal],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=FETCH_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven did not fetch Kafka's jars within {FETCH_S} s; try again") from None
    if done.returncode:
        said = " | ".join(line for line in done.stdout.splitlines()[:3] if line.strip())
        raise Unavailable(f"Maven could not fetch Kafka's jars (it ended with {done.returncode}): {said}")


def _fetch_whole(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=place.parent) as beside:
        jars = Path(beside) / "jars"
        fetch(jars)
        verify(jars, pinned())
        jars.rename(place)


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of the lock however the process ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def pin() -> None:
    """Write `jars.sha256` anew from what Maven fetches for `pom.xml`: for a developer who takes another version."""
    with tempfile.TemporaryDirectory() as beside:
        fetch(Path(beside))
        lines = [f"{_sha256(jar)}  {jar.name}\n" for jar in sorted(Path(beside).glob("*.jar"))]
    PINNED.write_text("".join(lines), encoding="ascii")
    sys.stderr.write(f"{PINNED}: {len(lines)} jars pinned; look at the difference before you commit it\n")


if __name__ == "__main__":
    pin()
