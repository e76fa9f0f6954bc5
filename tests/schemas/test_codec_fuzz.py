"""What holds for the codec whatever bytes come in?"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.batch import NO_DAY, CrossingBatch
from schemas.codec import MAX_LINE_BYTES
from schemas.errors import REJECT_REASONS, Reject
from schemas.keys import key64
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from tests.schemas.documents import KEY, blocks, codec, crossings, lines, same

CASES = 10_000 if os.environ.get("CI") == "true" else 300
LIMIT = 512  # bytes a line, so that some are too long


@pytest.mark.slow
@settings(max_examples=CASES)
@given(data=blocks, cuts=st.lists(st.integers(0, 8), max_size=3), first=st.integers(1, 9), offset=st.integers(0, 99))
def test_any_bytes_give_the_same_crossings_and_rejects_however_they_are_cut(
    data: bytes, cuts: list[int], first: int, offset: int
) -> None:
    """Nothing raises, every line is accounted for at its place, and no cut at a line's end changes a column."""
    whole = codec(max_line_bytes=LIMIT).decode(data, line=first, offset=offset)
    pieces = data.split(b"\n")
    filled = sum(bool(piece.strip(b" \t\r")) for piece in _without_mark(pieces, offset))
    assert filled == whole.lines == len(whole.batch) + len(whole.rejects)
    _check_places(whole.rejects, pieces, first, offset)

    again = codec(max_line_bytes=LIMIT)
    batches, rejects, count, number = [], [], 0, first
    for part in _cut(pieces, cuts):
        decoded = again.decode(part, line=number, offset=offset)
        batches.append(decoded.batch)
        rejects += decoded.rejects
        count += decoded.lines
        number, offset = number + part.count(b"\n"), offset + len(part)
    assert (whole.rejects, whole.lines) == (rejects, count)
    assert same(whole.batch, CrossingBatch.concat(batches))


def _without_mark(pieces: list[bytes], offset: int) -> list[bytes]:
    return [pieces[0].removeprefix(b"\xef\xbb\xbf") if offset == 0 else pieces[0], *pieces[1:]]


def _cut(pieces: list[bytes], cuts: list[int]) -> list[bytes]:
    """The block in parts of whole lines; some may be empty."""
    edges = [0, *sorted(min(cut, len(pieces) - 1) for cut in cuts), len(pieces)]
    parts = [pieces[a:b] for a, b in itertools.pairwise(edges)]
    ended = [b"".join(piece + b"\n" for piece in part) for part in parts]
    return [*ended[:-1], ended[-1][:-1]]


def _check_places(rejects: list[Reject], pieces: list[bytes], first: int, offset: int) -> None:
    starts = [offset]
    for piece in pieces:
        starts.append(starts[-1] + len(piece) + 1)
    for reject in rejects:
        place = reject.line - first
        assert (starts[place], len(pieces[place])) == (reject.offset, reject.length)
        assert reject.reason in REJECT_REASONS
        assert reject.to_json().count(b"\n") == 0
    assert sorted({reject.line for reject in rejects}) == [reject.line for reject in rejects]


@given(documents=st.lists(crossings(), min_size=1, max_size=8), ascii_only=st.booleans())
def test_columns_hold_what_the_documents_say(documents: list[dict[str, Any]], ascii_only: bool) -> None:
    """Every column equals a plain reading of each document, one by one."""
    accepted = [
        d for d in documents if 1990 <= dt.datetime.fromisoformat(d["occurred_at"]).astimezone(dt.UTC).year < 2100
    ]
    data = "\n".join(json.dumps(document, ensure_ascii=ascii_only) for document in documents).encode()
    ports = Ports.open(default_time_zone="America/New_York")
    batch, rejects, total = codec(ports=ports).decode(data)
    assert (len(documents), len(documents) - len(accepted)) == (total, len(rejects))
    assert {"time_range"} >= {reject.reason for reject in rejects}
    for n, document in enumerate(accepted):
        row = {name: column[n] for name, column in batch.columns()}
        assert document["port"] == ports.name_of(row.pop("port"))
        for name, expected in _expected(document).items():
            assert np.array_equal(row[name], expected, equal_nan=name == "declared_value"), name


def _expected(document: dict[str, Any]) -> dict[str, Any]:
    moment = dt.datetime.fromisoformat(document["occurred_at"])
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    time_ms = since // dt.timedelta(milliseconds=1)
    offset = moment.astimezone(ZoneInfo("America/New_York")).utcoffset()
    assert offset is not None
    vehicle = document.get("vehicle")
    if vehicle is None:
        vehicle = Pseudonymiser(KEY).pseudonym(document["plate"], document["plate_jurisdiction"])

    def hashed(name: str) -> int:
        return 0 if document.get(name) is None else key64(document[name])

    def number(name: str, absent: float) -> Any:
        return absent if document.get(name) is None else document[name]

    def day(name: str) -> int:
        text = document.get(name)
        return int(NO_DAY) if text is None else (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days

    parties = ("driver", "make", "model", "colour", "trailer", "carrier", "shipper", "consignee", "commodity")
    return {
        "crossing_id": document["crossing_id"],
        "vehicle": vehicle,
        "lane": document["lane"],
        "plate_jurisdiction": document.get("plate_jurisdiction"),
        "time_ms": time_ms,
        "local_ms": time_ms + offset // dt.timedelta(milliseconds=1),
        "vehicle_key": key64(vehicle),
        "crossing_key": key64(document["crossing_id"]),
        "direction": ["inbound", "outbound"].index(document["direction"]),
        "lane_key": key64(document["lane"]),
        "declared_value": float(number("declared_value", float("nan"))),
        "occupants": number("occupants", -1),
        "rental": number("rental", -1),
        "laden": number("laden", -1),
        "registered_on": day("registered_on"),
        "owner_changed_on": day("owner_changed_on"),
        **{name: hashed(name) for name in (*parties, "officer", "prequeue_lane")},
    }


@settings(max_examples=500)
@given(raw=lines())
def test_rewriting_plates_changes_no_crossing(raw: bytes) -> None:
    """What an edge stores decodes to the same columns as what came in, line by line, without a plate in it."""
    data = raw + b"\n" + raw
    rewritten = Pseudonymiser(KEY).rewrite_plates(data)
    assert data.count(b"\n") == rewritten.count(b"\n")
    direct, stored = codec().decode(data), codec().decode(rewritten)
    assert len(raw) < MAX_LINE_BYTES
    assert same(direct.batch, stored.batch)
    assert direct.lines == stored.lines
    assert rewritten == Pseudonymiser(KEY).rewrite_plates(rewritten)
