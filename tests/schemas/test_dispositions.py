"""Do the fast decoder and the model of the contract accept the same dispositions, and is a bad line never lost?"""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from schemas.dispositions import OUTCOMES, SELECTED_BY, Given, decode
from schemas.models import Disposition

PLAIN: dict[str, Any] = {
    "disposition_id": "d-1", "crossing_id": "c-1", "alert_id": None, "outcome": "seizure", "selected_by": "alert",
    "by": "o-7", "at": "2026-01-31T08:16:00.250+01:00", "note": "hidden compartment", "extra": 1,
}  # fmt: skip
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"disposition_id": ""}, "out_of_range"),
    ({"crossing_id": 7}, "wrong_type"),
    ({"outcome": "guilty"}, "out_of_range"),
    ({"selected_by": "chance"}, "out_of_range"),
    ({"at": "2026-01-31T08:16:00"}, "naive_time"),
    ({"at": "yesterday"}, "bad_time"),
    ({"by": "o\u202e7"}, "control_character"),
    ({"note": "x" * 5000}, "out_of_range"),
]


def line(**changes: Any) -> bytes:
    """One line, with some fields changed."""
    return json.dumps(PLAIN | changes, ensure_ascii=False).encode()


def test_a_disposition_is_read_without_the_names_of_people() -> None:
    """Time in ms UTC; who decided and what was written stay behind."""
    assert [Given(1769843760250, "d-1", "c-1", "seizure", "alert")] == decode(line()).given


@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_what_the_model_refuses_goes_to_the_dead_letter_with_its_place(changes: dict[str, Any], reason: str) -> None:
    """Line, offset, reason and the line itself; the lines around it are read."""
    with pytest.raises(ValidationError):
        Disposition.model_validate_json(line(**changes))
    data = b"\n".join([line(), line(**changes), line(disposition_id="d-2")])
    found = decode(data, line=10, offset=100)
    assert ["d-1", "d-2"] == [given.disposition_id for given in found.given]
    (reject,) = found.rejects
    assert (reason, 11, 101 + len(line())) == (reject.reason, reject.line, reject.offset)
    assert line(**changes)[:4096] == reject.raw
    assert "dispositions" == json.loads(reject.to_json())["source"]


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff{}", b"null", b"{}", b'{"disposition_id": "d"}', b"[" * 5000])
def test_nothing_raises(raw: bytes) -> None:
    """Whatever stands in a line, it becomes a reject."""
    assert ([], 1) == (decode(raw).given, len(decode(raw).rejects))


def test_the_words_are_those_of_the_contract() -> None:
    """Outcomes and ways of selection are the model's."""
    assert OUTCOMES == get_args(Disposition.model_fields["outcome"].annotation)
    assert SELECTED_BY == get_args(Disposition.model_fields["selected_by"].annotation)
