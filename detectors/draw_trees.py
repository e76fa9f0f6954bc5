"""Which trees does the default forest have? `python -m detectors.draw_trees` asks river and writes them down."""

from __future__ import annotations

import numpy as np

from detectors.catalogue import FEATURES
from detectors.half_space import DRAWN, draw
from detectors.peer_outlier import PeerOutlier


def main() -> None:
    """Write `half_space_drawn.npz`."""
    default = PeerOutlier(len(FEATURES))
    size = {"trees": default.trees, "height": default.height, "window": default.window, "seed": default.seed}
    forest = draw(default.features, **size)
    np.savez(
        DRAWN,
        parameters=np.array([default.features, *size.values()]),
        feature=forest.feature,
        threshold=forest.threshold,
    )


if __name__ == "__main__":
    main()
