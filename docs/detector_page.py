"""What does the catalogue say of each detector? Its question, model, fields, sentence, thresholds and source.

All of it is taken from the program: the module's docstring, what the detector declares, the example of `explain`
(which runs as a test), and the constants of the module with their comments.
"""

from __future__ import annotations

import doctest
import inspect
import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from typing import Any, get_args

HELD_BACK = {"fresh_registration", "linked_to_seizure"}  # by their p-values; their sections say how
BESIDE = {  # what a detector needs that `needs` cannot say
    "empty_mismatch": "`weight_kg` and `laden`",
    "linked_to_seizure": "dispositions",
    "port_shopping": "`prequeue_lane` for hops within the hour",
    "read_evasion": "`read_confidence`",
    "shift_change": "the setting `shift_changes`",
    "trusted_lane": "`lane_type`",
}
STORAGE = re.compile(r"\b(columns?|rows?|fixed-point|evidence|in a slot)\b")  # numbers that say how, not what
CONSTANT = re.compile(r"^([A-Z][A-Z0-9_]*(?:, [A-Z][A-Z0-9_]*)*) = ([^#]+?)(?:  # (.+))?$", re.MULTILINE)
NOTICES = {
    "reader_fault": "Is a reader down, dirty or out of line?",
    "flow_anomaly": "Is there far less or far more traffic than forecast, or at a new port?",
    "displacement": "Have the alerts of a detector moved from one port to another?",
    "drift": "Does a detector still mean what it meant?",
}
INTRO = """# Detectors

Generated from `detectors/catalogue.py` by `make generate`; `make check` fails when it is out of date.

Each detector answers one question about a crossing with a p-value, or says *not evaluated*: too little history, or a
field it needs is absent. That adds nothing to the score, and the alert lists it under `not_evaluated`. State is a row
of fixed size for each key; those without keep tables that all vehicles share, or read what another part found.

**Alone**: whether one answer, calibrated p below 0.0001, may make an alert by itself. Otherwise a second typology below
0.001 is needed (`detectors/budget.py`). *Only alone* is an echo: it looks at facts that other detectors ask about too,
shares their evidence, and is no second typology. **For**: who hears of it; what is for the integrity role never enters
the operators' score. An answer that rests on a gap in the reads is taken back, see [notices](operator.md)."""


def described(detector: Any) -> str:
    """What a detector's module says of itself: question, model, source."""
    module = inspect.getmodule(type(detector))
    return inspect.cleandoc((module.__doc__ if module else None) or "")


def page(detectors: Sequence[Any], optional: Sequence[str], kinds: Any) -> str:
    """The page: two tables, and a section for each detector; `kinds` is the Literal of the kinds of notices."""
    state = sum(d.row.itemsize for d in detectors if d.key == "vehicle")
    parts = [
        INTRO,
        "## Typologies\n\n| typology | question | detector | needs | alone | for |\n|---|---|---|---|---|---|\n"
        + "\n".join([*_typologies(detectors), *_notices(kinds)]),
        f"## State\n\nAll vehicle detectors together keep {state} bytes a vehicle.\n\n"
        "| detector | key | bytes a key |\n|---|---|---|\n"
        + "\n".join(f"| {_link(d)} | {d.key} | {d.row.itemsize} |" for d in detectors),
        *(_section(d, optional) for d in detectors),
    ]
    return "\n\n".join(parts) + "\n"


def example(detector: Any) -> str:
    """The sentence of the example of `explain`.

    >>> from detectors.peer_outlier import PeerOutlier
    >>> example(PeerOutlier(4))[:40]
    'The combination of 4 answers is isolated'
    """
    for shown in doctest.DocTestParser().get_examples(inspect.getdoc(detector.explain) or ""):
        if re.match(r"['\"(]", shown.want):
            said = literal_eval(" ".join(shown.want.split()))
            sentence = next((s for s in ([said] if isinstance(said, str) else said) if isinstance(s, str)), "")
            if len(sentence.split()) > 2:  # a sentence, not the range of a counterfactual
                return str(sentence)
    return ""


def constants(detector: Any) -> Iterator[tuple[str, str, str]]:
    """Name, value and comment of the module's numbers that its docstring names, or that a comment explains."""
    module = inspect.getmodule(type(detector))
    if module is None:
        return
    named = set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", described(detector)))
    for names, value, comment in CONSTANT.findall(inspect.getsource(module)):
        values = [getattr(module, name) for name in names.split(", ")]
        plain = all(isinstance(v, int | float | tuple) for v in values) and not value.endswith("(")
        if plain and not STORAGE.search(comment) and (comment or named & set(names.split(", "))):
            yield names, value.strip(), comment
        named -= set(names.split(", "))
    for name in sorted(named):
        if isinstance(value := getattr(module, name, None), int | float):
            yield name, repr(value), ""


def needed(detector: Any) -> str:
    """The fields without which it can say nothing, or "" where it needs none."""
    return BESIDE.get(detector.name) or " or ".join(f"`{name}`" for name in detector.needs)


def _typologies(detectors: Sequence[Any]) -> Iterator[str]:
    for d in detectors:
        question = " ".join(described(d).split("\n\n")[0].split()).split("? ")[0] + "?"
        alone = "yes" if d.alone and d.audience == "operator" and d.name not in HELD_BACK else "no"
        alone = "only alone" if alone == "yes" and d.echo else alone
        needs = needed(d) or "-"
        for typology in d.typologies:
            yield f"| `{typology}` | {question} | {_link(d)} | {needs} | {alone} | {d.audience} |"


def _notices(kinds: Any) -> Iterator[str]:
    for kind, question in NOTICES.items():
        if kind not in get_args(kinds):
            raise KeyError(f"docs/detector_page.py: there is no notice `{kind}` any more")
        audience = "supervisor" if kind in {"displacement", "drift"} else "operator"
        yield f"| `{kind}` | {question} | a [notice](operator.md) about ports or detectors | - | no | {audience} |"


def _link(detector: Any) -> str:
    return f"[{detector.name}@{detector.version}](#{detector.name}{detector.version})"


def _section(detector: Any, optional: Sequence[str]) -> str:
    question, _, rest = described(detector).partition("\n\n")
    lines = ["- typologies: " + _code(detector.typologies), f'- for example: "{example(detector)}"']
    if detector.needs:
        lines.append(f"- needs: {needed(detector)}; a crossing without is not evaluated, and not learnt from")
    else:
        lines.append(f"- needs: {needed(detector) or 'no optional field'}")
    if extra := [name for name in detector.reads if name in optional and name not in detector.needs]:
        lines.append(f"- also looks at, where present: {_code(extra)}")
    lines += [f"- reads: {_code(detector.reads)}", f"- evidence: {_code(detector.evidence)}"]
    if numbers := list(constants(detector)):
        lines.append("- numbers:")
        lines += [f"    - `{name} = {value}`" + (f": {comment}" if comment else "") for name, value, comment in numbers]
    lines.append(f"- formula from: {detector.source}")
    return f"## {detector.name}@{detector.version}\n\n{question}\n\n{rest}\n\n" + "\n".join(lines)


def _code(names: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in names)
