"""Can a plate get into a dead letter?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Reject
from schemas.plates import Pseudonymiser, normalise
from schemas.redact import may_name_plate, names_no_plate, redact
from tests.schemas.documents import KEY, codec, line, same

PLATE = "QZX 4711"
BY_PLATE: dict[str, Any] = {"vehicle": ..., "plate": PLATE, "plate_jurisdiction": "TX"}
LEAKS = {
    "missing field": line(**BY_PLATE, port=...),
    "both": line(plate=PLATE, plate_jurisdiction="TX"),
    "number for a plate": line(**(BY_PLATE | {"plate": 47114711})),
    "list of plates": line(**(BY_PLATE | {"plate": [PLATE, {"text": PLATE}]})),
    "plate in another field too": line(**BY_PLATE, direction=PLATE, unknown={"seen": [f"car {PLATE.lower()}"]}),
    "swapped columns": line(**(BY_PLATE | {"direction": PLATE})),
    "nested": line(port=..., reader={"Plate": {"value": PLATE}}),
    "other names": line(port=..., licensePlate=PLATE, vrm=PLATE, plate_number=PLATE, registration=PLATE),
    "repeated": line(**BY_PLATE)[:-1] + b', "plate": "QZX 4711", "port": 7}',
    "escaped key": line(**BY_PLATE, port=...).replace(b'"plate"', b'"pl\\u0061te"'),
    "escaped key, cut": line(**BY_PLATE).replace(b'"plate"', b'"\\u0070late"')[:-5],
    "cut": line(**BY_PLATE)[:-12],
    "cut in the plate": line(**BY_PLATE).split(b"4711")[0] + b"47",
    "head cut off": line(**BY_PLATE)[line(**BY_PLATE).index(b"ZX 4711") :],
    "head and the end cut off": b'QZX 4711", "lane": "12", "direction": "in',
    "NaN": line(**BY_PLATE, read_confidence=float("nan")),
    "not UTF-8": line(**BY_PLATE) + b"\xff",
    "two on a line": line() + line(**BY_PLATE),
    "UTF-16": line(**BY_PLATE).decode().encode("utf-16-le"),
    "row of a CSV": b"2021-10-07 16:30:51,QZX 4711,TX,12",
    "row with semicolons": b"QZX4711;TX;12",
    "JSON array": json.dumps(["2504", PLATE, "TX"]).encode(),
    "too long": line(**BY_PLATE, unknown="x" * 70_000),
    "too deep": line(**BY_PLATE)[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "bad time": line(**(BY_PLATE | {"occurred_at": PLATE})),
    "other version": line(**(BY_PLATE | {"schema": PLATE})),
}


def _without_plate(text: bytes) -> bool:
    bare = text.upper().replace(b"\0", b"")
    return not any(part in bare for part in (b"QZX", b"ZX 47", b"4711"))


def _everything(reject: Reject) -> bytes:
    return reject.to_json() + reject.raw + reject.detail.encode() + repr(reject).encode()


@pytest.mark.parametrize("raw", LEAKS.values(), ids=LEAKS)
def test_no_reject_holds_a_raw_plate(raw: bytes) -> None:
    """Not in its bytes, its detail, its line in the dead-letter file or what a log would print of it."""
    rejects = codec().decode(raw).rejects
    assert len(rejects) == 1
    assert _without_plate(_everything(rejects[0])), rejects[0]


@pytest.mark.parametrize("raw", [line(**BY_PLATE), *LEAKS.values()], ids=["crossing", *LEAKS])
def test_no_rewritten_line_holds_a_raw_plate(raw: bytes) -> None:
    """What an edge stores is as clean as a dead letter."""
    assert _without_plate(Pseudonymiser(KEY).rewrite_plates(raw))


@given(
    plate=st.text("QZX4711 -", min_size=5, max_size=9).filter(
        lambda text: text.strip() == text and len(normalise(text)) >= 4
    ),
    start=st.integers(0, 40),
    end=st.integers(0, 300),
)
def test_no_cut_of_a_line_leaves_the_plate_in_the_dead_letter(plate: str, start: int, end: int) -> None:
    """Wherever a line is cut, whole plates are gone from what is kept of it, and from what an edge would store."""
    raw = line(vehicle=..., port=7, plate=plate, plate_jurisdiction="TX")[start:end]
    for reject in codec().decode(raw).rejects:
        assert plate.encode() not in _everything(reject)
    assert plate.encode() not in Pseudonymiser(KEY).rewrite_plates(raw)


@given(
    st.lists(
        st.sampled_from(
            ["plate", "Plate", "p\0l\0a\0t\0e", "license", "LICENCE", "registration", "registration_n", "vrm", "VRN",
             "lpn", "\\u0070", "\\U004c", '"plate_jurisdiction"', '"', "\\", "_", " ", "é", "x"]
        ), max_size=6,
    )
)  # fmt: skip
def test_the_quick_look_is_never_surer_than_the_thorough_one(parts: list[str]) -> None:
    """What is passed at a glance holds no name of a plate, the plate's origin aside."""
    raw = "".join(parts).encode()
    if names_no_plate(raw):
        assert not may_name_plate(raw.replace(b'"plate_jurisdiction"', b'""'))


def test_a_crossing_that_says_where_its_plate_is_from_is_kept_as_it_came() -> None:
    """Byte for byte, blanks included; a key that only ends like that one is a plate's."""
    raw = line(plate_jurisdiction="TX").replace(b":", b" :  ")
    assert raw == Pseudonymiser(KEY).rewrite_plates(raw)
    other = line()[:-1] + b', "my\\"plate_jurisdiction": "QZX 4711"}'
    assert _without_plate(Pseudonymiser(KEY).rewrite_plates(other))


@pytest.mark.parametrize(
    "raw",
    [b"not json", b"\x00\xff\x13", b'{"lane": "12", "port":', b"[1,2,3]", line(port=...), line(schema="crossing/9")],
)
def test_lines_that_hold_no_plate_are_kept_as_they_came(raw: bytes) -> None:
    """The dead letter is for finding the fault: without need nothing is taken away."""
    assert raw == redact(raw)
    assert [raw] == [reject.raw for reject in codec().decode(raw).rejects]


def test_a_redacted_line_keeps_its_other_fields() -> None:
    """So that one can see what was wrong."""
    kept = json.loads(redact(line(**BY_PLATE, port=7)))
    assert {"plate": "[redacted]", "plate_jurisdiction": "TX", "port": 7, "lane": "12"}.items() <= kept.items()


def test_a_dead_letter_fed_in_again_is_refused_for_the_missing_plate() -> None:
    """The mark is never taken for a plate, which would give all of them one history."""
    first = codec().decode(line(**BY_PLATE, port=7)).rejects[0].raw
    again = codec().decode(first.replace(b'"port":7', b'"port":"2504"'))
    assert ["redacted_plate"] == [reject.reason for reject in again.rejects]


def test_a_reject_is_one_line_of_json_whatever_its_bytes() -> None:
    """Bytes that are not UTF-8 are kept in base64."""
    text = json.loads(Reject("json", "why", 3, 70, b"a\n\xc3\xa9", 4).to_json())
    assert {
        "schema": "reject/1",
        "reason": "json",
        "detail": "why",
        "line": 3,
        "offset": 70,
        "length": 4,
        "raw": "a\n\u00e9",
    } == text
    assert "/w==" == json.loads(Reject("json", "why", 3, 70, b"\xff", 1).to_json())["raw_base64"]


def test_a_plate_that_reads_like_a_word_of_the_contract_changes_no_crossing() -> None:
    """A vanity plate `bus` on a bus: the class stays, the plate goes."""
    raw = line(vehicle=..., plate="bus", plate_jurisdiction="TX", vehicle_class="bus", lane="bus")
    stored = codec().decode(Pseudonymiser(KEY).rewrite_plates(raw))
    assert same(codec().decode(raw).batch, stored.batch)
    assert [] == stored.rejects
