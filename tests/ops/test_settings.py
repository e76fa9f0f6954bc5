"""Where does a setting's value come from, and what does a wrong one say?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.configure import load
from ops.settings import NAMES, Settings, changes_results
from ops.settings_page import as_markdown
from schemas.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in NAMES:
        monkeypatch.delenv(f"LINEWATCH_{name.upper()}", raising=False)


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value knows where it came from."""
    (tmp_path / "c.toml").write_text("lateness_ms = 1\noperators = 2\nhalf_life_days = 3\n")
    monkeypatch.setenv("LINEWATCH_OPERATORS", "20")
    monkeypatch.setenv("LINEWATCH_HALF_LIFE_DAYS", "30")
    settings, origins = load(tmp_path / "c.toml", ["half_life_days=300"])
    assert (1, 20, 300.0, 6.0) == (
        settings.lateness_ms, settings.operators, settings.half_life_days, settings.budget_per_hour
    )  # fmt: skip
    assert [f"file {tmp_path / 'c.toml'}", "environment", "flag", "default"] == [
        origins[name] for name in ("lateness_ms", "operators", "half_life_days", "budget_per_hour")
    ]


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_an_unknown_name_is_refused_with_the_closest_one(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error must not silently run with the default."""
    config, flags = None, []
    if source == "flag":
        flags = ["latenes_ms=1"]
    elif source == "environment":
        monkeypatch.setenv("LINEWATCH_LATENES_MS", "1")
    else:
        config = tmp_path / "c.toml"
        config.write_text("latenes_ms = 1\n")
    with pytest.raises(ConfigError, match=r"(?i)latenes_ms.*did you mean lateness_ms\?.*linewatch doctor"):
        load(config, flags)


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("lateness_ms=soon", "setting lateness_ms (from flag): Input should be a valid integer"),
        ("lateness_ms=-1", "greater than or equal to 0; got '-1'"),
        ("half_life_days=nan", "half_life_days"),
        ("default_time_zone=Mars/Olympus", "IANA name such as America/Los_Angeles"),
        ("default_time_zone=../../etc/passwd", "IANA name"),
        ("earliest_year=2104", "earliest_year must be below latest_year"),
        ("shift_changes=6:00,25:00", "local times from 00:00 to 23:59 are required, such as 06:00,14:00,22:00"),
        ('river_detectors=[{"name": "x", "class": "os.system"}]', "river_detectors"),
        ("river_detectors=[{", "river_detectors"),
        ("lateness_ms", "name=value is required"),
    ],
)
def test_a_wrong_value_says_which_setting_what_was_required_and_what_came(flag: str, says: str) -> None:
    """One line is the diagnosis."""
    with pytest.raises(ConfigError, match=re.escape(says)) as problem:
        load(flags=[flag])
    assert "\n" not in str(problem.value)


def test_a_file_that_is_no_toml_says_so(tmp_path: Path) -> None:
    """And a missing one too."""
    (tmp_path / "c.toml").write_text("lateness_ms: 250\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="Name a file that exists"):
        load(tmp_path / "missing.toml")


def test_a_file_can_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every command, those without --config too; --config comes before it."""
    for name, value in (("a.toml", 251), ("b.toml", 252)):
        (tmp_path / name).write_text(f"lateness_ms = {value}\n")
    monkeypatch.setenv("LINEWATCH_CONFIG", str(tmp_path / "a.toml"))
    assert 251 == load().settings.lateness_ms
    assert 252 == load(tmp_path / "b.toml").settings.lateness_ms


def test_lists_are_written_with_commas_or_as_tables(tmp_path: Path) -> None:
    """Detectors by name in a flag; river detectors as TOML tables or JSON."""
    assert ("odd_hour", "new_port") == load(flags=["detectors=odd_hour, new_port"]).settings.detectors
    (tmp_path / "c.toml").write_text(
        '[[river_detectors]]\nname = "svm"\nclass = "river.anomaly.OneClassSVM"\nparams = { nu = 0.2 }\n'
    )
    as_json = 'river_detectors=[{"name": "svm", "class": "river.anomaly.OneClassSVM", "params": {"nu": 0.2}}]'
    assert load(tmp_path / "c.toml").settings.river_detectors == load(flags=[as_json]).settings.river_detectors


def test_the_config_id_changes_with_results_and_with_nothing_else(tmp_path: Path) -> None:
    """Paths, batch size and checkpoint interval are not part of it; a port registry counts by its content."""
    plain = Settings().config_id()
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", plain)
    assert plain == load(flags=["batch_lines=1", "checkpoint_every_crossings=7", "data_folder=x"]).settings.config_id()
    assert plain != load(flags=["lateness_ms=251"]).settings.config_id()
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("code\n2504\n")
    same = {load(flags=[f"ports={tmp_path / name}"]).settings.config_id() for name in ("a.csv", "b.csv")}
    (tmp_path / "b.csv").write_text("code\n2505\n")
    assert 1 == len(same)
    assert {plain, load(flags=[f"ports={tmp_path / 'b.csv'}"]).settings.config_id()}.isdisjoint(same)


def test_a_secret_is_shown_nowhere() -> None:
    """Neither in the settings' text nor in an error about it."""
    settings = load(flags=["ingest_token=hush", "kafka_password=hush"]).settings
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()
    assert not changes_results("ingest_token")
    assert not changes_results("kafka_password")


def test_the_settings_page_is_what_the_table_says() -> None:
    """`python -m ops.settings_page > docs/settings.md` was run after the last change."""
    assert as_markdown() == (REPOSITORY / "docs" / "settings.md").read_text()


def test_every_setting_has_a_help_text_and_a_unit_where_it_measures() -> None:
    """Nobody has to read the source to know what a number means."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
