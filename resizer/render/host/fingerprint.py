"""What decides a variant's bytes besides its Transform: the code that renders, and its libraries.

Both are taken from files, for the gateway imports neither libvips nor numpy. Two gateways with the
same packages come to the same.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from glob import glob
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import resizer

CODE = (
    *("model/formats.py", "model/geometry.py", "model/limits.py"),
    *("model/plan.py", "model/transform.py"),
    *("render/containers", "render/colour", "render/read", "render/write", "render/pipeline"),
)
"""Where a change may change pixels. Their text counts, not a number that somebody has to raise."""
LIBRARIES = (
    *("pyvips", "pyvips-binary", "numpy"),
    *("pillow", "pillow-heif", "pillow-jxl-plugin", "pypdfium2"),
)
"""As they are installed; `pyvips-binary` has libvips and every codec in it."""
_SYSTEM_LIBVIPS = ("/usr/lib", "/usr/lib/*", "/usr/lib64", "/usr/local/lib", f"{sys.prefix}/lib")


@cache
def of_renderer() -> str:
    """A digest of the code and the libraries of this installation: 7 ms, once in a process."""
    return digest(Path(resizer.__file__).parent, [*libraries()])


def digest(package: Path, words: list[str]) -> str:
    """In hexadecimal, of the code below `package` and of `words`."""
    found = hashlib.sha256(repr(words).encode())
    for name in CODE:
        for file in sorted([package / name, *(package / name).rglob("*.py")]):
            if file.is_file():
                found.update(
                    repr((file.relative_to(package).as_posix(), file.read_bytes())).encode()
                )
    return found.hexdigest()


def libraries() -> Iterator[str]:
    """Each library and its version; of a system's libvips the name of its file, which ends in it.

    What codecs a system's libvips uses cannot be told without loading it.
    """
    versions = {name: _version(name) for name in LIBRARIES}
    yield from (f"{name} {found}" for name, found in versions.items())
    if not versions["pyvips-binary"]:
        files = (file for folder in _SYSTEM_LIBVIPS for file in glob(f"{folder}/libvips.so.42"))
        yield from sorted({Path(os.path.realpath(file)).name for file in files})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
