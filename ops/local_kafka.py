"""How does one get a real Kafka broker, without an installation? `LocalKafka` starts Apache Kafka on loopback.

One node, broker and controller in one JVM, its data in a folder that survives `stop` and `kill`. Made for tests and for
development: no authentication, no replication, nothing outside 127.0.0.1.

    with LocalKafka(Path("kafka")) as kafka:
        ...  # clients connect to kafka.bootstrap

On the command line: `python -m ops.local_kafka run`. `ops/broker/` says where it comes from and how it is set up.
"""

from __future__ import annotations

import atexit
import base64
import re
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.broker import engine, owner, ports, properties, wire
from schemas.errors import Unavailable

START_S = 90  # two cores that do something else at the same time
STOP_S = 30
POLL_S = 0.05
SAID_LINES = 8  # of its log, when it ends instead of starting


class LocalKafka:
    """A broker on 127.0.0.1 with its data in `folder`; `port` 0 is a free one, and the same again for this folder."""

    def __init__(
        self, folder: Path, port: int = 0, *, heap_mb: int = 384, fast_start: bool = True,
        settings: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """`settings` are further lines of server.properties; `fast_start=False` is for who measures throughput."""
        self.folder = folder.absolute()
        self.heap_mb = heap_mb
        self.fast_start = fast_start
        self.settings = dict(settings or {})
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self._controller = ports.choose(self.folder, port)
        self._process: subprocess.Popen[bytes] | None = None
        self._engine: engine.Engine | None = None

    @property
    def bootstrap(self) -> str:
        """What clients connect to; known before the start."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the broker and its JVM said."""
        return self.folder / "kafka.log"

    @property
    def running(self) -> bool:
        """True from a start until the process has ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The broker's process; Unavailable when there is none."""
        if self._process is None or not self.running:
            raise Unavailable(f"the broker at {self.bootstrap} is not running")
        return self._process.pid

    def start(self, *, detached: bool = False) -> Self:
        """Start it and wait until it takes requests; `detached` lets it outlive this process and its terminal.

        Unavailable: nothing to run it with, the folder or a port is taken, or it ended (with what its log says).
        ConfigError: a jar is not the pinned one.
        """
        if self.running:
            return self
        if pid := owner.find(self.folder):
            raise Unavailable(f"another program's broker runs with {self.folder} (process {pid}): stop that one first")
        ports.require_free(self.port, self._controller)
        self._engine = engine.find(self.folder, self.port)
        values = properties.settings(self._data, self._engine.bind, self.port, self._controller, self.settings)
        properties.write(self._properties, values)
        if not (self._data / "meta.properties").exists():
            self._format()
        before = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._run("kafka.Kafka", str(self._properties), detached=detached)
        owner.write(self.folder, self._process.pid)
        if not detached:
            atexit.register(self.kill)  # who forgets to stop it leaves nothing behind
        try:
            self._wait_until_it_answers(before)
        except BaseException:  # Ctrl-C too: nothing is left behind
            self.kill()
            raise
        return self

    def stop(self, timeout_s: float = STOP_S) -> None:
        """SIGTERM: it closes its files and leaves; SIGKILL when that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
            atexit.unregister(self.kill)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL: it closes nothing and says goodbye to nobody."""
        if self._process is None:
            return
        if self._engine and self._engine.kill and self.running:
            subprocess.run(self._engine.kill, capture_output=True, check=False)  # noqa: S603 (our own words)
        self._process.kill()
        self._process.wait()
        atexit.unregister(self.kill)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _format(self) -> None:
        """Make the data folder a broker's, once; a cluster's id is 16 random bytes."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        words = ("format", f"--cluster-id={cluster}", f"--config={self._properties}", "--ignore-formatted")
        before = self.log.stat().st_size if self.log.exists() else 0
        if self._run("kafka.tools.StorageTool", *words).wait():
            raise Unavailable(f"the broker's folder {self.folder} could not be set up: {self._said(before)}")

    def _run(self, main: str, *words: str, detached: bool = False) -> subprocess.Popen[bytes]:
        """A main class of Kafka, its output at the end of the log."""
        assert self._engine is not None
        command = self._engine.command(main, *words, heap_mb=self.heap_mb, fast_start=self.fast_start)
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own words, no shell)
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=detached,
            )  # fmt: skip

    def _wait_until_it_answers(self, before: int) -> None:
        """Return when the broker takes requests; Unavailable when it ends before, or takes too long."""
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while not wire.answers(self.port):
            try:
                code = self._process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                raise Unavailable(f"the broker did not answer within {START_S} s: {self._said(before)}") from None
            raise Unavailable(f"the broker ended with {code} instead of starting: {self._said(before)}")

    def _said(self, before: int) -> str:
        """What went wrong, from the log since this start: its errors where it names some, or else its last lines."""
        with self.log.open("rb") as log:
            log.seek(before)
            lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if re.search(r" (ERROR|FATAL) |Exception|Error", line) and line[0] != "\t"]
        return " | ".join((errors or lines)[-SAID_LINES:]) + f" (all of it: {self.log})"


if __name__ == "__main__":
    from ops.broker.command import main

    main()
