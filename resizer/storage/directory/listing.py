"""The keys of a directory: the files that its source would read."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from resizer.errors import SourceUnavailable


def list_directory(root: Path, prefix: str, size: int) -> Iterator[list[str]]:
    """The keys that start with `prefix`, at most `size` at a time; none lies outside by a link.

    Raises SourceUnavailable.
    """
    keys = _keys_below(os.path.realpath(root), "", prefix)
    try:
        while page := list(islice(keys, size)):
            yield page
    except OSError as error:
        reason = type(error).__name__
        raise SourceUnavailable("The source directory cannot be read.", reason=reason) from None


def _keys_below(root: str, directory: str, prefix: str) -> Iterator[str]:
    """Depth first, and only where a key with that prefix can be. Links to directories are not
    followed: they may lead in a circle."""
    with os.scandir(f"{root}/{directory}") as entries:
        for entry in entries:
            key = directory + entry.name
            if entry.is_dir(follow_symlinks=False):
                if key.startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield from _keys_below(root, f"{key}/", prefix)
            elif key.startswith(prefix) and _is_original(entry, root):
                yield key


def _is_original(entry: "os.DirEntry[str]", root: str) -> bool:
    """A regular file below `root` whose name is text."""
    if not entry.is_file() or not entry.name.isprintable():
        return False
    return not entry.is_symlink() or os.path.realpath(entry.path).startswith(f"{root}/")
