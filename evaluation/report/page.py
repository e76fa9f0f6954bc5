"""How is the report made? One HTML file from the results: pictures inside, no script, nothing loaded from anywhere.

Its content security policy says so to the browser: no source at all, and only the one style sheet whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evaluation.bench import Bench
from evaluation.report import words
from evaluation.report.charts import charts, style_of
from evaluation.report.history import DAYS, LEVELS
from evaluation.report.stories import Teller
from evaluation.results import Results, lead
from schemas.ports import Ports

FOLDER = Path(__file__).parent


def report(found: Results, bench: Bench, ports: Ports) -> str:
    """report.html as text. The same results and scores give the same text."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": words.percent, "number": words.number, "of": words.of, "hours": words.hours,
        "day": lambda text: text[:10],
    }  # fmt: skip
    style = (FOLDER / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    teller = Teller(bench, ports, found)
    ours = next(iter(found.rankings.values()))
    return environment.get_template("report.html.j2").render(
        found=found,
        ours=ours,
        rate=found.rates[0],
        others=list(found.rankings.values())[1:],
        headline=words.headline(found),
        advice=words.advice(found),
        charts=[(Markup(chart.svg), chart.caption) for chart in charts(found)],  # noqa: S704 (made by matplotlib)
        legend=[(ranking, *style_of(place)) for place, ranking in enumerate(found.rankings.values())],
        best={label: words.best_for(found, label) for label in ours.typologies},
        lead=lead,
        misses=teller.misses(),
        false_alarms=teller.false_alarms(),
        days=DAYS,
        levels=LEVELS,
        style=Markup(style),  # noqa: S704 (our own file)
        style_hash=f"sha256-{digest}",
    )
