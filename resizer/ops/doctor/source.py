"""The checks of originals and results, for each kind of address."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from resizer.ops.doctor.aws.checks import checks_of_results, checks_of_source
from resizer.ops.doctor.finding import NO_ORIGINAL, READING, Check, Finding, fail, ok, warn
from resizer.storage.address import Address
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.s3.address import S3Address


async def checks_of_directory(
    address: DirectoryAddress, key: str | None, _: str | None
) -> list[Check]:
    return [Check("source", partial(check_directory, address.root, key))]


async def check_directory(root: Path, key: str | None) -> list[Finding]:
    return await asyncio.to_thread(judge_directory, root, key)


def judge_directory(root: Path, key: str | None = None) -> list[Finding]:
    if not os.access(root, os.R_OK | os.X_OK):
        return [fail(READING, "The directory cannot be read: give this user r and x on it.")]
    if key is not None and not Path(f"{root}/{key}").is_file():
        return [fail(READING, f"The directory can be read, but {NO_ORIGINAL}")]
    if root.stat().st_mode & stat.S_IWOTH:
        says = "Anybody on this machine may change originals: chmod o-w the directory."
        return [warn(READING, says)]
    return [ok(READING, "The directory can be read, and strangers may not write to it.")]


_OfSource = Callable[[Any, str | None, str | None], Awaitable[list[Check]]]
SOURCE_CHECKS: dict[type[Address], _OfSource] = {
    DirectoryAddress: checks_of_directory,
    S3Address: checks_of_source,
}
"""By kind of address: from it, the key of an original to try and the name of an AWS profile that
may read how a bucket is set up, what there is to check."""
RESULTS_CHECKS: dict[type[Address], Callable[[Any], Awaitable[list[Check]]]] = {
    S3Address: checks_of_results
}
"""Likewise what there is to check of a place of results, beside whether it can be used."""
