"""Are tokens of programs made, listed and ended in a terminal?"""

from __future__ import annotations

import re
from pathlib import Path

from tests.ops.running import linewatch, one_line


def test_a_token_is_made_listed_and_ended(tmp_path: Path) -> None:
    """The secret is the only thing on standard output, and is in no list."""
    here = ("--data", "data")
    assert 0 == linewatch(tmp_path, "users", "add", "ana", *here).code
    made = linewatch(tmp_path, "tokens", "add", "ana", "--scope", "alerts:read", "--label", "the wall", *here)
    assert re.fullmatch(r"lw_[\w-]{43}\n", made.out), made.err
    (token_id,) = re.findall(r"t-[0-9a-f]{12}", made.err)
    listed = linewatch(tmp_path, "tokens", "list", *here).out
    assert re.search(rf"{token_id} +ana +until \S+ +never used +alerts:read +the wall", listed)
    assert made.out.strip() not in listed
    assert 0 == linewatch(tmp_path, "tokens", "end", token_id, *here).code
    assert f"{token_id}  ana              ended" in linewatch(tmp_path, "tokens", "list", *here).out
    one_line(linewatch(tmp_path, "tokens", "end", token_id, *here), "or it has ended")
