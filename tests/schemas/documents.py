"""Which crossings and which lines do the tests of the schemas draw from?"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
from hypothesis import strategies as st

from schemas.batch import LANE_TYPES, VEHICLE_CLASSES, CrossingBatch
from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports

KEY = bytes(range(32))
PLAIN: dict[str, Any] = {
    "schema": "crossing/1",
    "crossing_id": "c-1",
    "occurred_at": "2026-01-31T08:15:00.250+01:00",
    "port": "2504",
    "lane": "12",
    "direction": "inbound",
    "vehicle": "v-1",
}


def codec(**options: Any) -> Codec:
    """A codec with an open registry and a key for tests."""
    return Codec(options.pop("ports", None) or Ports.open(), Pseudonymiser(KEY), **options)


def line(**changes: Any) -> bytes:
    """The plain crossing as one line, with these fields changed; ... takes a field out."""
    fields = {name: value for name, value in (PLAIN | changes).items() if value is not ...}
    return json.dumps(fields).encode()


def same(a: CrossingBatch, b: CrossingBatch) -> bool:
    """Whether two batches hold the same columns, of the same types."""
    return all(
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for (_, x), (_, y) in zip(a.columns(), b.columns(), strict=True)
    )


texts = st.text(min_size=1, max_size=64)
ids = st.text("abcABC019-é車", min_size=1, max_size=64)
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
# naive, as hypothesis wants them beside `timezones`
_SPAN = dt.datetime(1985, 1, 1), dt.datetime(2105, 1, 1)  # noqa: DTZ001
moments = st.datetimes(*_SPAN, timezones=offsets)
amounts = st.floats(0, 1e5, allow_nan=False) | st.integers(0, 100_000)
_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "schema": st.just("crossing/1"),
    "plate_jurisdiction": st.none() | st.sampled_from(["TX", "BC", "日本"]),
    "lane_type": st.sampled_from(LANE_TYPES),
    "vehicle_class": st.sampled_from(VEHICLE_CLASSES),
    "read_confidence": st.floats(0, 1) | st.sampled_from([0, 1]),
    "occupants": st.none() | st.integers(0, 60),
    "registered_on": st.none() | st.dates().map(dt.date.isoformat),
    "owner_changed_on": st.none() | st.dates().map(dt.date.isoformat),
    "rental": st.none() | st.booleans(),
    "laden": st.none() | st.booleans(),
    **dict.fromkeys(("weight_kg", "declared_value", "wait_s", "inspection_s"), st.none() | amounts),
    **dict.fromkeys(
        ("driver", "make", "model", "colour", "trailer", "carrier", "shipper", "consignee", "commodity", "officer"),
        st.none() | ids,
    ),
    "prequeue_lane": st.none() | ids,
    "unknown": st.none() | st.integers() | texts | st.lists(texts, max_size=2),
}
_BY_VEHICLE = {"vehicle": ids}
_BY_PLATE = {"plate": st.text("ABC 019-.é", min_size=1, max_size=10).map(lambda text: text + "Z"),
             "plate_jurisdiction": st.sampled_from(["TX", "BC"])}  # fmt: skip


@st.composite
def crossings(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that the contract accepts (as far as the time's range is not looked at)."""
    required = {
        "crossing_id": ids,
        "occurred_at": moments.map(dt.datetime.isoformat),
        "port": st.sampled_from(["2504", "2404", "3004", "BR-1"]),
        "lane": ids,
        "direction": st.sampled_from(["inbound", "outbound"]),
    }
    identity = draw(st.sampled_from([_BY_VEHICLE, _BY_PLATE]))
    optional = {name: value for name, value in _OPTIONAL.items() if name not in identity}
    return draw(st.fixed_dictionaries(required | identity, optional=optional))


_NAMES = (*PLAIN, *_OPTIONAL, "plate")
_ODD_TIMES = [
    "2026-01-31T08:15:00", "2026-01-31 08:15:00z", "2026-01-31", "1970-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
    "2026-01-31T08:15Z", "2026-01-31T08:15:00.123456789+0100", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00",
    "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "1769847300", 1769847300, 1769847300.5, "", "٢٠٢٦-01-31T08:15:00Z",
]  # fmt: skip
_ODD_TEXTS = [
    "",
    "a\nb",
    "\x00",
    "\x7f",
    "\u2028",
    "\u202e1",
    "x" * 65,
    "x" * 33,
    "[redacted]",
    "--",
    "crossing/2",
    "12",
]
values = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 1.0, 0.5, 1.5, -0.0, 2**31, 2**63, 2**64, 10**30, 10**400, 1e16, 1e308, 1e-320]),
    st.sampled_from(_ODD_TIMES),
    st.sampled_from(_ODD_TEXTS),
    texts.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(_NAMES), st.integers(), max_size=2),
)


@st.composite
def odd_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Crossings of which up to three fields were taken out, added or given some other value."""
    document = draw(crossings())
    for name in draw(st.lists(st.sampled_from(_NAMES), max_size=3)):
        if draw(st.booleans()):
            document[name] = draw(values)
        else:
            document.pop(name, None)
    return document


def _dumped(document: Any, ascii_only: bool, spaced: bool) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(document, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")


_JUNK = [
    b"", b" ", b"\r", b"{}", b"{}{}", b"[]", b"null", b"NaN", b"{", b"}", b'"', b"\xff\xfe{", b"\x00", b'{"plate":',
    b"ABC123,TX,12", b'{"a":' + b"[" * 70 + b"]" * 70 + b"}", b"[" * 3000, b'{"a":' * 80 + b"1" + b"}" * 80,
    line() + line(), line(read_confidence=float("nan")), line(port="\ud800"), line(plate="\ud800"), line() + b"\r",
    line()[:-1] + b',"port":"9","port":"2404"}', line()[:-1] + b',"x":1e999}', line()[:-1] + b',"x":"\xff"}',
    b"\xef\xbb\xbf" + line(),
    line(unknown="x" * 600), line()[:-1] + b',"x":"' + b"[{" * 40 + b'"}', line()[:40] + b"\r" + line()[40:],
]  # fmt: skip
junk = st.sampled_from(_JUNK) | st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))


_FULL: dict[str, Any] = PLAIN | {
    "plate_jurisdiction": "TX", "lane_type": "ready", "vehicle_class": "truck", "read_confidence": 0.5, "occupants": 2,
    "driver": "d", "make": "Škoda", "model": "m", "colour": "red", "registered_on": "2020-02-29", "rental": True,
    "owner_changed_on": "1999-12-31", "weight_kg": 900, "laden": False, "trailer": "t", "carrier": "c", "shipper": "s",
    "consignee": "c", "commodity": "8703", "declared_value": 1e5, "officer": "o", "wait_s": 3, "inspection_s": 1.5,
    "prequeue_lane": "p",
}  # fmt: skip
_PLATED = {name: value for name, value in PLAIN.items() if name != "vehicle"} | {
    "plate": "7 ABC",
    "plate_jurisdiction": "BC",
}
_BASES = [PLAIN, PLAIN, _FULL, _PLATED]
_FITTING = {name: value for name, value in _OPTIONAL.items() if name != "plate_jurisdiction"}
_LIKE_A_CROSSING = st.sampled_from(sorted(_FITTING)).flatmap(lambda name: st.tuples(st.just(name), _FITTING[name]))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """One line without its line feed: a crossing (mostly), an odd one, a cut one, or junk.

    Made from few draws, so that ten thousand blocks of them take a minute; `crossings` is the thorough source.
    """
    kind = draw(st.sampled_from(["crossing", "crossing", "crossing", "odd", "cut", "junk"]))
    if kind == "junk":
        return draw(junk)
    document = dict(draw(st.sampled_from(_BASES)))
    if draw(st.booleans()):
        document |= [draw(_LIKE_A_CROSSING)]
    if kind == "odd":
        document |= [(draw(st.sampled_from(_NAMES)), draw(values))]
        document.pop(draw(st.sampled_from(("", *_NAMES))), None)
    raw = _dumped(document, draw(st.booleans()), draw(st.booleans()))
    return raw[draw(st.integers(0, 40)) :][: draw(st.integers(0, len(raw)))] if kind == "cut" else raw


# Valid JSON, but not one object a line: two on one line, and one over two lines, broken at any kind of token.
_UNTIDY = st.sampled_from(
    [
        line() + line(),
        line().replace(b", ", b",\n", 1),
        line().replace(b": ", b":\n", 1),
        b'{"unknown": {}\n, ' + line()[1:],
        line()[:-1] + b', "unknown": {}\n}',
        line()[:-1] + b', "unknown": [\n{}]}',
    ]
)
_neat = st.lists(st.sampled_from([line(), line(weight_kg=5)]) | _UNTIDY, max_size=6)

blocks = st.tuples(st.lists(lines(), max_size=8) | _neat, st.booleans()).map(
    lambda drawn: b"\n".join(drawn[0]) + (b"\n" if drawn[1] else b"")
)
