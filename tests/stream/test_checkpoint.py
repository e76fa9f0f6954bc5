"""Does a state folder hold a whole checkpoint at any moment, and refuse what does not belong to it?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ConfigError, Unavailable
from stream.checkpoint import StateFolder
from stream.lines import Position

IDENTITY = {"config": "sha256:1", "detectors": "a@1", "plate_key": "k", "sinks": "alerts.jsonl"}


class Counting:
    """State of one number in a file, and a file that never changes."""

    def __init__(self) -> None:
        self.number = 0
        self.fail = False

    def save(self, folder: Path, previous: Path | None) -> None:
        """As a pipeline does."""
        (folder / "number").write_text(str(self.number))
        if previous is None:
            (folder / "constant").write_text("same")
        else:
            (folder / "constant").hardlink_to(previous / "constant")
        if self.fail:
            raise OSError(28, "No space left on device")


@contextmanager
def opened(folder: Path) -> Iterator[StateFolder]:
    """A state folder, released at the end."""
    state = StateFolder(folder)
    try:
        yield state
    finally:
        state.close()


def save(state: StateFolder, pipeline: Counting, number: int) -> None:
    """A checkpoint whose every part says `number`."""
    pipeline.number = number
    counters: dict[str, Any] = {"lines": number}
    state.save(
        pipeline.save, source=Position(number, number, "h", "t"), sinks={"alerts": number}, counters=counters,
        ports={"n": number}, identity=IDENTITY,
    )  # fmt: skip


def numbers(folder: Path) -> set[int] | None:
    """Every number in the valid checkpoint, None where there is none."""
    with opened(folder) as state:
        saved = state.load()
        if saved is None:
            return None
        assert "same" == (saved.pipeline / "constant").read_text()
        in_file = int((saved.pipeline / "number").read_text())
        return {saved.source.offset, saved.sinks["alerts"], saved.counters["lines"], saved.ports["n"], in_file}


def test_the_last_checkpoint_is_loaded_and_the_others_are_gone(tmp_path: Path) -> None:
    """Unchanged files are linked from the checkpoint before, which is then removed."""
    assert numbers(tmp_path) is None
    with opened(tmp_path) as state:
        for number in (1, 2, 3):
            save(state, Counting(), number)
    assert {3} == numbers(tmp_path)
    with opened(tmp_path) as state:
        save(state, Counting(), 4)
    assert {4} == numbers(tmp_path)
    assert ["CURRENT", "LOCK", "checkpoint-000004"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_crash_at_any_step_leaves_one_whole_checkpoint(tmp_path: Path) -> None:
    """Every state that the folder goes through while saving loads as the old checkpoint or as the new one."""
    folder, copies = tmp_path / "state", tmp_path / "copies"
    with opened(folder) as state:
        save(state, Counting(), 1)

        class Copying(Counting):
            def save(self, target: Path, previous: Path | None) -> None:
                shutil.copytree(folder, copies / "before")
                super().save(target, previous)
                shutil.copytree(folder, copies / "during")

        save(state, Copying(), 2)
    shutil.copytree(folder, copies / "after")
    renamed = copies / "renamed"  # after the rename of the folder, before CURRENT
    shutil.copytree(copies / "before", renamed, dirs_exist_ok=True)
    shutil.copytree(folder / "checkpoint-000002", renamed / "checkpoint-000002")
    found = {copy.name: numbers(copy) for copy in copies.iterdir()}
    assert {"before": {1}, "during": {1}, "renamed": {1}, "after": {2}} == found
    with opened(renamed) as state:  # and the debris of the crash does not disturb the next save
        save(state, Counting(), 5)
    assert {5} == numbers(renamed)


def test_a_failed_save_keeps_the_previous_checkpoint_and_cleans_up(tmp_path: Path) -> None:
    """A full disk: one error that says what to do, the old checkpoint valid, no debris, and saving works again."""
    pipeline = Counting()
    with opened(tmp_path) as state:
        save(state, pipeline, 1)
        pipeline.fail = True
        with pytest.raises(Unavailable, match=r"No space left on device.*free some space"):
            save(state, pipeline, 2)
        assert ["CURRENT", "LOCK", "checkpoint-000001"] == sorted(path.name for path in tmp_path.iterdir())
        pipeline.fail = False
        save(state, pipeline, 3)
    assert {3} == numbers(tmp_path)


def test_a_vanished_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    """The disk goes away between two checkpoints."""
    folder = tmp_path / "state"
    with opened(folder) as state:
        save(state, Counting(), 1)
        shutil.rmtree(folder)
        with pytest.raises(Unavailable, match="make the folder"):
            save(state, Counting(), 2)


@pytest.mark.parametrize(
    ("key", "what"),
    [("config", "settings that change results"), ("detectors", "detectors or their versions"),
     ("plate_key", "plate key"), ("sinks", "output files")],
)  # fmt: skip
def test_a_checkpoint_of_another_run_is_refused_and_says_what_differs(key: str, what: str, tmp_path: Path) -> None:
    """Settings, detectors, key and outputs must be those that the folder was written with."""
    with opened(tmp_path) as state:
        save(state, Counting(), 1)
        saved = state.load()
        assert saved is not None
        state.check(saved, IDENTITY)
        with pytest.raises(ConfigError, match=what):
            state.check(saved, {**IDENTITY, key: "other"})


def test_two_processes_cannot_hold_one_folder(tmp_path: Path) -> None:
    """The second is told; after the first has gone it may."""
    with opened(tmp_path), pytest.raises(Unavailable, match="in use by another linewatch"):
        StateFolder(tmp_path)
    with opened(tmp_path) as state:
        assert state.load() is None


def _cut(folder: Path) -> None:
    (folder / "checkpoint-000001" / "pipeline" / "number").write_text("")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder / "checkpoint-000001")


def _garble(folder: Path) -> None:
    (folder / "checkpoint-000001" / "run.json").write_text("{")


def _age(folder: Path) -> None:
    path = folder / "checkpoint-000001" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": "linewatch-state/0"}))


def _point(folder: Path) -> None:
    (folder / "CURRENT").write_text("../../etc")


@pytest.mark.parametrize("harm", [_cut, _remove, _garble, _age, _point])
def test_a_damaged_folder_is_refused(harm: Any, tmp_path: Path) -> None:
    """Whatever was done to it by hand, it is an error that says what to do, never a traceback or a wrong state."""
    with opened(tmp_path) as state:
        save(state, Counting(), 1)
    harm(tmp_path)
    with pytest.raises(ConfigError, match=r"Name a new one|Begin again"):
        numbers(tmp_path)
