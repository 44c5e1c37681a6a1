"""The file of `warm --resume`: it says which originals are done, so that a run can go on.

Its first line binds it to what was asked for; each other line is a key, as JSON. Lines are only
ever added, each in one write, so that a run may be killed at any moment.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self


class ResumeMismatch(Exception):
    """The file belongs to a run with other arguments, or is no such file."""


class ResumeFile:
    """What is done, and the file that it is noted in. `with Resume(…) as resume:`."""

    def __init__(self, file: Path, asked: Mapping[str, object]) -> None:
        """Raises ResumeMismatch, and OSError when the file cannot be read or written."""
        self._done: set[int] = set()
        """Hashes of keys: a tenth of the memory of the keys."""
        head = json.dumps(asked, sort_keys=True)
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._read(head)
        except BaseException:
            os.close(self._file)
            raise

    def __contains__(self, key: str) -> bool:
        return hash(key) in self._done

    def __len__(self) -> int:
        return len(self._done)

    def note(self, key: str) -> None:
        """All that was wanted of `key` is there."""
        self._done.add(hash(key))
        os.write(self._file, f"{json.dumps(key)}\n".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def _read(self, head: str) -> None:
        with open(self._file, "rb", closefd=False) as lines:
            first = lines.readline()
            if not first:
                os.write(self._file, f"{head}\n".encode())
                return
            if first.rstrip(b"\n") != head.encode():
                raise ResumeMismatch
            whole = len(first)
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # it was being written when the run was killed
                whole += len(line)
                self._done.add(hash(_key(line)))
        os.ftruncate(self._file, whole)


def _key(line: bytes) -> str:
    try:
        key = json.loads(line)
    except ValueError:
        raise ResumeMismatch from None
    if not isinstance(key, str):
        raise ResumeMismatch
    return key
