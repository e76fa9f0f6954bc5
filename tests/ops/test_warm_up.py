"""Do the made-up crossings load every compiled function that a real log needs?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from ops.settings import Settings
from ops.warm_up import warm_up
from tests.stream.logs import CONFIG, border, single

def compiled():
    parts = [m for name, m in list(sys.modules.items()) if name.startswith(("detectors.", "stream.state"))]
    return sum(len(f.signatures) for f in {id(f): f for m in parts for f in vars(m).values()
               if hasattr(f, "signatures") and hasattr(f, "py_func")}.values())

warm_up(Settings())
before = compiled()
batch, names = border()
pipeline = single(CONFIG, names)
pipeline.push(batch.take(slice(0, 1)))
pipeline.push(batch.take(slice(1, None)))
print(before, compiled(), pipeline.errors)
"""


def test_a_real_log_compiles_nothing_more(repository: Path) -> None:
    """In a process of its own: as many compiled functions after a generated log as after the warm-up."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=repository, capture_output=True, text=True, check=True)
    before, after, errors = ran.stdout.split(maxsplit=2)
    assert int(before) > 30
    assert int(before) == int(after)
    assert "{}" == errors.strip()
