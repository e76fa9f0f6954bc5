"""Where do the figures go? To the terminal, into results.json, and between the markers of a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.figures import Result, as_markdown, markdown

BEGIN = "<!-- figures: written by `python -m benchmarks --write`, do not edit -->"
END = "<!-- end of figures -->"


class Results:
    """The newest figures of each benchmark, in a JSON file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, name: str, machine: dict[str, str], result: Result) -> None:
        """Replace what is known of one benchmark."""
        self.found[name] = {"machine": machine, **result.to_json()}
        self.path.write_text(json.dumps(self.found, indent=1))

    def as_markdown(self) -> str:
        """All of them, each with the machine it was measured on."""
        sections = []
        for name, data in self.found.items():
            result = Result.from_json({key: data[key] for key in ("figures", "tables", "notes")})
            sections.append(section(name, data["machine"], result))
        return "\n\n".join(sections)


def section(name: str, machine: dict[str, str], result: Result) -> str:
    """One benchmark as Markdown."""
    return f"### {name}\n\n{as_markdown(result)}\n\n{markdown(list(machine), [list(machine.values())])}"


def print_result(name: str, machine: dict[str, str], result: Result) -> None:
    """One benchmark on the terminal."""
    print(f"\n{section(name, machine, result)}", flush=True)


def write_page(page: Path, results: Results) -> None:
    """Put all figures between the page's markers; ValueError when it has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures; it needs the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{results.as_markdown()}\n\n{END}{after}", encoding="utf-8")
