"""Every loader of bytes in the libvips that is installed: allowed by name, or blocked."""

from typing import Any

import pyvips

from resizer.render.pipeline.pipeline import render  # noqa: F401  (importing it blocks what is not allowed)
from resizer.render.read.load import LOADERS


def loaders() -> set[str]:
    """The operations below `VipsForeignLoad` that read memory, by libvips' own account."""
    found: set[str] = set()

    def note(gtype: int, *_: object) -> Any:
        found.add(pyvips.nickname_find(gtype))
        pyvips.type_map(gtype, note_again)
        return pyvips.ffi.NULL

    def note_again(gtype: int, *_: object) -> Any:
        return note(gtype)

    note(pyvips.type_from_name("VipsForeignLoad"))
    return {name for name in found if name.endswith(("load_buffer", "load_source"))}


def blocked(name: str) -> bool:
    given = pyvips.Source.new_from_memory(b"junk") if name.endswith("_source") else b"junk"
    try:
        pyvips.Operation.call(name, given)
    except pyvips.Error as error:
        return "blocked" in str(error)
    return False


def test_only_the_loaders_on_the_list_open_bytes() -> None:
    every = loaders()
    operations = {operation for _, operation in LOADERS.values()}
    assert {"uhdrload_buffer", "matrixload_source", "vipsload_source"} <= every
    assert operations <= every
    allowed = operations | {name.replace("_source", "_buffer") for name in operations}
    assert {name for name in every if not blocked(name)} == allowed
