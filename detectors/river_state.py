"""How is a river model written down and read again? As a pickle that may name river's own classes and little else.

river's models are trees, windows and generators of random numbers in Python objects; the only complete form they have
is Python's own. `load` therefore refuses every name that is not in a short list, so that a blob cannot name a function
of the operating system; `stream/snapshot.py` keeps its SHA-256 and reads it from our own checkpoint folder only, never
from a topic. See docs/decisions/0007-river.md.

Source: "Restricting Globals", Python standard library, module `pickle`.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from schemas.errors import ConfigError

Models = dict[int, Any]  # by port

BESIDE_RIVER = {
    ("builtins", "bytearray"),
    ("builtins", "complex"),
    ("builtins", "frozenset"),
    ("builtins", "range"),
    ("builtins", "set"),
    ("builtins", "slice"),
    ("builtins", "tuple"),
    ("builtins", "list"),
    ("builtins", "dict"),
    ("builtins", "int"),
    ("builtins", "float"),
    ("builtins", "str"),
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("functools", "partial"),
    ("math", "exp"),
    ("math", "log"),
    ("math", "sqrt"),
    ("random", "Random"),
}
COMPILED = "river._river_rust"  # functions of this module are distances and the like


class _Reader(pickle.Unpickler):
    """Looks up listed names and the classes that river itself defines."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or function; UnpicklingError for any other."""
        if (module, name) in BESIDE_RIVER:
            return super().find_class(module, name)
        if module.startswith("river."):
            found = super().find_class(module, name)
            home = str(getattr(found, "__module__", None) or "")
            if module.startswith(COMPILED) or (isinstance(found, type) and home.startswith("river.")):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a river model")


def dump(models: Models) -> bytes:
    """All of the models, to be read by `load`."""
    return pickle.dumps(models, protocol=5)


def load(blob: bytes, name: str, kind: type) -> Models:
    """The models, each of class `kind`; ConfigError that names the detector `name` where the blob is anything else."""
    try:
        models = _Reader(io.BytesIO(blob)).load()
    except Exception as problem:  # whatever damaged bytes do, it is the blob that is wrong
        raise ConfigError(
            f"river_detectors.{name}: its models cannot be read from the saved state ({problem}). "
            "Name another state folder, or leave this detector out."
        ) from problem
    if not isinstance(models, dict) or not all(isinstance(k, int) and type(m) is kind for k, m in models.items()):
        raise ConfigError(
            f"river_detectors.{name}: the saved state holds no {kind.__name__} by port. Name another state folder."
        )
    return models
