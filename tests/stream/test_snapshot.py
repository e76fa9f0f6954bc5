"""Does a pipeline that was saved and loaded go on as if nothing had happened?"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.batch import CrossingBatch
from schemas.errors import ConfigError
from schemas.port_files import Port
from schemas.ports import Ports
from stream.config import PipelineConfig, RiverSpec
from stream.pipeline import Decided, Pipeline
from tests.stream.logs import CONFIG as USUAL
from tests.stream.logs import border, lines, shuffled, single

CROSSINGS, CHUNK = 2100, 60
HOUR_MS = 3_600_000
CONFIG = dataclasses.replace(USUAL, lateness_ms=6 * HOUR_MS)  # so that a dozen crossings wait at any moment
CROWDED = dataclasses.replace(CONFIG, max_vehicles=120)  # of 1,200: rows are evicted and move
RIVER = dataclasses.replace(
    CONFIG,
    detectors=("odd_hour", "new_port"),
    river_detectors=(
        RiverSpec("trees", "river.anomaly.HalfSpaceTrees", {"window_size": 40, "height": 5, "seed": 3}),
        RiverSpec("loda", "river.anomaly.LODA", {"seed": 2}),
    ),
)


def untidy() -> tuple[CrossingBatch, list[str]]:
    """The beginning of a log with repeated records and records that come up to ten hours late."""
    batch, names = border()
    return shuffled(batch, 10 * HOUR_MS).take(slice(0, CROSSINGS)), names


class Stop(NamedTuple):
    """A checkpoint: after which chunk, and whether the process then dies and another one goes on."""

    after: int
    dies: bool


def run(config: PipelineConfig, folder: Path, stops: Sequence[Stop]) -> tuple[list[bytes], dict[str, int]]:
    """Everything decided, with checkpoints on the way as the runner takes them: each removes the one before."""
    batch, names = untidy()
    pipeline, decided = single(config, names), list[Decided]()
    previous: Path | None = None
    for chunk in range(CROSSINGS // CHUNK):
        decided.append(pipeline.push(batch.take(slice(CHUNK * chunk, CHUNK * (chunk + 1)))))
        for number, stop in enumerate(stop for stop in stops if stop.after == chunk):
            previous = checkpoint(pipeline, folder / f"{chunk}-{number}", previous)
            if stop.dies:
                pipeline = single(config, names)
                pipeline.load(previous)
    decided.append(pipeline.flush())
    return lines(decided), pipeline.counters


def checkpoint(pipeline: Pipeline, folder: Path, previous: Path | None = None) -> Path:
    """Save into a new folder, then remove the previous one."""
    folder.mkdir(parents=True)
    pipeline.save(folder, previous)
    if previous is not None:
        shutil.rmtree(previous)
    return folder


@lru_cache(maxsize=4)
def uninterrupted(crowded: bool) -> tuple[list[bytes], dict[str, int]]:
    """The same without any checkpoint."""
    return run(CROWDED if crowded else CONFIG, Path(), [])


stops = st.lists(st.builds(Stop, st.integers(0, CROSSINGS // CHUNK - 1), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=stops, crowded=st.booleans())
def test_checkpoints_and_deaths_at_any_moment_change_no_byte(
    stops: list[Stop], crowded: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Saved and loaded anywhere, incrementally, with rows evicted or not: all bytes and counts of one run."""
    folder = tmp_path_factory.mktemp("state")
    result = run(CROWDED if crowded else CONFIG, folder, stops)
    shutil.rmtree(folder)
    assert uninterrupted(crowded) == result


def test_the_log_has_what_makes_a_snapshot_hard() -> None:
    """At those moments there are rows that wait, late ones at times, sums of open hours, and evicted rows."""
    batch, names = untidy()
    pipeline = single(CROWDED, names)
    waiting, late = [], []
    for start in range(0, CROSSINGS, CHUNK):
        pipeline.push(batch.take(slice(start, start + CHUNK)))
        rows = pipeline.reorder.waiting()
        waiting.append(0 if rows is None else len(rows.place_ms))
        late.append(0 if rows is None else int((rows.place_ms > rows.batch.time_ms).sum()))
    assert sorted(waiting)[len(waiting) // 2] > 10
    assert sum(count > 0 for count in late) > 5
    assert any(table.open for table in pipeline.vehicles.bank.tables())
    assert pipeline.at_ports.calibrator.counts.open
    assert pipeline.vehicles.table.evicted_early > 0


def test_rows_that_wait_come_back_with_every_column(tmp_path: Path) -> None:
    """Texts that are absent stay absent, others keep their letters."""
    batch, names = untidy()
    jurisdictions = np.array([None, "", "CA", "Nuevo León"], object)[np.arange(len(batch)) % 4]
    batch = dataclasses.replace(batch, plate_jurisdiction=jurisdictions)
    pipeline, again = single(CONFIG, names), single(CONFIG, names)
    pipeline.push(batch.take(slice(0, 2000)))
    again.load(checkpoint(pipeline, tmp_path / "state"))
    before, after = pipeline.reorder.waiting(), again.reorder.waiting()
    assert before is not None
    assert after is not None
    assert {None, "", "CA", "Nuevo León"} == set(after.batch.plate_jurisdiction.tolist())
    for (name, column), (_, restored) in zip(before.batch.columns(), after.batch.columns(), strict=True):
        np.testing.assert_array_equal(column, restored, err_msg=name)
        assert column.dtype == restored.dtype, name


def test_a_save_after_a_save_writes_what_changed_and_links_the_rest(tmp_path: Path) -> None:
    """The base is the same file in both folders, the new part holds the rows touched since."""
    batch, names = untidy()
    pipeline = single(CONFIG, names)
    pipeline.push(batch.take(slice(0, 2000)))
    pipeline.save(new(tmp_path / "a"))
    pipeline.push(batch.take(slice(2000, 2020)))
    pipeline.save(new(tmp_path / "b"), tmp_path / "a")
    first, second = (tmp_path / name / "vehicles-rows-0.npy" for name in ("a", "b"))
    assert first.samefile(second)
    touched = set(batch.vehicle_key[2000:2020].tolist())
    changed = np.load(tmp_path / "b" / "vehicles-rows-1.npy", allow_pickle=False)
    assert touched == set(changed["meta"]["key"].tolist())


def new(folder: Path) -> Path:
    """A new empty folder."""
    folder.mkdir()
    return folder


def test_a_save_that_failed_half_way_loses_nothing(tmp_path: Path) -> None:
    """The disk fails after the tables were written: the next save, beside the checkpoint before, has all changes."""
    batch, names = untidy()
    pipeline, again = single(CONFIG, names), single(CONFIG, names)
    decided = [pipeline.push(batch.take(slice(0, 1000)))]
    pipeline.save(new(tmp_path / "a"))
    decided.append(pipeline.push(batch.take(slice(1000, 1500))))
    (new(tmp_path / "b") / "waiting.npz").mkdir()  # stands in the way of the last array
    with pytest.raises(IsADirectoryError):
        pipeline.save(tmp_path / "b", tmp_path / "a")
    decided.append(pipeline.push(batch.take(slice(1500, 1520))))
    pipeline.save(new(tmp_path / "c"), tmp_path / "a")
    again.load(tmp_path / "c")
    decided += [again.push(batch.take(slice(1520, CROSSINGS))), again.flush()]
    assert uninterrupted(crowded=False)[0] == lines(decided)


def test_parts_do_not_pile_up(tmp_path: Path) -> None:
    """Many checkpoints with few changes each: now and then everything is written anew."""
    batch, names = untidy()
    pipeline = single(dataclasses.replace(CONFIG, detectors=("odd_hour",)), names)
    previous, most = checkpoint(pipeline, tmp_path / "first"), 0
    pipeline.push(batch.take(slice(0, 1000)))
    for k in range(70):
        pipeline.push(batch.take(slice(1000 + k, 1001 + k)))
        previous = checkpoint(pipeline, tmp_path / str(k), previous)
        most = max(most, len(list(previous.glob("vehicles-rows-*.npy"))))
    assert 20 < most <= 65
    assert len(list(previous.glob("vehicles-rows-*.npy"))) < 20


@pytest.mark.parametrize("config", [CONFIG, RIVER])
def test_arrays_need_no_pickle(config: PipelineConfig, tmp_path: Path) -> None:
    """Every array loads with pickles forbidden; the models of river detectors are the one other file, named so."""
    batch, names = untidy()
    pipeline = single(config, names)
    pipeline.push(batch.take(slice(0, 1000)))
    folder = checkpoint(pipeline, tmp_path / "state")
    kinds = {path.suffix for path in folder.iterdir()}
    assert kinds == {".npy", ".npz", ".json"} | ({".pickle"} if config.river_detectors else set())
    for path in [*folder.glob("*.npy"), *folder.glob("*.npz")]:
        loaded = np.load(path, allow_pickle=False)
        arrays = [loaded] if path.suffix == ".npy" else [loaded[name] for name in loaded.files]
        assert not any(array.dtype.hasobject for array in arrays), path.name


@pytest.mark.parametrize("change", [lambda names: names[:-1], lambda names: names[::-1]])
def test_another_registry_of_ports_is_refused(change: object, tmp_path: Path) -> None:
    """Rows name ports by number: a closed registry that lacks one, or has another order, stops the start."""
    batch, names = untidy()
    pipeline = single(CONFIG, names)
    pipeline.push(batch.take(slice(0, 500)))
    folder = checkpoint(pipeline, tmp_path / "state")
    assert callable(change)
    other = Ports([Port(name, name) for name in change(names)], is_open=False)
    with pytest.raises(ConfigError, match="registry differs"):
        Pipeline(CONFIG, other).load(folder)


def test_an_open_registry_takes_the_ports_of_the_state(tmp_path: Path) -> None:
    """A fresh process knows no port yet; it gets those of the state with their numbers."""
    batch, names = untidy()
    pipeline = single(CONFIG, names)
    pipeline.push(batch.take(slice(0, 500)))
    again = single(CONFIG, [])
    again.load(checkpoint(pipeline, tmp_path / "state"))
    assert names == again.ports.names


def test_models_of_river_detectors_go_on_too(tmp_path: Path) -> None:
    """Windows, trees and random numbers inside river's models continue where they were."""
    expected = run(RIVER, tmp_path, [])
    assert expected == run(RIVER, tmp_path, [Stop(moment, dies=True) for moment in (0, 11, 29)])
    batch, names = untidy()
    pipeline = single(RIVER, names)
    assessed = pipeline.push(batch).assessed
    assert {"trees@1", "loda@1"} <= set(pipeline.detector_names)
    assert np.isfinite(np.concatenate([part.p[:, -2:] for part in assessed[-5:]])).any(axis=0).all()
    assert {} == pipeline.errors


def test_models_of_river_detectors_that_were_changed_are_refused(tmp_path: Path) -> None:
    """The file must be the one that was written, byte for byte."""
    batch, names = untidy()
    pipeline = single(RIVER, names)
    pipeline.push(batch.take(slice(0, 300)))
    folder = checkpoint(pipeline, tmp_path / "state")
    file = folder / "river-trees.pickle"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ConfigError, match=r"river-trees.pickle was changed.*another state folder"):
        single(RIVER, names).load(folder)
    blobs = json.loads((folder / "pipeline.json").read_text())["blobs"]
    assert {"river-trees", "river-loda"} <= set(blobs)
