"""Everything that takes part in misses, started together so that rounds can be taken in turn."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import converted
from bench.bucket import Bucket, bucket
from bench.loop import loop
from bench.misses import LIGHTS, Field
from bench.peers import Peer
from bench.peers.gateway import gateway
from bench.peers.ipx import ipx
from bench.peers.thumbor import thumbor
from bench.peers.url import by_url


@dataclass(frozen=True, slots=True)
class Rivals:
    """Which peers there are, as they were named on the command line."""

    thumbor: str | None = None
    """Its program."""
    ipx: Path | None = None
    """The folder with its `node_modules`."""
    urls: Sequence[str] = ()
    """`NAME=TEMPLATE` of those that run already."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers that run, and originals for them."""

    field: Field
    bucket: Bucket
    photos: Sequence[Path]

    def keys(self, format_: str, number: int) -> list[str]:
        """A round's own originals: every photo once, the largest first."""
        start = number * len(self.photos)
        return converted.lay_out(self.bucket.folder, self.photos, format_, len(self.photos), start)

    def copy(self, photo: Path, number: int) -> str:
        """One more original of this photo."""
        name = f"{photo.stem}-{number}.jpeg"
        data = converted.marked(photo.read_bytes(), "jpeg", number)
        (self.bucket.folder / name).write_bytes(data)
        return name


@contextmanager
def stage(photos: Sequence[Path], rivals: Rivals | None, *, loops: bool = False) -> Iterator[Stage]:
    """The gateway in both lights, with the bare loops or the rivals or neither."""
    largest_first = sorted(photos, key=lambda photo: photo.stat().st_size, reverse=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        home = Path(name)
        store = stack.enter_context(bucket(home))
        gateways = {light: stack.enter_context(gateway(home, store, light)) for light in LIGHTS}
        bare = {light: stack.enter_context(loop(store.folder, light)) for light in LIGHTS if loops}
        peers = _peers(stack, home, store, rivals) if rivals else []
        yield Stage(Field(gateways, bare, peers), store, largest_first)


def _peers(stack: ExitStack, home: Path, store: Bucket, rivals: Rivals) -> list[Peer]:
    """Those that are installed; of the others it is said."""
    peers = [by_url(store, given) for given in rivals.urls]
    program = rivals.thumbor or shutil.which("thumbor")
    if program:
        peers.append(stack.enter_context(thumbor(home, store, program)))
    else:
        print("thumbor is not installed: pip install thumbor in a venv, then --thumbor its program")
    if rivals.ipx and shutil.which("node"):
        peers.append(stack.enter_context(ipx(home, store, rivals.ipx)))
    else:
        print("IPX is not installed: npm install ipx in a folder, then --ipx that folder")
    return peers
