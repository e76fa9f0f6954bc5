"""How is an application served? By uvicorn on a socket, in a thread beside whatever else the process does."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette

from schemas.errors import ConfigError

GRACE_S = 3  # open feeds end by themselves; pages under way get so long
CONSOLE: dict[str, Any] = {
    "limit_concurrency": 512, "timeout_graceful_shutdown": GRACE_S, "h11_max_incomplete_event_size": 32_768,
}  # fmt: skip


class ServerThread:
    """An application on a socket, in a thread of its own, from `start` to `close`."""

    def __init__(self, app: Starlette, host: str, port: int, *, name: str, options: dict[str, Any]) -> None:
        """ConfigError when the address cannot be had; port 0 takes a free one (see `address`).

        `name` is that of the thread, and of the settings that say where: `<name>_host`, `<name>_port`.
        """
        self._socket = _listen(host, port, name)
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name=name)

    @property
    def address(self) -> str:
        """As a browser or a sender writes it."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer what is under way, then stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()


def _listen(host: str, port: int, name: str) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as problem:
        raise ConfigError(
            f"cannot listen on {host}:{port} ({problem.strerror}). Change {name}_host or {name}_port."
        ) from None
