"""What becomes of each kind of line?"""

from __future__ import annotations

import time

import numpy as np
import pytest

from schemas.batch import COLUMN_NAMES, dtype_of
from schemas.codec import AHEAD_MS, MAX_LINE_BYTES, YEAR_1990_MS, YEAR_2100_MS
from schemas.errors import RAW_LIMIT, ConfigError
from schemas.keys import key64
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from tests.schemas.documents import KEY, codec, line, same

REFUSED = {
    "cut line": (line()[:60], "json"),
    "empty object": (b"{}", "missing_field"),
    "not JSON": (b"hello", "json"),
    "NaN": (line(read_confidence=float("nan")), "json"),
    "infinity in an unknown field": (line(unknown=float("inf")), "json"),
    "two objects on one line": (line() + line(), "json"),
    "array": (b"[1, 2]", "not_object"),
    "number": (b"12", "not_object"),
    "binary junk": (b"\x00\xff\x13\x80", "not_utf8"),
    "a text that is not UTF-8": (line()[:-1] + b',"lane":"\xff"}', "not_utf8"),
    "an unknown field that is not UTF-8": (line()[:-1] + b',"x":"\xff"}', "not_utf8"),
    "lone surrogate": (line(lane="\ud800"), "json"),
    "deep nesting": (line()[:-1] + b',"x":' + b"[" * 99_000 + b"}", "too_long"),
    "nesting beyond the limit": (line()[:-1] + b',"x":' + b"[" * 64 + b"]" * 64 + b"}", "too_deep"),
    "missing port": (line(port=...), "missing_field"),
    "missing vehicle": (line(vehicle=...), "missing_field"),
    "plate without jurisdiction": (line(vehicle=..., plate="ABC123"), "missing_field"),
    "plate and vehicle": (line(plate="ABC123", plate_jurisdiction="TX"), "conflict"),
    "plate of separators": (line(vehicle=..., plate="-- ..", plate_jurisdiction="TX"), "out_of_range"),
    "plate taken out before": (line(vehicle=..., plate="[redacted]", plate_jurisdiction="TX"), "redacted_plate"),
    "number for a lane": (line(lane=12), "wrong_type"),
    "text for a number": (line(read_confidence="0.9"), "wrong_type"),
    "fraction for a count": (line(occupants=1.5), "wrong_type"),
    "number for a time": (line(occurred_at=1769847300), "wrong_type"),
    "null for a lane type": (line(lane_type=None), "wrong_type"),
    "confidence above one": (line(read_confidence=1.01), "out_of_range"),
    "integer beyond 4,300 digits": (line()[:-1] + b',"occupants":' + b"9" * 5000 + b"}", "out_of_range"),
    "empty id": (line(crossing_id=""), "out_of_range"),
    "long id": (line(crossing_id="x" * 65), "out_of_range"),
    "unknown direction": (line(direction="sideways"), "out_of_range"),
    "control character": (line(crossing_id="a\nb"), "control_character"),
    "delete character": (line(vehicle="a\x7fb").replace(b"\\u007f", b"\x7f"), "control_character"),
    "writing turned round": (line(lane="\u202e21"), "control_character"),
    "other version": (line(schema="crossing/2"), "schema_version"),
    "other version, other fields": (b'{"schema": "crossing/2"}', "schema_version"),
    "null version": (line(schema=None), "schema_version"),
    "naive time": (line(occurred_at="2026-01-31T08:15:00"), "naive_time"),
    "no such day": (line(occurred_at="2026-02-30T08:15:00Z"), "bad_time"),
    "no such date": (line(registered_on="2026-02-30"), "bad_time"),
    "1970": (line(occurred_at="1970-01-01T00:00:00Z"), "time_range"),
    "2100": (line(occurred_at="2100-01-01T00:00:00Z"), "time_range"),
    "year 1": (line(occurred_at="0001-01-01T00:00:00+10:00"), "time_range"),
}


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_line_that_cannot_be_used_is_a_reject_between_two_crossings(raw: bytes, reason: str) -> None:
    """It is refused for its own reason, at its place, and its neighbours are read."""
    batch, rejects, total = codec().decode(b"\n".join([line(crossing_id="a"), raw, line(crossing_id="b")]), offset=5)
    assert ["a", "b"] == batch.crossing_id.tolist()
    assert [(reason, 2, 5 + len(line(crossing_id="a")) + 1)] == [(r.reason, r.line, r.offset) for r in rejects]
    assert (3, len(raw)) == (total, rejects[0].length)
    assert rejects[0].detail


ACCEPTED = {
    "schema absent": line(schema=...),
    "unknown field": line(colour_of_sky="blue", nested={"a": [1, {"b": None}]}),
    "carriage return": line() + b"\r",
    "spaces around": b"  " + line() + b" \t",
    "null where optional": line(occupants=None, plate=None, plate_jurisdiction=None, weight_kg=None),
    "letters of any script": line(lane="\u8eca\u9053 3", crossing_id="\u00e9"),
    "repeated key, the last one counts": line()[:-1] + b',"lane":"x","lane":"12"}',
    "earliest time": line(occurred_at="1990-01-01T00:00:00Z"),
    "nesting at the limit": line()[:-1] + b',"x":' + b"[" * 63 + b"]" * 63 + b"}",
    "brackets in a text": line(unknown="[" * 500),
}


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_contract_allows_is_a_crossing(raw: bytes) -> None:
    """Alone and among others."""
    assert (1, []) == (len(codec().decode(raw).batch), codec().decode(raw).rejects)
    assert 3 == len(codec().decode(line() + b"\n" + raw + b"\n" + line()).batch)


@pytest.mark.parametrize(
    "spread",
    [b'{"unknown": {}\n, ' + line()[1:], line()[:-1] + b', "unknown": {}\n}', line()[:-1] + b', "unknown": [\n{}]}'],
)
def test_two_objects_on_a_line_do_not_make_up_for_one_over_two_lines(spread: bytes) -> None:
    """As many objects as lines, but not one a line: each line is judged as it would be alone."""
    batch, rejects, total = codec().decode(line() + line() + b"\n" + spread)
    assert (0, 3, [1, 2, 3]) == (len(batch), total, [reject.line for reject in rejects])


def test_no_bytes_give_an_empty_batch() -> None:
    """An empty file has no crossings, with the right columns."""
    for data in (b"", b"\n", b" \r\n\n\t"):
        batch, rejects, total = codec().decode(data)
        assert (0, [], 0) == (len(batch), rejects, total)
        assert all(dtype_of(name) == column.dtype for name, column in batch.columns())


def test_columns_are_plain_arrays_of_their_types() -> None:
    """Contiguous, writable and of the dtype of the table, so that compiled code is compiled once."""
    batch = codec().decode(b"\n".join([line(), line(weight_kg=900)])).batch
    assert list(COLUMN_NAMES) == [name for name, _ in batch.columns()]
    for name, column in batch.columns():
        assert dtype_of(name) == column.dtype, name
        assert column.flags.c_contiguous, name
        assert column.flags.writeable, name


def test_columns_that_nobody_wants_are_checked_but_left_absent() -> None:
    """A codec for detectors that read no weights gives none, and still refuses a weight of the wrong type."""
    narrow = codec(wanted={"driver"})
    batch, rejects, _ = narrow.decode(b"\n".join([line(weight_kg=900, driver="d"), line(weight_kg="heavy")]))
    assert (1, ["wrong_type"]) == (len(batch), [reject.reason for reject in rejects])
    assert np.isnan(batch.weight_kg[0])
    assert batch.driver[0] != 0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-01-31T07:15:00.2509999Z", 1769843700251),  # beyond microseconds: the nearest one
        ("2026-01-31T07:15:00.250999Z", 1769843700250),
        ("2026-01-31T08:15:00.25+01:00", 1769843700250),
        ("1990-01-01T00:00:00.000999Z", YEAR_1990_MS),
        ("2099-12-31T23:59:59.999999Z", YEAR_2100_MS - 1),
    ],
)
def test_times_are_milliseconds_rounded_down(written: str, expected: int) -> None:
    """A time never moves past the one that was captured."""
    assert [expected] == codec().decode(line(occurred_at=written)).batch.time_ms.tolist()


def test_milliseconds_come_out_as_they_were_written() -> None:
    """No millisecond of any century accepted is off by one through a float."""
    drawn = np.random.default_rng(7).integers(YEAR_1990_MS, YEAR_2100_MS, 20_000)
    data = b"\n".join(line(occurred_at=f"{np.datetime64(int(t), 'ms')}Z") for t in drawn)
    assert np.array_equal(drawn, codec().decode(data).batch.time_ms)


def test_a_live_codec_refuses_what_is_over_an_hour_ahead_of_its_clock() -> None:
    """And a codec for recorded logs compares with no clock."""
    now = 1769843700250
    live = codec(clock=lambda: now)
    for ahead, reasons in ((AHEAD_MS, []), (AHEAD_MS + 1, ["time_range"])):
        raw = line(occurred_at=f"{np.datetime64(now + ahead, 'ms')}Z")
        assert reasons == [reject.reason for reject in live.decode(raw).rejects]
        assert [] == codec().decode(raw).rejects


def test_a_plate_becomes_the_pseudonym_of_the_key() -> None:
    """With its jurisdiction beside it, for the audit."""
    batch = codec().decode(line(vehicle=..., plate="abc-123", plate_jurisdiction="tx")).batch
    assert [Pseudonymiser(KEY).pseudonym("ABC123", "TX")] == batch.vehicle.tolist()
    assert key64(batch.vehicle[0]) == batch.vehicle_key[0]
    assert ["tx"] == batch.plate_jurisdiction.tolist()


def test_unknown_ports_are_refused_by_a_closed_registry() -> None:
    """And registered by an open one, in order, until it is full; a refused line registers nothing."""
    data = b"\n".join(
        [line(port="A", occurred_at="1970-01-01T00:00:00Z"), *(line(port=p) for p in ("B", "2504", "C", "B"))]
    )
    closed = codec(ports=Ports.builtin()).decode(data)
    assert ["time_range", *["unknown_port"] * 3] == [reject.reason for reject in closed.rejects]
    ports = Ports.open(max_ports=2)
    opened = codec(ports=ports).decode(data)
    assert ["B", "2504"] == ports.names
    assert [0, 1, 0] == opened.batch.port.tolist()
    assert [(1, "time_range"), (4, "unknown_port")] == [(reject.line, reject.reason) for reject in opened.rejects]


def test_line_over_the_limit_is_refused_and_cut() -> None:
    """At the limit it is read; a megabyte is kept as its beginning, with its true length."""
    filler = MAX_LINE_BYTES - len(line(unknown=""))
    for length, reasons in ((filler, []), (filler + 1, ["too_long"]), (1_000_000, ["too_long"])):
        raw = line(unknown="x" * length)
        rejects = codec().decode(line() + b"\n" + raw + b"\n" + line()).rejects
        assert reasons == [reject.reason for reject in rejects]
        assert all(reject.raw == raw[:RAW_LIMIT] and reject.length == len(raw) for reject in rejects)


def test_a_byte_order_mark_is_passed_over_at_the_start_of_the_stream_only() -> None:
    """Files from Windows begin with one; elsewhere it is not JSON."""
    marked = b"\xef\xbb\xbf" + line()
    assert [] == codec().decode(marked).rejects
    assert ["json"] == [reject.reason for reject in codec().decode(marked, offset=10).rejects]
    assert [(2, len(marked) + 1)] == [(r.line, r.offset) for r in codec().decode(marked + b"\nx").rejects]


def test_optional_fields_of_one_line_do_not_change_the_others() -> None:
    """The fast reading of common fields and the full one give the same columns."""
    plain = [line(crossing_id=f"c{n}") for n in range(5)]
    extended = line(crossing_id="x", driver="d", weight_kg=1200.5)
    mixed = codec().decode(b"\n".join([*plain, extended])).batch
    assert same(codec().decode(b"\n".join(plain)).batch, mixed.take(slice(0, 5)))
    assert (key64("d"), 1200.5) == (mixed.driver[5], mixed.weight_kg[5])


@pytest.mark.parametrize("junk", [b"{" * 300, b'{"plate": ' * 30, b"\xff" * 300, b"ABC123,TX," * 30, b'"' * 300])
def test_the_time_for_garbage_grows_with_its_length(junk: bytes) -> None:
    """Eight times the garbage takes far less than the 64 times that a quadratic reading would."""

    def seconds(count: int) -> float:
        data = b"\n".join([junk] * count)
        start = time.process_time()
        assert count == len(codec().decode(data).rejects)
        return time.process_time() - start

    seconds(50)
    few = min(seconds(250) for _ in range(3))
    assert seconds(2000) < 30 * few + 0.05


def test_limits_that_cannot_be_held_are_a_configuration_error() -> None:
    """The limits must be in order."""
    for limits in ({"earliest_ms": 5, "latest_ms": 5}, {"max_line_bytes": 0}):
        with pytest.raises(ConfigError):
            codec(**limits)
