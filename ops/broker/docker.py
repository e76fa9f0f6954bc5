"""How does the broker run where Java or Maven are absent, and Docker is not?

In Kafka's official image, used as nothing but a Java with Kafka's jars: the same main classes, settings, folder and log
as without Docker, the folder mounted under its own name. **Not run on the development machine, which has no Docker
daemon**; the image goes by its tag, so its bytes are not compared with anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

IMAGE = "apache/kafka"
CLASS_PATH = "/opt/kafka/libs/*"  # where the image keeps the jars
ASK_S = 10


def client() -> str | None:
    """The `docker` command when a daemon answers it."""
    found = shutil.which("docker")
    if found is None:
        return None
    try:
        asked = subprocess.run([found, "info"], capture_output=True, timeout=ASK_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    return found if asked.returncode == 0 else None


def name(port: int) -> str:
    """The container's name: one on a port."""
    return f"linewatch-kafka-{port}"


def words(docker: str, container: str, port: int, data: Path, version: str) -> tuple[str, ...]:
    """`docker run … java`: attached, so that SIGTERM reaches the broker; its files belong to who started it."""
    configuration = Path(__file__).parent
    return (
        docker, "run", "--rm", "--name", container, "--user", f"{os.getuid()}:{os.getgid()}",
        "--publish", f"127.0.0.1:{port}:{port}",
        "--volume", f"{data}:{data}", "--volume", f"{configuration}:{configuration}:ro",
        "--workdir", str(data), "--entrypoint", "java", f"{IMAGE}:{version}",
    )  # fmt: skip
