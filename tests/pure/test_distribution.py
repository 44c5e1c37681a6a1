"""The distribution's name is no other's: nobody is told to install a stranger's package."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from resizer.render.read.decoders import OPTIONAL
from tests.support.root import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TOLD_TO_INSTALL = re.compile(r"(?:pipx?\d? install|uv add)(?:\s+-\S+)*\s+[\"']?resizer", re.I)
"""On an index the name belongs to another project; ours is installed from its checkout."""
EXTRA_OF_A_STRANGER = re.compile(r"\bresizer\[[\w,]+\]")


def texts() -> Iterator[tuple[Path, str]]:
    """The files of the checkout that are text, without environments and what tools keep."""
    for directory, inside, names in os.walk(ROOT):
        inside[:] = [
            name
            for name in inside
            if (name == ".ci" or not name.startswith("."))
            and not (Path(directory) / name / "pyvenv.cfg").exists()
        ]
        for path in (Path(directory) / name for name in names):
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                continue


def test_nobody_is_told_to_install_the_package_from_an_index() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), line.strip())
        for path, text in texts()
        for line in text.splitlines()
        if TOLD_TO_INSTALL.search(line) or EXTRA_OF_A_STRANGER.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("arguments", ["", "-q -U ", "'"])
def test_such_a_line_would_be_found(arguments: str) -> None:
    assert TOLD_TO_INSTALL.search(f".venv/bin/pip install {arguments}resizer")


@pytest.mark.parametrize("extra", ["heic", "jxl", "pdf"])
def test_a_missing_decoder_names_the_package_of_its_extra(extra: str) -> None:
    (requirement,) = PROJECT["optional-dependencies"][extra]
    told = {install for install, _ in OPTIONAL.values()}
    assert f"pip install {re.split('[<>=]', requirement)[0]}" in told


def test_what_is_installed_has_a_lowest_version() -> None:
    requirements = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    without = {one for one in requirements if ">=" not in one}
    assert without == {"resizer-gateway[all]", "types-tinycss2"}
