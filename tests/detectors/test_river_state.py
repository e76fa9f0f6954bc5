"""Are river's models written down completely, and is nothing else read back?"""

from __future__ import annotations

import inspect
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from river import anomaly, base

from detectors import river_state
from detectors.river_adaptor import RiverAdaptor
from schemas.errors import ConfigError


def stand_alone() -> list[Any]:
    """Every anomaly detector of river that needs no other model to be built."""
    classes = [found for _, found in inspect.getmembers(anomaly, inspect.isclass)]
    needs = inspect.Parameter.empty
    return [
        found
        for found in classes
        if issubclass(found, base.AnomalyDetector)
        and all(p.default is not needs for p in inspect.signature(found).parameters.values())
    ]


def crossing(rng: random.Random) -> dict[str, float]:
    """Made-up features."""
    return {f"f{k}": rng.random() for k in range(5)}


def teach(model: Any, rng: random.Random, count: int) -> list[float]:
    """Score, then learn; the scores."""
    scores = []
    for _ in range(count):
        x = crossing(rng)
        scores.append(float(model.score_one(x)))
        model.learn_one(x)
    return scores


@pytest.mark.parametrize("kind", stand_alone(), ids=lambda kind: str(kind.__name__))
def test_a_model_read_back_goes_on_with_the_same_scores(kind: Any) -> None:
    """Two ports, one with a model that has learnt nothing yet; windows, trees and random numbers included."""
    models = {0: kind(), 7: kind()}
    teach(models[7], random.Random(1), 120)
    again = river_state.load(river_state.dump(models), "x", kind)
    assert {0, 7} == set(again)
    for port in (0, 7):
        assert teach(models[port], random.Random(2), 60) == teach(again[port], random.Random(2), 60)


def test_there_is_something_to_test() -> None:
    """The list above has the detectors that people use."""
    assert {"HalfSpaceTrees", "LODA", "LocalOutlierFactor", "OneClassSVM"} <= {kind.__name__ for kind in stand_alone()}


class Touch:
    """What an attacker would put into a pickle."""

    def __init__(self, path: Path) -> None:
        """`path`: what it makes when it runs."""
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def blobs(marker: Path) -> dict[str, bytes]:
    """Bytes that are no models."""
    os_by_river = b"\x80\x04\x8c\x11river.anomaly.hst\x8c\x09functools\x93."
    builtin = b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x03\x31+1\x85R."
    half = river_state.dump({0: anomaly.HalfSpaceTrees()})[:-20]
    return {
        "code": pickle.dumps({0: Touch(marker)}),
        "module": os_by_river,
        "builtin": builtin,
        "cut": half,
        "noise": b"\x00\xff" * 40,
        "empty": b"",
        "other class": river_state.dump({0: anomaly.LODA()}),
        "no dict": pickle.dumps([1, 2]),
        "no port": pickle.dumps({"a": 1}),
    }


@pytest.mark.parametrize("what", list(blobs(Path())))
def test_anything_else_is_refused_and_does_nothing(what: str, tmp_path: Path) -> None:
    """Code, modules reached through river, damaged bytes and other classes: an error that says what to do."""
    marker = tmp_path / "touched"
    with pytest.raises(ConfigError, match=r"river_detectors\.mine: .* another state folder"):
        river_state.load(blobs(marker)[what], "mine", anomaly.HalfSpaceTrees)
    assert not marker.exists()


def test_the_blobs_would_do_harm_elsewhere(tmp_path: Path) -> None:
    """The refusal above is ours: Python's own reader runs what is in the blob."""
    marker = tmp_path / "touched"
    with pytest.raises(FileNotFoundError):
        pickle.loads(blobs(tmp_path / "absent" / "x")["code"])  # noqa: S301 - it is our own harmless blob
    pickle.loads(blobs(marker)["code"])  # noqa: S301 - it is our own harmless blob
    assert marker.exists()
    assert 2 == pickle.loads(blobs(marker)["builtin"])  # noqa: S301 - it is our own harmless blob


def test_an_adaptor_reads_what_it_wrote() -> None:
    """Through the adaptor: the models of one detector are not taken for those of another class."""
    trees = RiverAdaptor("trees", "river.anomaly.HalfSpaceTrees", {}, ("a", "b"))
    trees.load(trees.dump())
    loda = RiverAdaptor("loda", "river.anomaly.LODA", {}, ("a", "b"))
    loda.load(trees.dump())  # no port has a model yet
    with pytest.raises(ConfigError, match="loda"):
        loda.load(river_state.dump({3: anomaly.HalfSpaceTrees()}))
