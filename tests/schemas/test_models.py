"""Are the shapes of the contract what is written, and is an alert always the same bytes?"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.generate import FOLDER, MODELS, schema_text
from schemas.models import OUTCOMES, SEVERITIES, Alert, Crossing, Disposition, Reason, moment_of, rfc3339
from tests.schemas.documents import PLAIN

REASON: dict[str, Any] = {
    "detector": "turnaround@1", "typology": "quick_turnaround", "p_value": 2e-5, "share": 1.0,
    "observed": 38, "unit": "min", "usual": [420, 660], "seen": 57,
    "sentence": "Back after 38 min; this vehicle usually stays 7 to 11 h (57 earlier trips).",
}  # fmt: skip
ALERT: dict[str, Any] = {
    "schema": "alert/1", "alert_id": "a-1", "crossing_id": "c-1", "occurred_at": "2026-01-31T08:15:00.250+01:00",
    "vehicle": "v", "port": "2504", "lane": "12", "direction": "inbound", "p_value": 3.1e-6, "score": 5.51,
    "severity": "high", "typologies": ["quick_turnaround", "new_port"], "reasons": [REASON],
    "not_evaluated": ["driver_churn"], "threshold": 4.9,
    "config": "sha256:" + "0" * 64, "detectors": "sha256:" + "1" * 64,
}  # fmt: skip
DISPOSITION: dict[str, Any] = {
    "disposition_id": "d", "crossing_id": "c", "alert_id": None, "outcome": "cleared", "selected_by": "random",
    "by": "o-7", "at": "2026-01-31T08:16:00Z", "note": None,
}  # fmt: skip


def _read(model: type[Any], fields: dict[str, Any]) -> Any:
    return model.model_validate_json(json.dumps(fields))


def test_an_alert_is_one_line_with_the_keys_of_the_contract_in_order() -> None:
    """Times in UTC with milliseconds, no spaces, nothing added."""
    expected = json.dumps(ALERT | {"occurred_at": "2026-01-31T07:15:00.250Z"}, separators=(",", ":"))
    assert expected == _read(Alert, ALERT).to_json().decode()


def test_a_counterfactual_follows_the_sentence_where_there_is_one() -> None:
    """And leaves no trace where there is none."""
    reason = _read(Reason, REASON | {"counterfactual": "Would not alert above 3 h."})
    assert [*REASON, "counterfactual"] == list(reason.model_dump())
    assert list(REASON) == list(_read(Reason, REASON).model_dump())


@given(
    observed=st.none()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab\u00e9\u8eca\n", max_size=9),
    p_value=st.floats(5e-324, 1),
    threshold=st.floats(0, 300),
)
def test_an_alert_read_back_is_the_same_bytes(observed: Any, p_value: float, threshold: float) -> None:
    """Numbers keep their kind and every digit."""
    fields = ALERT | {"p_value": p_value, "score": -math.log10(p_value) + 0.0, "threshold": threshold}
    written = _read(Alert, fields | {"reasons": [REASON | {"observed": observed}]}).to_json()
    assert written == Alert.model_validate_json(written).to_json()
    assert b"\n" not in written
    assert [observed, p_value, threshold] == [
        json.loads(written)["reasons"][0]["observed"], json.loads(written)["p_value"], json.loads(written)["threshold"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": [REASON | {"share": 0.5}, REASON | {"share": 0.499}]},
        {"score": 6.0},
        {"p_value": 0.0},
        {"p_value": 1.5},
        {"severity": "extreme"},
        {"typologies": ["Quick Turnaround"]},
        {"config": "0" * 64},
        {"occurred_at": "2026-01-31T08:15:00"},
        {"occurred_at": 1769847300},
        {"schema": "alert/2"},
        {"reasons": [REASON | {"usual": [1]}]},
        {"reasons": [REASON | {"detector": "turnaround"}]},
        {"reasons": [REASON | {"seen": -1}]},
    ],
)
def test_an_alert_that_contradicts_itself_or_the_contract_is_refused(changes: dict[str, Any]) -> None:
    """Each of these changes alone."""
    _read(Alert, ALERT)
    with pytest.raises(ValidationError):
        _read(Alert, ALERT | changes)


def test_unknown_fields_are_passed_over() -> None:
    """They are no error, and go no further."""
    alert = _read(Alert, ALERT | {"issued_at": "2026-01-31T08:15:01Z"})
    assert _read(Alert, ALERT).to_json() == alert.to_json()
    assert "x" not in _read(Crossing, PLAIN | {"x": 1}).model_dump()


def test_a_refused_crossing_does_not_show_its_plate() -> None:
    """Neither the error nor the printed object does."""
    fields = {name: value for name, value in PLAIN.items() if name != "vehicle"} | {"plate": "QZX4711"}
    with pytest.raises(ValidationError) as refused:
        _read(Crossing, fields)
    assert "QZX4711" not in str(refused.value)
    assert "QZX4711" not in repr(_read(Crossing, fields | {"plate_jurisdiction": "TX"}))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_dispositions_know_the_outcomes_of_the_contract(outcome: str) -> None:
    """With or without an alert and a note."""
    assert outcome == _read(Disposition, DISPOSITION | {"outcome": outcome}).outcome
    assert "a-1" == _read(Disposition, DISPOSITION | {"alert_id": "a-1", "note": "x"}).alert_id


@pytest.mark.parametrize(
    "changes", [{"outcome": "fine"}, {"selected_by": "me"}, {"by": ""}, {"at": "2026-01-31T08:16:00"}]
)
def test_a_disposition_outside_the_contract_is_refused(changes: dict[str, str]) -> None:
    """A referral needs a named human: `by` may not be empty."""
    with pytest.raises(ValidationError):
        _read(Disposition, DISPOSITION | changes)


def test_severities_of_the_model_are_those_of_the_table() -> None:
    """The tuple is for labels of metrics, the model for what travels."""
    for severity in SEVERITIES:
        assert severity == _read(Alert, ALERT | {"severity": severity}).severity


def test_times_are_written_in_utc_to_the_millisecond() -> None:
    """Rounded down, also before 1970."""
    assert "2026-01-31T07:15:00.250Z" == rfc3339(moment_of(1769843700250))
    assert "1969-12-31T23:59:59.999Z" == rfc3339(moment_of(-1))


@pytest.mark.parametrize("name", MODELS)
def test_json_schema_files_are_those_of_the_models(name: str) -> None:
    """Where this fails run `python -m schemas.generate` and look at the difference: others build on these files."""
    assert schema_text(name) == (FOLDER / f"{name}.schema.json").read_text("utf-8")
    assert {f"{known}.schema.json" for known in MODELS} == {path.name for path in FOLDER.iterdir()}
