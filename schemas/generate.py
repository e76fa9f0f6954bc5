"""How do the JSON Schema files come about?

From the models: `python -m schemas.generate` writes schemas/json/*.schema.json, and a test fails when they drift.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from schemas.models import Alert, Control, Crossing, Disposition, Notice, Reason

MODELS: dict[str, type[BaseModel]] = {
    "crossing": Crossing,
    "disposition": Disposition,
    "alert": Alert,
    "reason": Reason,
    "notice": Notice,
    "control": Control,
}
FOLDER = Path(__file__).with_name("json")


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) of one model, as its file holds it."""
    schema = MODELS[name].model_json_schema(mode="validation")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"linewatch:{name}/1"}
    return json.dumps(head | schema, indent=2, ensure_ascii=True) + "\n"


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name in MODELS:
        (FOLDER / f"{name}.schema.json").write_text(schema_text(name), "utf-8")


if __name__ == "__main__":
    main()
