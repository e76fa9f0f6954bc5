"""Where do the passwords of docker-compose.yml come from? Random ones, in files, made once: `make secrets`.

Needs nothing but Python. The folder is its owner's alone (0700); the files in it can be read by all, because a
container sees a file with the rights that it has here, and has a user of its own.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "secrets"
DATABASE = "postgresql://linewatch:{}@postgres/linewatch"


def make(folder: Path) -> list[str]:
    """Write what is missing, and nothing anew: names of the files written. FileNotFoundError for half a pair."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    password = secrets.token_hex(24)
    wanted = {
        "plate_key": secrets.token_hex(32),
        "grafana_password": secrets.token_hex(24),
        "postgres_password": password,
        "linewatch.toml": f'database_url = "{DATABASE.format(password)}"',
    }
    pair = [(folder / name).exists() for name in ("postgres_password", "linewatch.toml")]
    if any(pair) and not all(pair):
        raise FileNotFoundError(
            f"{folder}: of postgres_password and linewatch.toml one is missing; both hold a password"
        )
    return [name for name, text in wanted.items() if _write(folder / name, text)]


def _write(file: Path, text: str) -> bool:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(text + "\n")
    file.chmod(0o444)  # whatever the umask
    return True


if __name__ == "__main__":
    try:
        made = make(FOLDER)
    except OSError as problem:
        sys.exit(f"linewatch: {problem}")
    print(f"{FOLDER}: {'made ' + ', '.join(made) if made else 'all there'}")  # noqa: T201 (a script)
