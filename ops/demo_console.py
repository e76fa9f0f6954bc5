"""How is the demo shown in a browser? The real console over a database that is gone at the end.

The border's time is simulated and runs fast; people's time (holds, undo, sessions) is that of the clock on the wall.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from console.app import make_app
from console.database import Database
from console.door import Door, make_user
from console.outbox import Outbox
from console.server import CONSOLE, ServerThread
from console.site import Border
from console.store import AlertStore
from ops.console import DATABASE, now_ms
from ops.wiring import build_ports
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from ops.settings import Settings
    from stream.pipeline import Decided

HOST = "127.0.0.1"


class DemoConsole:
    """A console with one user, the sink that fills it and what is decided there; the browser opens with an alert."""

    def __init__(self, settings: Settings, told: Callable[[str], None], *, browser: bool) -> None:
        self._settings, self._told, self._browser = settings, told, browser
        self._held = ExitStack()

    def __enter__(self) -> Self:
        folder = Path(self._held.enter_context(TemporaryDirectory(prefix="linewatch-demo-")))
        database = self._held.enter_context(closing(Database.open(folder / DATABASE)))
        self.database, self._decided = database, list[bytes]()
        self._outbox = Outbox(database, self._decided.extend, now_ms)
        ports, settings = build_ports(self._settings), self._settings
        self._store = AlertStore(database, ports, clock=now_ms, history_days=settings.history_days)
        self._door = Door(make_user(database, "demo", "supervisor", now_ms), self._used)
        border = Border(ports, settings.budget_per_hour * settings.operators)
        app = make_app(database, now_ms, border=border, watermark="DEMO", more=self._door.routes)
        try:
            server = ServerThread(app, HOST, settings.console_port, name="console", options=CONSOLE)
        except ConfigError:  # somebody has that port
            server = ServerThread(app, HOST, 0, name="console", options=CONSOLE)
        self._held.callback(server.close)
        server.start()
        self.address = server.address
        self._told(f"The console, as the user demo: {self.link}")
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    @property
    def link(self) -> str:
        """Lets one browser in."""
        return self.address + self._door.path

    def write(self, decided: Decided) -> None:
        """Store it; the first alert opens the browser."""
        self._store.write(decided)
        if decided.alerts and self._browser:
            self._browser = False
            if has_screen():
                webbrowser.open(self.link)

    def dispositions(self) -> bytes:
        """What was decided since this was last asked, once the time for undoing it is over."""
        self._outbox.deliver()
        lines = b"".join(self._decided)
        self._decided.clear()
        return lines

    def _used(self, path: str) -> None:
        self._told(f"A browser is in. For another one: {self.address}{path}")


def has_screen() -> bool:
    """Whether a browser would have a window: one in the terminal would take it from the demo."""
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
