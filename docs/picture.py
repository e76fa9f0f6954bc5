"""What does the demo look like? `python docs/picture.py` draws docs/demo.svg from the real pipeline and view."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from ops.demo_border import build
from ops.demo_screens import preparing
from ops.demo_view import View

WIDTH, HEIGHT = 128, 34
DAYS, SECONDS = 14, 56.0  # the show at its usual pace


def main() -> None:
    """Run the demo's traffic without waiting and draw its last screen."""
    console = Console(record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True)
    with preparing(Console(quiet=True), plain=True) as told:
        border = build(1, DAYS, told)
        border.warm_up(told)
    border.advance(border.end_ms - 2 * 86_400_000)
    console.print(View(border, ascii_only=False).render(SECONDS, WIDTH, HEIGHT), height=HEIGHT)
    svg = console.export_svg(title="linewatch demo")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # a picture must not fetch fonts from the network
    svg = re.sub(r"<!--.*?-->\n?", "", svg).replace("Fira Code", "DejaVu Sans Mono")
    Path(__file__).with_name("demo.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
