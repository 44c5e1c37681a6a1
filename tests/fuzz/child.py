"""One target under atheris, in a process of its own: `python -m tests.fuzz.child urls …`.

What follows the name goes to libFuzzer.
"""

import sys

import atheris

INSTRUMENTED = ("resizer", "tests", "tinycss2", "email", "uvicorn")
"""Packages whose branches guide the fuzzer."""

if __name__ == "__main__":
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.target import load

        target = load(sys.argv[1])
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.check)
    atheris.Fuzz()
