"""Target: a parser, what must hold of it, and where its inputs lie."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import targets

KEPT = Path(__file__).with_name("kept")
NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(targets.__path__)))


@dataclass(frozen=True, slots=True)
class Target:
    """What the fuzzer is given."""

    check: Callable[[bytes], None]
    """Tries one input. Raises, whatever it be, where something does not hold."""
    seeds: Sequence[bytes]
    """Inputs to begin with."""
    words: Sequence[bytes]
    """What the inputs are made of, as far as one could not guess it."""


def load(name: str) -> Target:
    """The target that `targets/<name>.py` defines."""
    found = importlib.import_module(f"{targets.__name__}.{name}").TARGET
    assert isinstance(found, Target)
    return found


def kept(name: str) -> list[Path]:
    """The inputs that once broke the target."""
    return sorted(path for path in (KEPT / name).glob("*") if path.is_file())
