"""Does a packet bring every column of its crossings, and is anything else refused?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import carried
from stream.assessment import Assessment
from stream.packets import BUSY, NOTHING, Packet, Packets, Part
from tests.stream.logs import CONFIG, border, single

SILENT = Packet([Part(1, 77, 12, 0)], None, NOTHING, NOTHING)


def assessed() -> Assessment:
    """Crossings as the vehicle stage hands them on, some of their fields absent."""
    batch, names = border()
    return single(CONFIG, names).vehicles.push(batch.take(slice(0, 300)), len(names))


@pytest.mark.parametrize("count", [1, 7, 300])
def test_every_column_comes_back(count: int) -> None:
    """With its type and its bytes; a field that no crossing carries is still one that none carries."""
    rows = assessed().take(slice(0, count))
    numbers = np.arange(len(rows.place_ms))
    sent = Packet([Part(3, 12, BUSY, count)], rows, numbers, numbers + 5)
    packets = Packets()
    came = packets.unpack(packets.pack(sent))
    assert sent.parts == came.parts
    assert came.rows is not None
    np.testing.assert_array_equal(numbers + 5, came.taken_ms)
    for (name, column), (_, again) in zip(rows.batch.columns(), came.rows.batch.columns(), strict=True):
        assert column.dtype == again.dtype
        assert column.tolist() == again.tolist() or np.isnan(column.astype(float)).any(), name
        assert carried(name, column) == carried(name, again)
    for name in Assessment._fields[1:]:
        assert getattr(rows, name).tobytes() == getattr(came.rows, name).tobytes()
        assert getattr(rows, name).dtype == getattr(came.rows, name).dtype


def test_what_comes_may_be_written_to() -> None:
    """The port stage takes answers back in place."""
    rows = assessed()
    numbers = np.arange(len(rows.place_ms))
    packets = Packets()
    came = packets.unpack(packets.pack(Packet([Part(0, 0, BUSY, len(numbers))], rows, numbers, numbers))).rows
    assert came is not None
    came.p[0, 0] = 0.5


def test_a_packet_without_crossings_says_how_far_its_partition_is() -> None:
    """And whether it is silent."""
    packets = Packets()
    assert packets.unpack(packets.pack(SILENT)) == SILENT


@given(st.binary(max_size=300))
def test_anything_else_is_a_value_error(data: bytes) -> None:
    """Nobody but workers writes there; whoever does all the same stops no worker."""
    with pytest.raises(ValueError, match="packet"):
        Packets().unpack(data)


@given(cut=st.integers(0, 400))
def test_a_packet_cut_short_is_a_value_error(cut: int) -> None:
    """As a broker would never hand out."""
    packets = Packets()
    data = packets.pack(SILENT)
    if cut < len(data):
        with pytest.raises(ValueError, match="packet"):
            packets.unpack(data[:cut])
