"""Does a plate become the same pseudonym for all its spellings, and is its key kept safe?"""

from __future__ import annotations

import hashlib
import hmac
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigError
from schemas.plates import KEY_VARIABLE, Pseudonymiser, load_key, normalise
from tests.schemas.documents import KEY

SPELLINGS = [
    "7ABC123",
    "7abc123",
    " 7-ABC 123 ",
    "7.ABC.123",
    "7\u00b7ABC\u2013123",
    "7\u00a0ABC\u2009123",
    "\uff17\uff21\uff22\uff23\uff11\uff12\uff13",
    "7AB\u200bC1\ufeff23",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_one_plate_are_one(spelling: str) -> None:
    """Case, width, spaces and separators make no difference."""
    assert "7ABC123" == normalise(spelling)
    assert Pseudonymiser(KEY).pseudonym("7ABC123", "CA") == Pseudonymiser(KEY).pseudonym(spelling, " ca ")


@given(text=st.text(max_size=20))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Whatever the script."""
    assert normalise(text) == normalise(normalise(text))


@given(text=st.text(st.characters(max_codepoint=127), max_size=20))
def test_plain_and_full_width_letters_are_the_same(text: str) -> None:
    """The quick way for plain ASCII gives what the thorough way gives for the same signs in full width."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert normalise(text) == normalise(wide)


def test_characters_that_look_alike_stay_apart() -> None:
    """O and 0, B and 8 are both issued: merged, one vehicle would answer for another."""
    pseudonyms = {Pseudonymiser(KEY).pseudonym(plate, "CA") for plate in ("BO8", "B08", "8O8", "808", "BOB")}
    assert 5 == len(pseudonyms)


def test_a_pseudonym_is_128_bits_of_a_keyed_hash() -> None:
    """It can be recomputed with the key, and with nothing else."""
    expected = hmac.new(KEY, b"7ABC123|CA", hashlib.sha256).hexdigest()[:32]
    assert expected == Pseudonymiser(KEY).pseudonym("7-abc-123", "ca")
    assert expected != Pseudonymiser(KEY[::-1]).pseudonym("7-abc-123", "ca")


def test_plate_and_jurisdiction_do_not_run_into_each_other() -> None:
    """ABC1 of 2X is another vehicle than ABC of 12X."""
    assert Pseudonymiser(KEY).pseudonym("ABC1", "2X") != Pseudonymiser(KEY).pseudonym("ABC", "12X")


def test_a_plate_without_letters_or_digits_is_refused_without_saying_it() -> None:
    """An empty plate would put many vehicles into one history."""
    with pytest.raises(ValueError, match="no letter or digit"):
        Pseudonymiser(KEY).pseudonym("-- .", "CA")


def test_the_key_is_not_shown() -> None:
    """Not where an object is printed."""
    assert KEY.hex() not in repr(Pseudonymiser(KEY))
    assert str(KEY) not in repr(Pseudonymiser(KEY))


def test_a_key_is_made_on_first_use_for_its_owner_only(tmp_path: Path) -> None:
    """And is the same from then on; nothing else is left in the folder."""
    path = tmp_path / "new" / "plate.key"
    key = load_key(path, {})
    assert (32, 0o600) == (len(key), stat.S_IMODE(path.stat().st_mode))
    assert key == load_key(path, {})
    assert [path] == list(path.parent.iterdir())
    assert key != load_key(tmp_path / "other.key", {})


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    """Whoever comes second takes the key of the first, never half of it."""
    code = """import sys, pathlib, schemas.plates as p; print(p.load_key(pathlib.Path(sys.argv[1]), {}).hex())"""
    command = [sys.executable, "-c", code, str(tmp_path / "plate.key")]
    root = Path(__file__).resolve().parents[2]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)]
    keys = {process.communicate(timeout=240)[0] for process in started}
    assert 1 == len(keys)
    assert 64 == len(keys.pop().strip())


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    """And then no file is made."""
    assert KEY == load_key(tmp_path / "plate.key", {KEY_VARIABLE: KEY.hex().upper() + "\n"})
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("given_key", ["", "zz", "ab" * 31, KEY.hex()[:-1]])
def test_a_key_that_is_short_or_not_hex_is_refused(given_key: str, tmp_path: Path) -> None:
    """The message names the source, never the key."""
    with pytest.raises(ConfigError, match=KEY_VARIABLE):
        load_key(tmp_path / "plate.key", {KEY_VARIABLE: given_key})
    path = tmp_path / "plate.key"
    path.touch(0o600)
    path.write_text(given_key)
    with pytest.raises(ConfigError, match=r"plate\.key"):
        load_key(path, {})
    with pytest.raises(ConfigError):
        Pseudonymiser(KEY[:31])


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """The message says how to repair it."""
    path = tmp_path / "plate.key"
    load_key(path, {})
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"0640.*chmod 600"):
        load_key(path, {})


def test_a_place_where_no_key_can_be_kept_is_a_configuration_error(tmp_path: Path) -> None:
    """A folder in place of the file, a file in place of the folder, bytes that are no text."""
    with pytest.raises(ConfigError, match="a file is required"):
        load_key(tmp_path, {})
    path = tmp_path / "plate.key"
    path.touch(0o600)
    with pytest.raises(ConfigError, match="cannot be read or made"):
        load_key(path / "inside.key", {})
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="hex"):
        load_key(path, {})
