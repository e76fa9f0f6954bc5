"""What does the source of a file import, call, and do on import? A small reader of syntax trees for the layer tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Calls that do something; at the top level of a module they would do it on import.
SIDE_EFFECTS = {
    "open", "print", "input", "exec", "eval", "os.getenv", "os.environ.get", "os.mkdir", "os.makedirs", "os.chdir",
    "sys.exit", "time.sleep", "logging.basicConfig", "structlog.configure", "subprocess.run", "subprocess.Popen",
    "sqlite3.connect", "socket.socket", "signal.signal", "warnings.filterwarnings", "warnings.simplefilter",
    "gc.freeze", "gc.disable", "numba.set_num_threads", "np.random.seed", "random.seed", "np.seterr",
}  # fmt: skip
SIDE_EFFECT_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "touch", "urlopen"}
OBJECTS = {"os.environ", "sys.argv"}  # touched at the top level, read or written


@dataclass(frozen=True)
class Source:
    """One file of a room, parsed."""

    path: str  # relative to the repository, with forward slashes
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        """The top-level package it is in."""
        return self.path.split("/", 1)[0]


def read(root: Path, rooms: Sequence[str]) -> list[Source]:
    """Every Python file of the rooms, in the order of their paths."""
    found = []
    for room in rooms:
        for file in sorted((root / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text, str(file))
            found.append(Source(file.relative_to(root).as_posix(), tree, text.count("\n")))
    return found


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, inside functions and `if TYPE_CHECKING` too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.path}:{node.lineno}: relative import; write the room's name"
            yield node.lineno, node.module or ""


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute chain on a name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def aliases(source: Source) -> dict[str, str]:
    """Local name -> the name it was imported under, shortened the way the tables above write it."""
    names: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
    return names


SHORT = {"numpy": "np", "datetime.datetime": "datetime", "datetime.date": "date"}


def full_name(node: ast.AST, names: dict[str, str]) -> str:
    """The called thing as the tables write it: `from time import time as t; t()` is `time.time`."""
    name = dotted(node)
    head, _, rest = name.partition(".")
    head = names.get(head, head)
    name = f"{head}.{rest}" if rest else head
    for long, short in SHORT.items():
        if name == long or name.startswith(long + "."):
            name = short + name[len(long) :]
    return name


def calls(source: Source) -> Iterator[tuple[int, str]]:
    """Line and name of everything called."""
    names = aliases(source)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, full_name(node.func, names)


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs on import: not the bodies of functions, not type-checking or `__main__` blocks."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for part in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            yield from _at_import(part)
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.If) and any(
        isinstance(n, ast.Name) and n.id in ("__name__", "TYPE_CHECKING") for n in ast.walk(node.test)
    ):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _at_import(child)


def import_time(source: Source) -> Iterator[tuple[int, str]]:
    """Line and name of what a module does when it is imported, beyond defining things."""
    names = aliases(source)
    for node in _at_import(source.tree):
        if isinstance(node, ast.Call):
            name = full_name(node.func, names)
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name in SIDE_EFFECTS or method in SIDE_EFFECT_METHODS:
                yield node.lineno, name or f"….{method}"
        elif isinstance(node, ast.Attribute | ast.Name) and full_name(node, names) in OBJECTS:
            yield node.lineno, full_name(node, names)
