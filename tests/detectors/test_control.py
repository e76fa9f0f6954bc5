"""Is the control sample drawn by the key alone, at its share, and independent of everything else?"""

from __future__ import annotations

import numpy as np
import pytest

from detectors.control import drawn, siphash

KEY = bytes(range(16))
IDS = np.random.default_rng(1).integers(0, 2**64, 400_000, np.uint64)


def test_the_hash_is_siphash() -> None:
    """The reference vector for eight bytes (SipHash paper's test vectors, entry 8)."""
    words = [np.uint64(int.from_bytes(bytes(range(a, a + 8)), "little")) for a in (0, 8)]
    assert 0x93F5F5799A932462 == siphash(*words, words[0])


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_the_sample_has_its_share(share: float) -> None:
    """Within five standard deviations of the binomial."""
    found = drawn(IDS, KEY, share).sum()
    assert abs(found - share * len(IDS)) < 5 * np.sqrt(share * (1 - share) * len(IDS))


def test_none_and_all() -> None:
    """A share of 0 draws nothing, one of 1 everything."""
    assert not drawn(IDS, KEY, 0.0).any()
    assert drawn(IDS, KEY, 1.0).all()


def test_another_key_draws_others() -> None:
    """Two keys agree on no more than chance has them do, and a larger share keeps the smaller sample."""
    mine, other = drawn(IDS, KEY, 0.05), drawn(IDS, KEY[::-1], 0.05)
    assert abs((mine & other).sum() - 0.05**2 * len(IDS)) < 5 * np.sqrt(0.05**2 * len(IDS))
    assert (drawn(IDS, KEY, 0.1) | ~mine).all()
