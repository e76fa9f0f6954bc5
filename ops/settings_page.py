"""How do people read the table of settings? As docs/settings.md, which `python -m ops.settings_page` prints."""

from __future__ import annotations

import sys

from ops.settings import Settings, changes_results, shown


def as_markdown() -> str:
    """docs/settings.md: the table as people read it."""
    defaults = Settings()
    rows = []
    for name, field in Settings.model_fields.items():
        extra = "yes" if changes_results(name) else ""
        rows.append(f"| `{name}` | `{shown(defaults, name)}` | {extra} | {field.description} |")
    return HEAD + "\n".join(rows) + "\n" + TAIL


HEAD = """# Settings

Generated from `ops/settings.py` by `python -m ops.settings_page > docs/settings.md`; a test fails when it is old.

A value is taken from the first of: `--set name=value` on the command line; the environment variable `LINEWATCH_NAME`
(name in capitals); the TOML file given with `--config`, or named by LINEWATCH_CONFIG; the default. An unknown name is
an error that says which known name is closest. `linewatch doctor` shows every value in force and where
it came from. Settings marked *results* are part of the `config` hash in every alert, and a `--state` folder refuses
to go on when one of them has changed.

| name | default | results | what it does |
|---|---|---|---|
"""

TAIL = """
A file for a small port, as an example:

```toml
ports = "ports.csv"
default_time_zone = "America/Los_Angeles"
operators = 2

[[river_detectors]]
name = "one_class"
class = "river.anomaly.OneClassSVM"
params = { nu = 0.1 }
```
"""

if __name__ == "__main__":
    sys.stdout.write(as_markdown())
