"""Do the documents say what the program is? Commands, settings, metrics, detectors, links, decisions, generated pages.

`python docs/check.py` prints one line a problem and ends with 1 when there is one; `--write` writes the generated
pages anew (`make generate`). Each check returns its problems as lines `file: what is wrong; what to do`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a script, sys.path starts with docs/
    sys.path.insert(0, str(ROOT))

from docs import generate  # noqa: E402  (needs the line above)

PLACES = "schemas|detectors|stream|evaluation|console|ops|tests|benchmarks|docs"
FILE_IN_TEXT = re.compile(rf"^(?:{PLACES})/[\w./-]+\.\w+$")
DECISION = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")
HISTORY = ("docs/decisions/", "CHANGELOG.md")  # may name what is gone


def documents(root: Path) -> list[Path]:
    """README and the other pages at the root, and everything under docs/, in a fixed order."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def tokens(path: Path) -> list[Token]:
    """The page's markdown tokens, inline ones included in place."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        flat.append(token)
        flat.extend(token.children or [])
    return flat


def anchors(path: Path) -> set[str]:
    """The `#anchors` of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    page = tokens(path)
    for before, token in pairwise(page):
        if before.type != "heading_open":
            continue
        text = "".join(t.content for t in token.children or [] if t.type in {"text", "code_inline"})
        slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


def targets(path: Path) -> Iterator[str]:
    """Where the page's links and pictures point, those on the web aside."""
    for token in tokens(path):
        target = token.attrs.get("href") if token.type == "link_open" else token.attrs.get("src")
        if isinstance(target, str) and not re.match(r"[a-z][a-z0-9+.-]*:", target):
            yield unquote(target)


def links(root: Path) -> list[str]:
    """Every link inside the repository leads to a file, and its anchor to a heading."""
    problems = []
    for page in documents(root):
        for target in targets(page):
            name, _, anchor = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            where = page.relative_to(root)
            if not file.is_relative_to(root.resolve()) or not file.exists():
                problems.append(f"{where}: the link {target} leads nowhere")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                problems.append(f"{where}: the link {target} names a heading that is not in {file.name}")
    return problems


def paths(root: Path) -> list[str]:
    """Every file that a page names in `code` exists."""
    return [
        f"{page.relative_to(root)}: names `{token.content}`, which is not there; correct the name"
        for page in documents(root)
        if not page.relative_to(root).as_posix().startswith(HISTORY)
        for token in tokens(page)
        if token.type == "code_inline" and FILE_IN_TEXT.match(token.content) and not (root / token.content).exists()
    ]


def decisions(root: Path) -> list[str]:
    """docs/decisions/ holds 0001, 0002, ... without a gap or a double, each with what was decided and measured."""
    folder = root / "docs" / "decisions"
    problems = []
    numbers = []
    for page in sorted(folder.glob("*")):
        match = DECISION.match(page.name)
        if not match:
            problems.append(f"docs/decisions/{page.name}: name it NNNN-words-with-hyphens.md")
            continue
        numbers.append(int(match[1]))
        text = page.read_text(encoding="utf-8")
        problems += [
            f"docs/decisions/{page.name}: has no section `{heading}`; add it (0001 shows the form)"
            for heading in ("## Decision", "## What was measured")
            if heading not in text
        ]
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"docs/decisions: numbers are {numbers}; number them from 0001 without gaps or doubles")
    return problems


def generated(root: Path) -> list[str]:
    """The generated pages (commands, settings, detectors, metrics) are what the program would write now."""
    return generate.stale(root)


def advised(root: Path) -> list[str]:
    """The operator's guide says of every typology of the catalogue what it means and what to do."""
    row = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    known = row.findall((root / "docs" / "detectors.md").read_text(encoding="utf-8"))
    said = row.findall((root / "docs" / "operator.md").read_text(encoding="utf-8"))
    missing = sorted(set(known) - set(said))
    return [f"docs/operator.md: `{name}` has no row; say what it means and what to do" for name in missing]


def unexplained(_: Path) -> list[str]:
    """Every command, option, setting, metric and detector says what it does."""
    return generate.unexplained()


CHECKS = (links, paths, decisions, generated, advised, unexplained)


def write() -> int:
    """Write the generated pages; 1 when a part of the program that they describe is not there."""
    code = 0
    for name, make in generate.PAGES.items():
        try:
            (ROOT / name).write_text(make(), encoding="utf-8")
            print(f"wrote {name}")
        except generate.MissingError as missing:
            print(f"{name}: not written: {missing}", file=sys.stderr)
            code = 1
    return code


def main(arguments: list[str]) -> int:
    """Print the problems (0 none, 1 some), or write the generated pages; 2 for wrong usage."""
    if arguments == ["--write"]:
        return write()
    if arguments:
        print("usage: python docs/check.py [--write]", file=sys.stderr)
        return 2
    problems = [problem for check in CHECKS for problem in check(ROOT)]
    print("\n".join(problems) if problems else "Documents: all checks passed.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
