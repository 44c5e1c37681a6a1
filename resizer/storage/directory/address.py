"""The address of a directory of this machine."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import unquote, urlsplit

from resizer.storage.address import FROM_ENVIRONMENT, PROBE, Address, Servers, Source, Timeouts

if TYPE_CHECKING:
    from obstore.store import LocalStore


@dataclass(frozen=True, slots=True)
class DirectoryAddress(Address):
    """A path, or its `file://` URL."""

    form: ClassVar[str] = "a directory"

    root: Path

    @classmethod
    def read(cls, text: str, servers: Servers = FROM_ENVIRONMENT) -> Self | None:
        if "://" not in text:
            return cls(Path(text))
        parts = urlsplit(text)
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            return cls(Path(unquote(parts.path)))
        return None

    @property
    def identity(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        """Absolute, all links followed."""
        return str(self.root.resolve())

    def contains(self, other: Address) -> bool:
        return isinstance(other, DirectoryAddress) and Path(other.path).is_relative_to(self.path)

    def exists(self) -> bool:
        return self.root.is_dir()

    def try_writing(self) -> bool:
        """Make a directory in it, or in what there is of the way to it, and remove it at once.

        Nothing else tells: by its mode root may write to /proc.
        """
        root = self.root
        nearest = next(path for path in (root, *root.absolute().parents) if path.exists())
        Path(tempfile.mkdtemp(prefix=PROBE, dir=nearest)).rmdir()
        return self.exists()

    def open_source(self, *, max_bytes: int, fetch_seconds: float) -> Source:
        from resizer.storage.directory.source import DirectorySource

        return DirectorySource(self.root, max_bytes, fetch_seconds)

    def open_store(self, timeouts: Timeouts) -> "LocalStore":
        """Made for this user alone if it is not there: it holds what private originals became."""
        from obstore.store import LocalStore

        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(self.root.resolve(), automatic_cleanup=True)

    def list_pages(self, prefix: str, size: int) -> Iterator[list[str]]:
        from resizer.storage.directory.listing import list_directory

        return list_directory(self.root, prefix, size)
