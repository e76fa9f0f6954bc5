"""What runs the broker on this machine? Java 17 with the jars from Maven Central, or else Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.broker import docker, jars
from schemas.errors import Unavailable

JAVA = 17  # the oldest that Kafka 4 runs on

JVM = ("-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true")
# Measured (docs/kafka-broker.md): the first is up a fifth sooner; the second is Kafka's own choice, for speed later.
FAST_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
THROUGHPUT = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35")

REMEDY = (
    "Install Java 17 or newer and Maven (Debian, Ubuntu: apt install openjdk-17-jre-headless maven; "
    "macOS: brew install openjdk maven), or start Docker; then try again."
)


@dataclass(frozen=True)
class Engine:
    """How a main class of Kafka is started."""

    name: str
    java: tuple[str, ...]  # the words up to and with `java`
    class_path: str
    bind: str  # the address on which the broker listens, seen from where it runs
    kill: tuple[str, ...] = ()  # what to run beside SIGKILL, where the process is only a client of the broker

    def command(self, main: str, *words: str, heap_mb: int, fast_start: bool) -> list[str]:
        """The words that run a main class; the log goes to standard output."""
        flags = (*JVM, *(FAST_START if fast_start else THROUGHPUT), f"-Xmx{heap_mb}m")
        log = f"-Dlog4j2.configurationFile={(jars.HERE / 'log4j2.xml').as_uri()}"
        return [*self.java, *flags, log, "-cp", self.class_path, main, *words]


def find(data: Path, port: int) -> Engine:
    """What this machine has; Unavailable says what is missing and how to install it."""
    java, why = _java()
    if java and not jars.folder().is_dir() and shutil.which("mvn") is None:
        java, why = "", "Maven is needed once to fetch Kafka's jars, and `mvn` is not on PATH"
    if java:
        return Engine("java", (java,), jars.class_path(), bind="127.0.0.1")
    client = docker.client()
    if client is None:
        raise Unavailable(f"no Kafka broker can be started here: {why}, and no Docker daemon answers. {REMEDY}")
    name = docker.name(port)
    words = docker.words(client, name, port, data, jars.version())
    return Engine("docker", words, docker.CLASS_PATH, bind="0.0.0.0", kill=(client, "kill", name))  # noqa: S104


def _java() -> tuple[str, str]:
    """The `java` of JAVA_HOME or PATH when it is new enough; otherwise empty, and what is wrong."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        return "", f"`java` is not in JAVA_HOME ({home})" if home else "`java` is not on PATH"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', told)  # 8 calls itself 1.8
    if found is None:  # macOS has a stub that asks for an installation
        return "", f"{java} does not tell its version"
    if int(found[1]) < JAVA:
        return "", f"{java} is Java {found[1]}, and Kafka needs {JAVA} or newer"
    return java, ""
