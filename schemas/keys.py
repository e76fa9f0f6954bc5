"""How does an id become a number that is the same on every machine?

key = XXH3 64 of the UTF-8 text with seed 0 (https://github.com/Cyan4973/xxHash), and 1 where that is 0: 0 means
"absent". Not keyed: what must stay secret is a pseudonym before it gets here. The chance that any two of ten million
ids share a key is 3e-6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xxhash

from schemas.batch import Array

_CACHE_LIMIT = 1 << 16


def key64(text: str) -> int:
    """The key of one id, 1 to 2**64 - 1."""
    return xxhash.xxh3_64_intdigest(text.encode()) or 1


def keys64(texts: Sequence[str]) -> Array:
    """The keys of many ids, uint64 of their shape."""
    keys = np.fromiter(map(xxhash.xxh3_64_intdigest, map(str.encode, texts)), np.uint64, len(texts))
    keys[keys == 0] = 1
    return keys


class KeyCache(dict[str | None, int]):
    """Text -> key for texts that come again and again (lanes, makes, carriers); 0 for None; starts anew when full."""

    def __missing__(self, text: str | None) -> int:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        key = self[text] = 0 if text is None else key64(text)
        return key
