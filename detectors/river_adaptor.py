"""How does any river anomaly detector join? By its dotted name in the configuration, at its own speed.

`score_one` then `learn_one` of one river model for each port, on a dict of features:
what the vehicle's own models said, in [0, 1] (see `detectors/features.py`), under the detectors' names; `fill` stands
for an answer that was not evaluated, and a crossing with none evaluated is neither scored nor learnt. river's scores
are no p-values and some have no upper end; the calibration ranks them: p = exp(-TOP s / (1 + s)) before it. A model
that takes a `seed` and was given none gets 1, since the same log must give the same bytes.

One crossing at a time in Python: some 50,000 a second and model on their own, less for slower models.
"""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from detectors import river_state
from detectors.base import Columns, Context, Defaults, Finding, Out, Shared
from detectors.special import SMALLEST_P
from schemas.batch import Array
from schemas.errors import ConfigError

TOP = 34.0  # nats that no score reaches
ROW = np.dtype([("learnt", "u8")])


class RiverAdaptor(Defaults):
    """A detector of the port stage around river models."""

    version = 1
    key = "port"
    echo = True
    typologies = ("peer_outlier",)
    reads = ("features", "port")
    row = ROW
    evidence = ("score", "seen")

    def __init__(
        self, name: str, path: str, params: Mapping[str, Any], features: tuple[str, ...], fill: float = 0.0
    ) -> None:
        """Raises ConfigError where `path` is no anomaly detector of river or does not take `params`."""
        self.name = name
        self.source = path
        self.features = features
        self.fill = fill
        self._class = river_class(name, path)
        seed = {"seed": 1} if "seed" in inspect.signature(self._class).parameters else {}
        self._params = seed | dict(params)
        self._models: dict[int, Any] = {}
        self._new_model()  # a wrong parameter stops the start, not the stream

    def _new_model(self) -> Any:
        try:
            return self._class(**self._params)
        except (TypeError, ValueError) as error:
            takes = ", ".join(inspect.signature(self._class).parameters)
            raise ConfigError(f"river_detectors.{self.name}.params: {error}; {self.source} takes: {takes}") from error

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn, one crossing after the other."""
        values = batch["features"].tolist()
        ports = batch["port"].tolist()
        learnt, fresh = rows["learnt"], known.fresh.tolist()
        for i, (slot, port) in enumerate(zip(slots.tolist(), ports, strict=True)):
            if all(math.isnan(v) for v in values[i]):
                continue
            x = {name: self.fill if math.isnan(v) else v for name, v in zip(self.features, values[i], strict=True)}
            model = self._models.get(port)
            if model is None:
                model = self._models[port] = self._new_model()
            if learnt[slot] > 0:
                score = float(model.score_one(x))
                if math.isfinite(score):
                    out.p[i] = min(1.0, max(SMALLEST_P, math.exp(-TOP * score / (1.0 + score)) if score > 0.0 else 1.0))
                    out.evidence[i] = score, learnt[slot]
            if fresh[i]:  # one vehicle cannot bend the model of a port
                model.learn_one(x)
                learnt[slot] += 1

    def dump(self) -> bytes:
        """Every port's model, for a checkpoint."""
        return river_state.dump(self._models)

    def load(self, blob: bytes) -> None:
        """The inverse of `dump`; ConfigError where the blob is none of its own."""
        self._models = river_state.load(blob, self.name, self._class)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The river score and how many crossings it rests on."""
        seen = int(evidence["seen"])
        sentence = (
            f"{self.name} ({self.source}) scores {evidence['score']:.3g} here ({seen} crossings seen at this port)."
        )
        return Finding("peer_outlier", round(evidence["score"], 6), None, None, seen, sentence, None)


def river_class(name: str, path: str) -> Any:
    """The class at a dotted path below `river`; raises ConfigError for anything that is no river anomaly detector."""
    from river import base  # noqa: PLC0415 (river is loaded when it is asked for, not by `linewatch --help`)

    where = f"river_detectors.{name}.class"
    module, _, attribute = path.rpartition(".")
    if not path.startswith("river."):
        raise ConfigError(
            f'{where}: a dotted name below "river." is required, such as river.anomaly.HalfSpaceTrees; got {path!r}'
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{where}: {path!r} is not in the installed river ({error}); see river.anomaly for what there is"
        ) from error
    if not (inspect.isclass(found) and issubclass(found, base.AnomalyDetector)):
        raise ConfigError(f"{where}: {path!r} is no unsupervised anomaly detector; choose a class of river.anomaly")
    return found
