"""Which crossings belong to the random control sample? A keyed hash of the crossing's id decides, and nothing else.

What people find among alerts says nothing of what they miss. So a small share of all crossings is drawn whatever the
detectors say, looked at like any other, and known to be of the sample only afterwards: it gives the one unbiased rate
to compare with. A crossing is drawn where SipHash-2-4 of its 64-bit key, under a secret key, is below share * 2^64:
the same crossings on every machine that has the key, and nobody without it can tell which.

Source: Aumasson & Bernstein (2012), SipHash: a fast short-input PRF, INDOCRYPT; https://github.com/veorq/SipHash.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import njit
from schemas.batch import Array


@njit(cache=True)
def rotated(x, bits):  # type: ignore[no-untyped-def]
    """A 64-bit word rotated left."""
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True)
def rounds(v0, v1, v2, v3, times):  # type: ignore[no-untyped-def]
    """So many SipRounds."""
    for _ in range(times):
        v0 += v1
        v2 += v3
        v1 = rotated(v1, 13) ^ v0
        v3 = rotated(v3, 16) ^ v2
        v0 = rotated(v0, 32)
        v2 += v1
        v0 += v3
        v1 = rotated(v1, 17) ^ v2
        v3 = rotated(v3, 21) ^ v0
        v2 = rotated(v2, 32)
    return v0, v1, v2, v3


@njit(cache=True)
def siphash(k0, k1, word):  # type: ignore[no-untyped-def]
    """SipHash-2-4 of the eight bytes of `word`, little-endian, under the key (k0, k1); uint64.

    >>> first, second, message = (np.uint64(n) for n in (0x0706050403020100, 0x0F0E0D0C0B0A0908, 0x0706050403020100))
    >>> f"{siphash(first, second, message):x}"
    '93f5f5799a932462'
    """
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    v0, v1, v2, v3 = rounds(v0, v1, v2, v3 ^ word, 2)
    length = np.uint64(8) << np.uint64(56)
    v0, v1, v2, v3 = rounds(v0 ^ word, v1, v2, v3 ^ length, 2)
    v0, v1, v2, v3 = rounds(v0 ^ length, v1, v2 ^ np.uint64(0xFF), v3, 4)
    return v0 ^ v1 ^ v2 ^ v3


@njit(cache=True)
def below(crossing_key, k0, k1, limit, out):  # type: ignore[no-untyped-def]
    """Mark in `out[n]` the keys whose hash is below `limit`."""
    for i in range(len(crossing_key)):
        out[i] = siphash(k0, k1, crossing_key[i]) < limit


def drawn(crossing_key: Array, key: bytes, share: float) -> Array:
    """Which of the crossings (uint64[n]) are of the sample, bool[n]; `key` has 16 bytes, `share` is in [0, 1]."""
    out = np.zeros(len(crossing_key), np.bool_)
    if share > 0:
        k0, k1 = np.frombuffer(key, "<u8", 2)
        limit = np.uint64(min(2**64 - 1, int(share * 2.0**64)))
        below(crossing_key, k0, k1, limit, out)
    return out
