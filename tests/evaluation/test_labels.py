"""What may a label file look like, and what is said of one that cannot be used?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.labels import Event, Label, read_truth
from schemas.errors import ConfigError

DISPOSITION = {
    "disposition_id": "d1", "crossing_id": "c9", "alert_id": None, "outcome": "seizure", "selected_by": "random",
    "by": "o1", "at": "2026-03-01T10:00:00Z",
}  # fmt: skip


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    """Without an episode a crossing is a story of its own."""
    (tmp_path / "l.csv").write_text("crossing_id,label,episode\nc1,odd_hour,7\nc2,convoy,\n", encoding="utf-8")
    rows = [{"crossing_id": "c1", "label": "odd_hour", "episode": 7}, {"crossing_id": "c2", "label": "convoy"}]
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    expected = [Label("c1", "odd_hour", "7"), Label("c2", "convoy", "c2")]
    for name in ("l.csv", "l.jsonl"):
        assert expected == read_truth(tmp_path / name, None, None, None).labels


def test_files_beside_the_labels_are_found(tmp_path: Path) -> None:
    """Hard negatives and strengths, as the simulator writes them; dispositions only when they are named."""
    (tmp_path / "labels.csv").write_text("crossing_id,label\nc1,odd_hour\n", encoding="utf-8")
    (tmp_path / "benign.csv").write_text("crossing_id,label,episode\nc2,benign:dst,3\n", encoding="utf-8")
    (tmp_path / "episodes.csv").write_text("episode,label,strength,vehicle\n1,odd_hour,0.25,v\n", encoding="utf-8")
    (tmp_path / "d.jsonl").write_text(json.dumps(DISPOSITION) + "\n", encoding="utf-8")
    truth = read_truth(tmp_path / "labels.csv", None, None, tmp_path / "d.jsonl")
    assert ([Label("c2", "dst", "3")], {"1": 0.25}) == (truth.benign, truth.strength)
    assert ["c9"] == [d.crossing_id for d in truth.dispositions]
    assert [] == read_truth(tmp_path / "labels.csv", None, None, None).dispositions


EVENTS = "port,what,closed_from,closed_until\n2504,closure,2026-02-01T00:00:00Z,2026-02-03T06:00:00Z\n2305,bridge,,{}\n"


def test_what_happened_to_ports(tmp_path: Path) -> None:
    """A closure begins and ends, a bridge only opens; a time that is none is said with its line."""
    (tmp_path / "l.csv").write_text("crossing_id,label\nc1,odd_hour\n", encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS.format("2026-02-09T12:00:00Z"), encoding="utf-8")
    hour = 3_600_000
    begun = 1_769_904_000_000
    assert [
        Event("2504", "closure", begun), Event("2504", "reopening", begun + 54 * hour),
        Event("2305", "bridge", begun + 204 * hour),
    ] == read_truth(tmp_path / "l.csv", None, None, None).events  # fmt: skip
    (tmp_path / "events.csv").write_text(EVENTS.format("soon"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"events\.csv:3: .*times in UTC"):
        read_truth(tmp_path / "l.csv", None, None, None)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("l.csv", "crossing_id,label\n", "holds no labels"),
        ("l.csv", "crossing,kind\nc1,x\n", ":2: `crossing_id` and `label` are required"),
        ("l.jsonl", "crossing_id,label\n", "not JSON lines"),
        ("l.jsonl", "[1]\n", "a JSON object is required"),
        ("l.csv", "crossing_id,label\nc1,odd_hour\nc2\n", ":3: `crossing_id` and `label` are required"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(name: str, text: str, says: str, tmp_path: Path) -> None:
    """File and line, what is required, what came."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_truth(tmp_path / name, None, None, None)


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        (1, "crossing_id,label\nc2,\n", "`label` are required"),
        (2, "episode,strength\n1,strong\n", "numeric `strength`"),
        (3, json.dumps({**DISPOSITION, "outcome": "fine"}), ":1: no disposition, outcome"),
    ],
)
def test_the_other_files_are_checked_too(option: int, text: str, says: str, tmp_path: Path) -> None:
    """Hard negatives, strengths, dispositions."""
    (tmp_path / "l.csv").write_text("crossing_id,label\nc1,odd_hour\n", encoding="utf-8")
    other = tmp_path / ("x.jsonl" if option == 3 else "x.csv")
    other.write_text(text, encoding="utf-8")
    files = [tmp_path / "l.csv", *(other if k == option else None for k in (1, 2, 3))]
    with pytest.raises(ConfigError, match=says):
        read_truth(*files)  # type: ignore[arg-type]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """One line that says so."""
    with pytest.raises(ConfigError, match="cannot read"):
        read_truth(tmp_path / "none.csv", None, None, None)


def test_a_compressed_file_is_refused(tmp_path: Path) -> None:
    """It is no text."""
    (tmp_path / "l.csv").write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_truth(tmp_path / "l.csv", None, None, None)
