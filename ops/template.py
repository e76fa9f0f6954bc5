"""How is an id made that the source does not have? A small template: text, columns and a few marks.

`{column}` is the value of a column; `{@line}` the line (or record) number in the source, `{@part}` the number of the
passage in an exploded row (from 1), `{@file}` the name of the source without its endings, `{@vehicle}` the pseudonym
and `{@hash:a,b}` 16 hex digits of SHA-256 over the named columns or marks. All are the same on every run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

MARKS = ("@line", "@part", "@file", "@vehicle")
_FIELD = re.compile(r"\{([^{}]*)\}")


class Template:
    """A parsed template. Raises ValueError for an unknown mark or an empty or unclosed brace."""

    def __init__(self, text: str) -> None:
        self._pieces: list[tuple[str, list[str]]] = []  # ("text", [literal]) | ("value", [name]) | ("hash", names)
        end = 0
        for match in _FIELD.finditer(text):
            self._literal(text[end : match.start()])
            self._field(match.group(1).strip())
            end = match.end()
        self._literal(text[end:])

    @property
    def columns(self) -> list[str]:
        """The source columns that the template reads."""
        return [n for kind, names in self._pieces if kind != "text" for n in names if not n.startswith("@")]

    @property
    def marks(self) -> set[str]:
        """The marks (`@line` …) that the template uses."""
        return {n for kind, names in self._pieces if kind != "text" for n in names if n.startswith("@")}

    def fill(self, values: Mapping[str, Any]) -> str:
        """The text for one row; `values` holds the row's columns and the marks. KeyError for an absent one."""
        return "".join(
            names[0] if kind == "text" else str(values[names[0]]) if kind == "value" else _digest(names, values)
            for kind, names in self._pieces
        )

    def _literal(self, text: str) -> None:
        if "{" in text or "}" in text:
            raise ValueError(f"a brace is not closed near {text.strip()!r}")
        if text:
            self._pieces.append(("text", [text]))

    def _field(self, name: str) -> None:
        kind, names = "value", [name]
        if name.startswith("@hash:"):
            kind, names = "hash", [part.strip() for part in name.removeprefix("@hash:").split(",")]
        for part in names:
            if not part or (part.startswith("@") and part not in MARKS):
                raise ValueError(f"{{{name}}}: use a column, {', '.join(MARKS)} or @hash:column,column")
        self._pieces.append((kind, names))


def _digest(names: list[str], values: Mapping[str, Any]) -> str:
    text = json.dumps([str(values[name]) for name in names], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
