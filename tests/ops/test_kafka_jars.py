"""Is nothing run but what was pinned, fetched once however many ask? And where something is missing, is it said what?

Maven, Java and Docker are stood in for by small programs on an otherwise empty PATH: real processes, no network.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ops.broker import docker, engine, jars, properties
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigError, Unavailable
from tests.kafka_broker import require_kafka
from tests.ops.running import REPOSITORY

pytestmark = pytest.mark.xdist_group("kafka")

JAVA_21 = "echo 'openjdk version \"21.0.1\" 2023-10-17' >&2"
ASK = "from ops.broker import jars; print(jars.class_path())"


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Kafka's real jars."""
    require_kafka(tmp_path_factory.mktemp("nothing"))
    if not jars.folder().is_dir():
        pytest.skip("Kafka comes from Docker on this machine, not as jars")
    return jars.folder()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as PATH, an empty cache, no JAVA_HOME."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def install(programs: Path, name: str, script: str) -> None:
    """A program on PATH."""
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def maven(programs: Path, fetched: Path, then: str = "") -> Path:
    """A Maven that has the real jars at hand; the file to which it adds a line at each run."""
    runs = programs / "runs"
    script = f"""
        echo run >> {runs}
        for word in "$@"; do case $word in -DoutputDirectory=*) out=${{word#*=}};; esac; done
        /bin/mkdir -p "$out" && /bin/ln -s {fetched}/*.jar "$out"
        {then}"""
    install(programs, "mvn", script)
    return runs


def change_one(folder: Path) -> Path:
    """Turn one bit of one jar, in a copy: the real one is only linked to."""
    (jar,) = folder.glob("kafka_2.13-*.jar")
    data = bytearray(jar.read_bytes())
    data[len(data) // 2] ^= 1
    jar.unlink()
    jar.write_bytes(data)
    return jar


def test_the_list_is_what_the_pom_asks_for(repository: Path) -> None:
    """The version in the name of Kafka's jar is that of the pom: one was not changed without the other."""
    assert f"<version>{jars.version()}</version>" in (repository / "ops/broker/pom.xml").read_text()


def test_two_who_ask_at_once_fetch_once(fetched: Path, programs: Path) -> None:
    """Two processes with an empty cache: Maven runs once, both get the same class path, nothing else is left."""
    runs = maven(programs, fetched)
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [child.communicate(timeout=60)[0].strip() for child in asking]
    assert [0, 0] == [child.returncode for child in asking]
    assert answers[0] == answers[1]
    assert len(jars.pinned()) == len(answers[0].split(":"))
    assert "run\n" == runs.read_text()
    left = sorted(path.name for path in jars.folder().parent.iterdir())
    assert [f"kafka-{jars.version()}", f"kafka-{jars.version()}.lock"] == left


def test_a_jar_with_one_other_bit_is_refused(fetched: Path, programs: Path, tmp_path: Path) -> None:
    """Changed after the fetch: the next start names the jar, both digests and the remedy, and starts nothing."""
    install(programs, "java", JAVA_21)
    maven(programs, fetched)
    jars.class_path()
    jar = change_one(jars.folder())
    with pytest.raises(ConfigError) as refused:
        LocalKafka(tmp_path / "kafka").start()
    for part in (str(jar), jars.pinned()[jar.name], f"Remove the folder {jars.folder()}", "Nothing was started"):
        assert part in str(refused.value)
    assert not (tmp_path / "kafka" / "kafka.log").exists()
    jar.unlink()
    with pytest.raises(ConfigError, match=f"{jar.name} is missing"):
        jars.class_path()


def test_a_wrong_jar_from_the_repository_is_not_kept(fetched: Path, programs: Path) -> None:
    """Refused before the folder appears: no later start can find it."""
    maven(programs, fetched, then=f'/bin/rm "$out"/kafka_2.13-* && echo 1 > "$out"/kafka_2.13-{jars.version()}.jar')
    with pytest.raises(ConfigError, match="is not the jar that was pinned"):
        jars.class_path()
    assert not jars.folder().exists()


def test_a_maven_that_fails_is_quoted(programs: Path) -> None:
    """Its exit code and first words; nothing is left that looks like a cache."""
    install(programs, "mvn", "echo '[ERROR] no route to the repository'; exit 3")
    with pytest.raises(Unavailable, match=r"ended with 3\): \[ERROR\] no route to the repository"):
        jars.class_path()
    assert not jars.folder().exists()


@pytest.mark.parametrize(
    ("java", "says"),
    [
        (None, "`java` is not on PATH"),
        ("echo 'java version \"1.8.0_292\"' >&2", "is Java 8, and Kafka needs 17"),
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", "is Java 11, and Kafka needs 17"),
        ("echo 'Unable to locate a Java Runtime.' >&2; exit 1", "does not tell its version"),
        (JAVA_21, "Maven is needed once"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(java: str | None, says: str, programs: Path, tmp_path: Path) -> None:
    """One line: what is missing, that Docker would do, and how each is installed."""
    if java:
        install(programs, "java", java)
    install(programs, "docker", "exit 1")  # installed, but no daemon
    with pytest.raises(Unavailable, match=says) as missing:
        LocalKafka(tmp_path / "kafka").start()
    for part in ("no Docker daemon answers", "Install Java 17 or newer and Maven", "apt install", "brew install"):
        assert part in str(missing.value)


def test_java_home_goes_before_path(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JAVA_HOME without a Java is said to be so."""
    install(programs, "java", JAVA_21)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "moved"))
    with pytest.raises(Unavailable, match=r"not in JAVA_HOME \(.*/moved\)"):
        engine.find(tmp_path, 9092)


def test_without_java_a_docker_daemon_is_taken(programs: Path, tmp_path: Path) -> None:
    """The same main class in the official image of the same version, its port on loopback, its files in the folder."""
    install(programs, "docker", "exit 0")
    found = engine.find(tmp_path, 9092)
    words = found.command("kafka.Kafka", "server.properties", heap_mb=256, fast_start=True)
    assert "docker" == found.name
    assert [str(programs / "docker"), "run", "--rm"] == words[:3]
    assert f"{tmp_path}:{tmp_path}" in words
    assert "127.0.0.1:9092:9092" in words
    after = words.index(f"{docker.IMAGE}:{jars.version()}")
    assert ["--entrypoint", "java"] == words[after - 2 : after]
    assert ["-cp", "/opt/kafka/libs/*", "kafka.Kafka", "server.properties"] == words[-4:]
    assert (str(programs / "docker"), "kill", "linewatch-kafka-9092") == found.kill


def test_properties_are_written_as_java_reads_them(tmp_path: Path) -> None:
    """Beyond ASCII, and the backslash, by their UTF-16 units."""
    properties.write(tmp_path / "p", {"log.dirs": "/tmp/fähre 🚢\\", "node.id": 1})
    assert "log.dirs=/tmp/f\\u00e4hre \\ud83d\\udea2\\u005c\nnode.id=1\n" == (tmp_path / "p").read_text()
