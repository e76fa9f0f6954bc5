"""Do the documents keep up with the program? The checks of docs/check.py, and that each finds a planted mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from docs import check


@pytest.mark.parametrize("rule", check.CHECKS, ids=lambda rule: rule.__name__)
def test_documents_hold(rule: Callable[[Path], list[str]], repository: Path) -> None:
    """Commands, settings and detectors are documented, generated pages are fresh, links and named files exist."""
    problems = rule(repository)
    assert not problems, "\n" + "\n".join(problems)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A small repository with one page and one decision, both in order."""
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    (tmp_path / "README.md").write_text("# A title: `code`, twice\n\nSee [it](#a-title-code-twice).\n")
    (tmp_path / "docs/decisions/0001-first.md").write_text("# 1\n\n## What was measured\n\n## Decision\n")
    return tmp_path


def test_a_repository_in_order_has_no_problems(pages: Path) -> None:
    """Nothing is reported where nothing is wrong."""
    assert [] == [*check.links(pages), *check.paths(pages), *check.decisions(pages)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a](docs/none.md)", "README.md: the link docs/none.md leads nowhere"),
        ("![a](docs/none.png)", "README.md: the link docs/none.png leads nowhere"),
        ("[a](../outside.md)", "README.md: the link ../outside.md leads nowhere"),
        ("[a](docs/decisions/0001-first.md#no)", "names a heading that is not in 0001-first.md"),
        ("| t |\n|---|\n| [a](none.md) |", "README.md: the link none.md leads nowhere"),
    ],
)
def test_a_dead_link_is_named(pages: Path, text: str, problem: str) -> None:
    """A link, picture or anchor that leads nowhere is reported with its page."""
    (pages / "README.md").write_text(text + "\n\n```\n[in code](ignored.md)\n```\n")
    (found,) = check.links(pages)
    assert problem in found


def test_a_file_that_is_gone_is_named(pages: Path) -> None:
    """A page that names a source file which does not exist is reported; a decision may speak of the past."""
    (pages / "README.md").write_text("As `stream/gone.py` does.\n")
    (pages / "docs/decisions/0001-first.md").write_text("`stream/gone.py`\n\n## What was measured\n\n## Decision\n")
    assert ["README.md: names `stream/gone.py`, which is not there; correct the name"] == check.paths(pages)


def test_a_typology_without_advice_is_named(pages: Path) -> None:
    """One that the catalogue has and the operator's guide does not."""
    (pages / "docs/detectors.md").write_text("| `odd_hour` | ?\n| `convoy` | ?\n")
    (pages / "docs/operator.md").write_text("`convoy` is in no table.\n\n| `odd_hour` | it says\n")
    assert ["docs/operator.md: `convoy` has no row; say what it means and what to do"] == check.advised(pages)


@pytest.mark.parametrize("name", ["0003-gap.md", "0001-double.md", "2-short.md", "0002_underscore.md"])
def test_a_misnumbered_decision_is_named(pages: Path, name: str) -> None:
    """Decisions are 0001, 0002, ... with words and hyphens."""
    (pages / "docs/decisions" / name).write_text("# x\n\n## What was measured\n\n## Decision\n")
    assert 1 == len(check.decisions(pages))


def test_a_decision_says_what_was_measured(pages: Path) -> None:
    """A decision without its evidence is reported."""
    (pages / "docs/decisions/0002-bare.md").write_text("# x\n\n## Decision\n")
    (found,) = check.decisions(pages)
    assert "`## What was measured`" in found
