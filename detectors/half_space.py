"""How do river's Half-Space Trees run at a million crossings a second? Built by river, flattened into arrays.

river draws the trees; `flatten` copies features and thresholds into one array a tree in heap order (the children
of node i are 2i + 1 and 2i + 2), and the compiled walk does what `river.anomaly.hst` does, missing features
included. Within a window a score depends on the reference masses only, so scores are exactly equal to river's
own; a test holds that.

Source: Tan, Ting & Liu (2011), Fast anomaly detection for streaming data, IJCAI; river 0.26.1, `river/anomaly/hst.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.compiled import njit


class Trees(NamedTuple):
    """The fixed part of a forest: [trees, inner nodes] arrays, and its size."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    height: int
    window: int


DRAWN = Path(__file__).with_name("half_space_drawn.npz")  # river's trees for the default parameters; see `draw`


def build(features: int, *, trees: int, height: int, window: int, seed: int) -> Trees:
    """The forest that river draws for `features` features in [0, 1].

    The default forest is read from `DRAWN`, since importing river takes a second; a test holds that river draws the
    same. Any other is drawn by river here and now.
    """
    with np.load(DRAWN) as drawn:
        if drawn["parameters"].tolist() == [features, trees, height, window, seed]:
            return Trees(drawn["feature"], drawn["threshold"], height, window)
    return draw(features, trees=trees, height=height, window=window, seed=seed)


def draw(features: int, *, trees: int, height: int, window: int, seed: int) -> Trees:
    """The same, always by river.

    river builds its trees at the first `learn_one`; names sort like the column numbers, as river sorts them.
    """
    from river.anomaly import HalfSpaceTrees

    names = feature_names(features)
    forest = HalfSpaceTrees(n_trees=trees, height=height, window_size=window, seed=seed)
    forest.learn_one(dict.fromkeys(names, 0.5))  # type: ignore[no-untyped-call]
    return flatten(forest, names)


def feature_names(features: int) -> list[str]:
    """Names of the columns whose sorted order is their order."""
    return [f"f{k:03d}" for k in range(features)]


def flatten(forest: Any, names: list[str]) -> Trees:
    """The arrays of a river `HalfSpaceTrees` that has learnt at least once."""
    inner = 2**forest.height - 1
    feature = np.zeros((forest.n_trees, inner), np.int32)
    threshold = np.zeros((forest.n_trees, inner))
    for t, root in enumerate(forest.trees):
        nodes = [root]
        for i in range(inner):
            node = nodes[i]
            feature[t, i], threshold[t, i] = names.index(node.feature), node.threshold
            nodes.extend(node.children)
    return Trees(feature, threshold, forest.height, forest.window_size)


def mass_dtype(trees: int, height: int) -> list[tuple[Any, ...]]:
    """The row of one forest: masses of the window that is filling and of the reference window, and a counter."""
    nodes = 2 ** (height + 1) - 1
    return [("filling", "u2", (trees, nodes)), ("reference", "u2", (trees, nodes)), ("count", "u4"), ("windows", "u4")]


@njit(cache=True)
def descend(feature, threshold, tree, node, x, filling):  # type: ignore[no-untyped-def]
    """The child that river walks to; a missing (NaN) feature follows the larger filling mass, ties go left."""
    left = 2 * node + 1
    value = x[feature[tree, node]]
    if np.isnan(value):
        return left + 1 if filling[tree, left] < filling[tree, left + 1] else left
    return left if value < threshold[tree, node] else left + 1


@njit(cache=True)
def score_and_learn(feature, threshold, height, window, filling, reference, x, learn):  # type: ignore[no-untyped-def]
    """river's `score_one` on the reference masses, then its `learn_one` without the turn of the window.

    Both walk the same path: learning adds to a node before it compares its children, which scoring sees unchanged.
    1 for the most unusual. `learn` is 1, or 0 to score only.
    """
    size_limit = 0.1 * window
    score = 0.0
    for tree in range(feature.shape[0]):
        node, power, counting = 0, 1, True
        for depth in range(height + 1):
            filling[tree, node] += learn
            if counting:
                mass = reference[tree, node]
                score += mass * power
                counting = mass >= size_limit
                power *= 2
            if depth < height:
                node = descend(feature, threshold, tree, node, x, filling)
    return 1.0 - score / (feature.shape[0] * window * (2 ** (height + 1) - 1))


@njit(cache=True)
def turn(filling, reference):  # type: ignore[no-untyped-def]
    """The filled window becomes the reference."""
    for tree in range(filling.shape[0]):
        for node in range(filling.shape[1]):
            reference[tree, node] = filling[tree, node]
            filling[tree, node] = 0
