"""Would docker-compose.yml run, as far as one can say without Docker? Its schema, its words, its files, its locks.

No Docker engine has seen the file: docs/compose.md says so. What is here is read from the files themselves.
"""

from __future__ import annotations

import importlib.metadata
import ipaddress
import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import jsonschema_rs
import pytest
import yaml

from ops.broker import jars
from ops.cli import cli
from ops.compose.make_secrets import make
from ops.configure import load
from ops.healthy import healthy
from ops.metrics import MetricsServer, registry
from tests.prometheus import promtool

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
PINNED = re.compile(r"[a-z0-9/-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)*")  # no `latest`, no host of a registry
PASSWORD = re.compile(r"password|secret|token|_key", re.IGNORECASE)
every_service = pytest.mark.parametrize("name", SERVICES)


def test_it_is_what_the_specification_allows() -> None:
    """By the JSON Schema of the Compose Specification (as check-jsonschema 0.39.0 carries it)."""
    schema = json.loads((REPOSITORY / "tests/ops/data/compose-spec.json").read_text())
    assert [] == [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(COMPOSE)]


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_ours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With arguments that it takes, and variables that are settings."""
    word, *others = map(str, SERVICES[name]["command"])
    root = click.Context(cli, info_name="linewatch", **cli.context_settings)
    command = cli.get_command(root, word)
    assert command
    command.make_context(word, others, parent=root)  # a command keeps the help option of the first that asks it
    for variable, value in SERVICES[name]["environment"].items():
        if variable != "LINEWATCH_CONFIG":
            monkeypatch.setenv(variable, value)
    settings = load().settings
    assert "kafka:9092" == settings.kafka_bootstrap
    assert "us" == settings.ports


@every_service
def test_each_image_is_pinned(name: str) -> None:
    """By a tag that names a version; ours is the version of the package, Kafka's that of the tests."""
    image = SERVICES[name]["image"]
    assert PINNED.fullmatch(image), image
    if name in OURS:
        assert f"linewatch:{importlib.metadata.version('linewatch')}" == image
    if name == "kafka":
        assert f"apache/kafka:{jars.version()}" == image


@every_service
def test_each_service_is_locked_in(name: str) -> None:
    """A user that is not root, a read-only system, no capability, no new privilege, nothing of the host's."""
    service = SERVICES[name]
    assert 0 < int(service["user"].partition(":")[0])
    assert service["read_only"] is True
    assert ["ALL"] == service["cap_drop"]
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(service)
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@every_service
def test_each_port_is_for_this_machine_alone(name: str) -> None:
    """Bound to loopback; the service then has a network that is not internal, and others have none."""
    ports = SERVICES[name].get("ports", [])
    for port in ports:
        assert ipaddress.ip_address(port.split(":")[0]).is_loopback
    assert bool(ports) == ("outside" in SERVICES[name]["networks"])
    assert COMPOSE["networks"]["inside"]["internal"] is True


@every_service
def test_each_password_is_a_file(name: str) -> None:
    """What is named like a secret points into /run/secrets, to one that the service is given."""
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if PASSWORD.search(variable):
            assert value.startswith("/run/secrets/"), variable
        if value.startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@every_service
def test_each_mounted_file_and_volume_is_there(name: str) -> None:
    """Files of the repository only to be read; volumes declared."""
    for mount in SERVICES[name].get("volumes", []):
        source, target, *mode = mount.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (REPOSITORY / source).exists()
            assert ["ro"] == mode
        else:
            assert source in COMPOSE["volumes"]


@every_service
def test_whoever_waits_for_health_waits_for_somebody_who_says_so(name: str) -> None:
    """A service has a check of its own, or that of our image; a job is waited for until it ends well."""
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        job = SERVICES[other].get("healthcheck", {}).get("disable", False)
        assert ("service_completed_successfully" if job else "service_healthy") == wanted["condition"]
        assert job == (SERVICES[other]["restart"] == "on-failure")
    assert name in OURS or SERVICES[name]["healthcheck"]["test"]


def test_the_secrets_are_random_whole_and_made_once(tmp_path: Path) -> None:
    """Their folder is its owner's alone; the console's password is the database's; a second call changes nothing."""
    folder = tmp_path / "secrets"
    made = make(folder)
    assert {Path(one["file"]).name for one in COMPOSE["secrets"].values()} == set(made)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    before = {file.name: file.read_text().strip() for file in folder.iterdir()}
    assert (
        f":{before['postgres_password']}@postgres/"
        in load(folder / "linewatch.toml").settings.database_url.get_secret_value()
    )
    assert [] == make(folder)
    assert before == {file.name: file.read_text().strip() for file in folder.iterdir()}
    assert not set(before.values()) & {
        (tmp_path / "other" / name).read_text().strip() for name in make(tmp_path / "other")
    }
    (folder / "linewatch.toml").unlink()
    with pytest.raises(FileNotFoundError, match="one is missing"):
        make(folder)
    ignored = (REPOSITORY / ".gitignore").read_text().splitlines()
    assert "/secrets/" in ignored


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    """With the rules beside it, as they are mounted; it looks for services that are there, at their port."""
    for file in ("ops/compose/prometheus.yml", "ops/prometheus/rules.yml"):
        shutil.copy(REPOSITORY / file, tmp_path)
    done = subprocess.run(
        [promtool(), "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    (job,) = yaml.safe_load((tmp_path / "prometheus.yml").read_text())["scrape_configs"]
    (fixed,), (dns,) = job["static_configs"], job["dns_sd_configs"]
    port = SERVICES["console"]["environment"]["LINEWATCH_METRICS_PORT"]
    assert [f"console:{port}"] == fixed["targets"]
    assert (["worker"], int(port)) == (dns["names"], dns["port"])


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions, lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", (REPOSITORY / "Dockerfile").read_text(), flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, " ".join(rest.split())


def test_the_image_is_made_of_pinned_things_and_has_no_root() -> None:
    """Stages from a version's tag, libraries by hash, no ADD, no sudo, no download by hand, a user, a health check."""
    lines = list(instructions())
    words = [word for word, _ in lines]
    froms = [rest.split()[0] for word, rest in lines if word == "FROM"]
    assert 2 == len(froms)
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", image) for image in froms)
    assert 1 == len(set(froms))
    runs = " ".join(rest for word, rest in lines if word == "RUN")
    assert not re.search(r"\b(sudo|curl|wget|apt-get)\b|://", runs)
    for install in re.findall(r"pip install ([^&]+)", runs):
        assert "--require-hashes" in install or "--no-deps dist/" in install
    assert "ADD" not in words
    users = [rest for word, rest in lines if word == "USER"]
    assert [SERVICES["worker"]["user"]] == users
    assert words.index("USER") < words.index("HEALTHCHECK") < words.index("ENTRYPOINT")


def test_what_the_image_copies_is_there_and_let_through() -> None:
    """By .dockerignore too, which lets nothing else through; rooms are those of the wheel."""
    allowed = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [source for word, rest in instructions() if word == "COPY" and "--from" not in rest
              for source in [part for part in rest.split() if not part.startswith("--")][:-1]]  # fmt: skip
    for source in copied:
        assert (REPOSITORY / source).exists()
        assert any(fnmatch(source, one) or source.startswith(f"{one}/") for one in allowed), source
    assert set(allowed) <= set(copied)


def test_the_build_backend_comes_with_its_hashes(tmp_path: Path) -> None:
    """The Dockerfile's own line takes it and what it needs out of requirements/dev.txt; no line is cut."""
    (line,) = [rest for word, rest in instructions() if word == "RUN" and "awk" in rest]
    (tmp_path / "requirements").mkdir()
    shutil.copy(REPOSITORY / "requirements/dev.txt", tmp_path / "requirements")
    subprocess.run(["sh", "-euc", line.partition("&&")[0]], cwd=tmp_path, check=True)
    found = (tmp_path / "requirements/build.txt").read_text()
    needs = {
        re.split(r"[ <>=;~!]", one)[0].lower()
        for one in importlib.metadata.requires("hatchling") or []
        if "python_version <" not in one
    }
    assert {"hatchling", *needs} == set(re.findall(r"^([a-z-]+)==", found, re.MULTILINE))
    for block in re.split(r"^(?=[a-z-]+==)", found, flags=re.MULTILINE)[1:]:
        words = block.replace("\\\n", " ").split()
        assert all(
            re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in words[1:] if not word.startswith(";")
        ), block
        assert len(words) > 1


def test_the_container_starts_its_command_with_the_plate_key(tmp_path: Path) -> None:
    """The script hands on what it is given, and the words as they are."""
    text = (REPOSITORY / "ops/compose/start.sh").read_text()
    (tmp_path / "plate_key").write_text("5a\n")
    (tmp_path / "start.sh").write_text(text.replace("/run/secrets/", f"{tmp_path}/"))
    (tmp_path / "linewatch").write_text('#!/bin/sh\necho "$LINEWATCH_PLATE_KEY" "$#" "$2"\n')
    (tmp_path / "linewatch").chmod(0o755)
    words = ["sh", str(tmp_path / "start.sh"), "worker", "a b"]
    done = subprocess.run(words, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert "5a 2 a b\n" == done.stdout


@pytest.mark.parametrize("up", [0, 1])
def test_a_container_is_healthy_while_its_service_works(up: int) -> None:
    """By what it tells Prometheus; one that starts, stops or does not answer is not."""
    server = MetricsServer(registry(("console",), lambda: {"up": {(): up}}), "127.0.0.1", 0)
    port = int(re.findall(r":(\d+)", server.address)[0])
    try:
        assert bool(up) == healthy(port)
    finally:
        server.close()
    assert not healthy(port)
