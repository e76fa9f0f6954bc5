"""Which two ports of 127.0.0.1 does a broker take? Free ones, and the same again when it comes back."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

from schemas.errors import Unavailable

# Below those that the system gives to outgoing connections (Linux from 32768, macOS from 49152): a client that calls
# a broker which is down could be given that very port, connect to itself, and keep the broker from coming back.
RANGE = range(20_000, 32_000)
TRIES = 100


def choose(folder: Path, port: int) -> tuple[int, int]:
    """The broker's port (`port`, unless 0) and its controller's; kept in the folder, so that clients find it again."""
    kept = folder / "ports.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if before and port in {0, before["broker"]}:
        return before["broker"], before["controller"]
    broker = port or _free()
    controller = before.get("controller") or _free(besides=broker)
    kept.write_text(json.dumps({"broker": broker, "controller": controller}), encoding="utf-8")
    return broker, controller


def require_free(*ports: int) -> None:
    """Unavailable when another program listens there: it would answer in the broker's place."""
    for port in ports:
        if not is_free(port):
            raise Unavailable(f"port {port} of 127.0.0.1 is taken by another program; stop it, or choose another port")


def is_free(port: int) -> bool:
    """True when a server could listen there now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the broker does: old connections linger
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free(besides: int = 0) -> int:
    for _ in range(TRIES):
        port = RANGE.start + secrets.randbelow(len(RANGE))
        if port != besides and is_free(port):
            return port
    raise Unavailable(f"no free port of 127.0.0.1 from {RANGE.start} to {RANGE.stop - 1} was found; free some")
