"""Do the models and the fast decoder accept the same documents, and read the same from them?"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from pydantic import ValidationError

from schemas.models import Crossing
from schemas.plates import normalise
from schemas.wire import WireCore, WireCrossing, problem
from tests.schemas.documents import crossings, odd_documents


def _by_wire(raw: bytes) -> WireCrossing | None:
    try:
        row = msgspec.json.decode(raw, type=WireCrossing)
    except msgspec.ValidationError:
        return None
    return None if problem(row) or (row.plate is not None and not normalise(row.plate)) else row


def _by_model(raw: bytes) -> Crossing | None:
    try:
        return Crossing.model_validate_json(raw)
    except ValidationError:
        return None


@settings(max_examples=500)
@given(document=odd_documents())
def test_odd_documents_are_judged_alike(document: dict[str, Any]) -> None:
    """Both accept and read the same values, or both refuse."""
    raw = json.dumps(document).encode()
    row, model = _by_wire(raw), _by_model(raw)
    assert (row is None) == (model is None)
    if row is not None and model is not None:
        read = {name: getattr(model, "schema_" if name == "schema" else name) for name in row.__struct_fields__}
        assert msgspec.structs.asdict(row) == read
        assert [type(value) for value in msgspec.structs.asdict(row).values()] == [type(v) for v in read.values()]


@given(document=crossings())
def test_crossings_of_the_contract_are_accepted_by_both(document: dict[str, Any]) -> None:
    """So that the comparison above does not pass by refusing everything."""
    raw = json.dumps(document).encode()
    assert _by_wire(raw) is not None
    assert _by_model(raw) is not None


def test_both_know_the_same_fields() -> None:
    """A field added to one has to be added to the other."""
    modelled = {field.alias or name for name, field in Crossing.model_fields.items()}
    assert modelled == set(WireCrossing.__struct_fields__)
    assert set(WireCore.__struct_fields__) < modelled
