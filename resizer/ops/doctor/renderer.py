"""The renderer: is a picture made, in which formats, and how well is the worker locked in?"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path
from typing import Any

import resizer
from resizer.errors import ResizerError
from resizer.model.formats import OUTPUT_FORMATS
from resizer.model.image import Original
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.ops.doctor.finding import Finding, fail, ok
from resizer.ops.doctor.sandbox import judge_sandbox
from resizer.render.containers.sniff import SourceFormat
from resizer.render.host.pool import Pool

FORMATS = "formats"
OPTIONAL = "optional formats"
RENDER = "render"
LIBVIPS = "libvips"
_CHILD_SECONDS = 15.0
_LACK = "sandbox: "
"""Begins what the pool says of a worker that could not lock itself in, or cannot render."""
_DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">'
    b'<rect width="64" height="48" fill="#357"/><circle cx="32" cy="24" r="16" fill="#fc3"/></svg>'
)


async def check_renderer(limits: Limits) -> list[Finding]:
    """Start a worker as the server does and let it draw."""
    warnings: list[str] = []
    pool = Pool(1, limits, on_warning=warnings.append)
    try:
        await pool.start()
        rendering = await _render(pool)
    finally:
        await pool.close()
    return [rendering, *judge_warnings(warnings)]


async def check_libvips() -> list[Finding]:
    """In a process of its own: this one never loads libvips."""
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "resizer.render.vips_info"],
        capture_output=True,
        cwd=Path(resizer.__file__).parents[1],
        env={},
        timeout=_CHILD_SECONDS,
        check=False,
    )
    if child.returncode:
        return [fail(LIBVIPS, "It does not load: install the package `pyvips[binary]` anew.")]
    return judge_libvips(json.loads(child.stdout))


async def _render(pool: Pool) -> Finding:
    start = time.perf_counter()
    try:
        for format_ in OUTPUT_FORMATS:
            with _drawing() as original:
                await pool.render([original], Transform(width=32, format=format_))
    except ResizerError as error:
        return fail(RENDER, f"A drawing could not be rendered: {error}")
    took = 1000 * (time.perf_counter() - start)
    return ok(RENDER, f"A drawing was rendered in {len(OUTPUT_FORMATS)} formats in {took:.0f} ms.")


def _drawing() -> Original:
    fd = os.memfd_create("drawing", os.MFD_CLOEXEC)
    os.write(fd, _DRAWING)
    return Original(fd, len(_DRAWING), "drawing", datetime.now(UTC), time.time())


def judge_warnings(warnings: Sequence[str]) -> list[Finding]:
    """Findings from the warnings of the pool about its worker."""
    lacks = [text.removeprefix(_LACK) for text in warnings if text.startswith(_LACK)]
    formats = [text for text in lacks if "does not render" in text]
    sandbox = [text for text in lacks if text not in formats]
    others = [fail(RENDER, f"{text}.") for text in warnings if not text.startswith(_LACK)]
    return [
        *([] if others and not sandbox else judge_sandbox(sandbox)),
        *(fail(FORMATS, f"{text}.") for text in formats),
        *others,
    ]


def judge_libvips(info: Mapping[str, Any]) -> list[Finding]:
    """What `resizer.render.vips_info` printed."""
    unread = info["unread"]
    if unread:
        return [
            ok(LIBVIPS, f"{info['version']}."),
            fail(FORMATS, f"Does not read {', '.join(unread)}: use libvips of `pyvips[binary]`."),
        ]
    optional = info["optional"]
    reads = [kind for kind in SourceFormat if kind not in optional]
    return [
        ok(LIBVIPS, f"{info['version']}."),
        ok(FORMATS, f"Reads {', '.join(reads)}; writes {', '.join(OUTPUT_FORMATS)}."),
        ok(OPTIONAL, "; ".join(starmap(_optional_format, optional.items())) + "."),
    ]


def _optional_format(kind: str, reader: Mapping[str, Any]) -> str:
    install = reader["install"]
    if not reader["by"]:
        return f"{kind} is not read: {install}"
    if not reader["every_page"]:
        return f"of {kind} only the still picture is read: {install} for every frame"
    return f"{kind} is read by {reader['by']}"
