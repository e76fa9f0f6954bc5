"""Does the service in this container do its work? `python -m ops.healthy` asks its metrics; Docker asks that."""

from __future__ import annotations

import os
import sys
import urllib.request

UP = "linewatch_up 1.0"
TIMEOUT_S = 4


def healthy(port: int) -> bool:
    """Whether the service whose metrics are on this port says that it works."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_S) as answer:
            return UP in answer.read().decode().splitlines()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(int(os.environ["LINEWATCH_METRICS_PORT"])) else 1)
