"""Does `linewatch demo` put alerts on the page of a console, and leave nothing behind?"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.kafka.cluster import until
from tests.ops.running import environment

LINK = re.compile(r"(http://[0-9.:]+)(/enter/\S+)")


def next_link(run: subprocess.Popen[str]) -> tuple[str, str]:
    """Address and path of the next link that the demo prints."""
    assert run.stdout is not None
    for line in run.stdout:
        if found := LINK.search(line):
            return found[1], found[2]
    raise AssertionError("it ended without a link")


def test_the_link_leads_to_alerts_and_the_end_leaves_nothing(tmp_path: Path) -> None:
    """It is good once, for whoever has it; SIGTERM ends with the summary and takes the database away."""
    command = [sys.executable, "-m", "ops.cli", "demo", "--no-browser"]
    env = environment(tmp_path) | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1", "LINEWATCH_CONSOLE_PORT": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as run:
        try:
            address, path = next_link(run)
            with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as browser:
                page = browser.get(path)
                assert "/queue" == page.url.path
                assert "DEMO" in page.text
                assert 410 == httpx.get(address + path, timeout=60).status_code
                assert (address, path) != next_link(run)
                until(lambda: 'data-alert="' in browser.get("/queue").text, "an alert waits", within_s=240)
            assert list(tmp_path.glob("linewatch-demo-*"))
        finally:
            run.send_signal(signal.SIGTERM)
            assert run.stdout is not None
            rest = run.stdout.read()
    assert 0 == run.returncode, rest
    assert "Traceback" not in rest
    assert [] == list(tmp_path.glob("linewatch-demo-*"))
