"""Is there a Chromium on this machine, and how does it get here? `make browser` runs this file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT = ("apt-get", "-y", "-qq", "-o", "Dpkg::Use-Pty=0")


def installed() -> str | None:
    """The path of one on PATH, else of the one that Playwright has downloaded; None when there is neither."""
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    if on_path is not None:
        return on_path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """From the system's packages where we may, else by Playwright into the user's cache. CalledProcessError."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*APT, "update"], check=True, env=environment)
        subprocess.run([*APT, "install", "--no-install-recommends", "chromium"], check=True, env=environment)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> int:
    """Find it, or install it and find it then; the exit code."""
    found = installed()
    if found is None:
        click.echo("no Chromium yet; installing it (once)")
        try:
            install()
        except subprocess.CalledProcessError as problem:
            click.echo(f"this failed: {' '.join(map(str, problem.cmd))}", err=True)
        found = installed()
    if found is None:
        click.echo("there is no Chromium. Install one: `apt install chromium`, or `brew install chromium`", err=True)
        return 1
    click.echo(f"Chromium for the console's tests: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
