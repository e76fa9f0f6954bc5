"""How is the console served? By uvicorn on a socket of its own, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from schemas.errors import ConfigError

GRACE_S = 3  # open feeds end by themselves; pages under way get so long


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.asked = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: object) -> None:  # noqa: ARG002 (uvicorn's signature)
        self.asked = sig
        self.should_exit = True


def serve(app: Starlette, host: str, port: int, ready: Callable[[str], None]) -> int:
    """Serve until asked to stop; the exit code. `ready` gets the address. ConfigError when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=128)
    except OSError as problem:
        raise ConfigError(
            f"cannot listen on {host}:{port} ({problem.strerror}). Change console_host or console_port."
        ) from None
    with listening:
        name, number = listening.getsockname()[:2]
        address = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, limit_concurrency=512,
            timeout_graceful_shutdown=GRACE_S, h11_max_incomplete_event_size=32_768,
        )  # fmt: skip
        server = _Server(config, lambda: ready(address))
        server.run([listening])
    return 130 if server.asked == signal.SIGINT else 0
