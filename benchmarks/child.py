"""How is something measured undisturbed? In a process of its own, on one core, with one thread.

`python -m benchmarks.child MODULE:FUNCTION JSON` calls the function with the keyword arguments and prints what it
returns as JSON, the last line of its output.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.machine import ROOT

ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
KEY = {"LINEWATCH_PLATE_KEY": "00" * 32}  # generated traffic carries pseudonyms already


def environment(**more: str) -> dict[str, str]:
    """Of a child: ours without LINEWATCH_ settings, one thread, a fixed plate key, this repository to import from."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("LINEWATCH_")}
    return {**mine, **ONE_THREAD, **KEY, "PYTHONPATH": str(ROOT), **more}


def apart(function: str, **arguments: Any) -> Any:
    """What `module:function(**arguments)` returns, called in a new process; RuntimeError when that fails."""
    command = [sys.executable, "-m", "benchmarks.child", function, json.dumps(arguments)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"{function} failed with exit code {done.returncode}, see above")
    return json.loads(done.stdout.splitlines()[-1])


def one_core() -> None:
    """Stay on one core from here on, where the system can be told (Linux): the last one, away from interrupts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main(arguments: list[str]) -> None:
    """See the module."""
    module, _, name = arguments[0].partition(":")
    one_core()
    answer = getattr(importlib.import_module(module), name)(**json.loads(arguments[1]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
