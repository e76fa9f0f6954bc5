"""Does an import map say what is wrong with it, by key, and what to do?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ops.import_fields import FIELDS
from ops.mapping import ImportMap, list_maps, read_map
from ops.template import Template
from schemas.errors import ConfigError
from schemas.wire import WireCrossing

GOOD = """
columns: {crossing_id: id, port: site, lane: gate, vehicle: tag}
constants: {direction: inbound}
time: {column: at}
"""


def written(folder: Path, text: str) -> str:
    """A map file with this text; its path."""
    path = folder / "map.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def changed(folder: Path, **keys: object) -> str:
    """The good map with these keys put in their place."""
    return written(folder, yaml.safe_dump(yaml.safe_load(GOOD) | keys))


def test_a_map_may_give_every_field_of_the_contract_and_no_other() -> None:
    """A field added to the contract must be importable: raw plates go in under `plates` only."""
    assert set(FIELDS) == set(WireCrossing.__struct_fields__) - {"schema", "plate"}


def test_every_ready_map_is_valid_and_says_what_it_is_for() -> None:
    """`--list-maps` shows a first line for each."""
    maps = list_maps()
    assert list(maps) == ["genetec", "genetec_sharpv", "nedap", "seattle", "tollgate_trajectories"]
    assert all(len(about) > 20 for about in maps.values())


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"colums": {}}, "unknown key 'colums'; did you mean 'columns'?"),
        ({"time": None, "tiem": {"column": "at"}}, "unknown key 'tiem'; did you mean 'time'?"),
        ({"time": {"column": "at", "zonne": "UTC"}}, "unknown key 'time.zonne'; did you mean 'zone'?"),
        ({"columns": {"prt": "site"}}, "columns.prt: a crossing has no field 'prt'; did you mean 'port'?"),
        ({"columns": {"port": "site"}}, "crossing_id is required in every crossing"),
        ({"columns": {"occurred_at": "at"}}, "say when under `time:`"),
        ({"constants": {"direction": "inbound", "port": "1"}}, "port is given 2 times, under columns and constants"),
        ({"constants": {}}, "direction is required in every crossing"),
        ({"constants": {"direction": "inbound", "occupants": "two"}}, "occupants: 'two' is not a number"),
        ({"constants": {"direction": "inbound", "make": True}}, "put it in quotes"),
        ({"scale": {"lane": 2}}, "only a number can be scaled, lane is text"),
        ({"delimiter": "||"}, "delimiter: one character is needed"),
        ({"header": False}, "names: the columns must be named here"),
        ({"format": "xml"}, "format: "),
        ({"encoding": "utf-99"}, "encoding: 'utf-99' is not known"),
        ({"time": {}}, "time.column: required and absent"),
        ({"plates": {"column": "tag"}}, "give either jurisdiction"),
        ({"templates": {"driver": "{@lin}"}}, "{@lin}: use a column, @line"),
        ({"templates": {"driver": "{a"}}, "a brace is not closed"),
    ],
)
def test_a_mistake_is_named_by_its_key(tmp_path: Path, keys: dict[str, object], says: str) -> None:
    """One line that says where, what was required and what came."""
    with pytest.raises(ConfigError) as error:
        read_map(changed(tmp_path, **keys))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_plate_may_not_be_read_as_anything_else(tmp_path: Path) -> None:
    """An id made of the plate, hashed without a key, could be turned back into the plate by trying all plates."""
    columns = {"port": "site", "lane": "gate"}
    plates = {"column": "tag", "jurisdiction": "state"}
    for text in ("{tag}", "{@hash:site,tag}"):
        path = changed(tmp_path, columns=columns, plates=plates, templates={"crossing_id": text})
        with pytest.raises(ConfigError, match="holds plates and may be read under plates only"):
            read_map(path)


@pytest.mark.parametrize("text", ["", "- a list", "columns: [", "a: b: c", "\x00"])
def test_what_is_no_map_at_all_is_a_config_error(tmp_path: Path, text: str) -> None:
    """No traceback for a file that is not YAML or not a map."""
    with pytest.raises(ConfigError, match=r"map\.yaml"):
        read_map(written(tmp_path, text))


def test_a_map_that_is_not_there_is_answered_with_the_closest_ready_one() -> None:
    """A slip in a ready map's name is easy to make."""
    with pytest.raises(ConfigError, match="did you mean 'seattle'"):
        read_map("seatle")
    with pytest.raises(ConfigError, match="no such file"):
        read_map("nowhere/map.yaml")


def test_numbers_in_a_map_are_the_text_they_look_like(tmp_path: Path) -> None:
    """`lane: 1` means lane "1", and a confidence stays a number."""
    m = read_map(changed(tmp_path, defaults={"commodity": 12, "read_confidence": "0.5", "rental": True}))
    assert m.defaults == {"commodity": "12", "read_confidence": 0.5, "rental": True}


def test_a_map_names_the_columns_it_reads_once_exploded_pieces_aside() -> None:
    """The check of the header rests on it."""
    m = read_map("tollgate_trajectories")
    assert {column for _, column in m.sources()} == {"travel_seq", "tollgate_id", "vehicle_id"}


def test_a_template_hash_depends_on_every_part_and_on_where_one_ends() -> None:
    """("ab", "c") and ("a", "bc") are different rows."""
    template = Template("x-{@hash:a,b}")
    ids = {template.fill(row) for row in ({"a": "ab", "b": "c"}, {"a": "a", "b": "bc"}, {"a": "ab", "b": "d"})}
    assert len(ids) == 3
    assert template.fill({"a": "ab", "b": "c"}) == "x-5d3417e0b6f7f768"


def test_maps_are_immutable() -> None:
    """A map is read once and shared by all files of an import."""
    m = read_map("seattle")
    assert isinstance(m, ImportMap)
    with pytest.raises(ValueError, match="frozen"):
        m.delimiter = ","  # type: ignore[misc]


def test_the_map_shown_in_the_documents_is_a_valid_one(repository: Path) -> None:
    """People start from it."""
    page = (repository / "docs" / "import.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert ImportMap.model_validate(yaml.safe_load(example)).delimiter == ";"
    for key in ImportMap.model_fields:
        assert key == "about" or f"`{key}`" in page, f"docs/import.md does not explain the key {key}"


@pytest.mark.parametrize("word", ["NO", "yes"])
def test_a_word_that_yaml_takes_for_true_or_false_is_pointed_out(tmp_path: Path, word: str) -> None:
    """`NO` is Norway to the writer and false to YAML."""
    text = GOOD + f"values: {{direction: {{{word}: inbound}}}}\n"
    with pytest.raises(ConfigError, match="put it in quotes"):
        read_map(written(tmp_path, text))
