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


def ways() -> list[list[list[str]]]:
    """How it may be installed, the best first: each is commands that must all succeed."""
    by_playwright = [sys.executable, "-m", "playwright", "install", "chromium"]  # into the user's cache
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return [[by_playwright]]
    by_apt = [[*APT, "update"], [*APT, "install", "--no-install-recommends", "chromium"]]
    return [by_apt, [[*by_playwright, "--with-deps"]]]  # Ubuntu has it as a snap only


def done(commands: list[list[str]]) -> bool:
    """Run commands until one fails; whether none did."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return all(subprocess.run(command, check=False, env=environment).returncode == 0 for command in commands)


def main() -> int:
    """Find it, or install it and find it then; the exit code."""
    found = installed()
    if found is None:
        click.echo("no Chromium yet; installing it (once)")
        found = next((installed() for way in ways() if done(way)), None)
    if found is None:
        click.echo("there is no Chromium. Install one: `apt install chromium`, or `brew install chromium`", err=True)
        return 1
    click.echo(f"Chromium for the console's tests: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
