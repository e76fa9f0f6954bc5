"""Run a command, killed at a random moment again and again, until it ends by itself; prints how often as JSON.

    python kill_again.py SEED WARM replay LOG --state DIR ...

The program is loaded and its compiled code warmed up once, by a replay of the log WARM; each attempt is a fork, and so
costs no start. The child gets a real SIGKILL from its parent, which an interval timer wakes up. The time given grows
while no attempt reaches a checkpoint, so that it ends on a slow machine too.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

from ops import cli


def attempt(words: list[str], after_s: float) -> int:
    """Run the command in a fork; its exit code, or -9 when it was killed after `after_s` seconds."""
    child = os.fork()
    if child == 0:
        sys.argv = ["linewatch", *words]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(cli.run_cli())
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, after_s)
    _, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return os.waitstatus_to_exitcode(status)


def reached(words: list[str]) -> str:
    """The name of the valid checkpoint."""
    current = Path(words[words.index("--state") + 1]) / "CURRENT"
    return current.read_text() if current.exists() else ""


def main() -> int:
    """Warm up, then try until the command ends by itself."""
    chance, warm, words = random.Random(int(sys.argv[1])), sys.argv[2], sys.argv[3:]
    sys.argv = ["linewatch", "replay", warm, "--assessments", "warm.csv", "--state", "warm.state"]
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    cli.run_cli()
    kills, patience_s, before = 0, 0.4, ""
    while (code := attempt(words, chance.uniform(0.005, patience_s))) == -signal.SIGKILL:
        kills += 1
        now = reached(words)
        patience_s = 0.4 if now != before else patience_s * 1.5
        before = now
    os.write(out, json.dumps({"kills": kills}).encode())
    return code


if __name__ == "__main__":
    sys.exit(main())
