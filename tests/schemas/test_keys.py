"""Are keys the same everywhere?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.keys import KeyCache, key64, keys64

texts = st.text().filter(lambda text: text.isprintable())


def test_keys_are_the_published_hash() -> None:
    """XXH3 64 with seed 0; the first value is the test vector of its author for no bytes."""
    assert 0x2D06800538D394C2 == key64("")
    assert 0x78AF5F94892F3950 == key64("abc")


@given(values=st.lists(texts, max_size=20))
def test_one_many_and_cached_keys_agree(values: list[str]) -> None:
    """And none is 0, which says that a field is absent."""
    cache = KeyCache()
    expected = [key64(value) for value in values]
    assert (
        expected == keys64(values).tolist() == [cache[value] for value in values] == [cache[value] for value in values]
    )
    assert 0 not in expected
    assert 0 == cache[None]


def test_the_cache_forgets_and_still_gives_the_same_keys() -> None:
    """It never grows without bound."""
    cache = KeyCache()
    assert all(key64(str(n)) == cache[str(n)] for n in range(70_000))
    assert len(cache) <= 65_536
