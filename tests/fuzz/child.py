"""One target under atheris, in a process of its own: `python -m tests.fuzz.child urls PLACE …`.

What breaks it is written to the directory PLACE; what follows goes to libFuzzer.
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

INSTRUMENTED = ("resizer", "tests", "tinycss2", "email", "uvicorn")
"""Packages whose branches guide the fuzzer."""


def keeping(check: Callable[[bytes], None], place: Path) -> Callable[[bytes], None]:
    """`check`, with what breaks it written down before libFuzzer hears of it."""

    def tried(data: bytes) -> None:
        try:
            check(data)
        except Exception:
            (place / f"broken-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            raise

    return tried


if __name__ == "__main__":
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.target import load

        name, place, *options = sys.argv[1:]
        target = load(name)
    atheris.Setup([sys.argv[0], *options], keeping(target.check, Path(place)))
    atheris.Fuzz()
