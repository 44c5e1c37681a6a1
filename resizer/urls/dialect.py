"""What a URL dialect is: how its paths begin, are read and are written."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from resizer.errors import RouteNotFound
from resizer.urls.preset import Preset
from resizer.urls.request import ImageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectSettings:
    """What the settings decide about URLs, whatever their dialect."""

    max_side: int
    """Pixels of a box, dpr and border included."""
    presets: Mapping[str, Preset] = field(default_factory=dict)
    onerror_allowed: bool = False
    """There is a fallback to redirect to where the original cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to write image URLs. A tail is the still percent-encoded path after a prefix."""

    prefixes: tuple[str, ...]
    """How its paths begin, `/name/`; the first is written."""
    form: str
    """A path of it, in words that follow «images are under»."""
    parse: Callable[[str, DialectSettings], ImageRequest]
    """A tail → what it asks for. Raises InvalidRequest, and SourceNotFound for an empty key."""
    write: Callable[[Sequence[str], str, str | None], str]
    """Decoded options in the dialect's own words, a decoded key and the key to sign with, if any
    → the tail. Raises what `parse` does."""
    signature: re.Pattern[str]
    """A signature in a path, however a proxy spelled it: its first group is what precedes it."""

    def path(self, options: Sequence[str], key: str, secret: str | None = None) -> str:
        """The path of a URL that `parse` reads back, signed if there is a `secret`."""
        return self.prefixes[0] + self.write(options, key, secret)


class DialectRegistry:
    """The dialects that a gateway answers, told apart by their prefixes; the first is native."""

    def __init__(self, *dialects: Dialect) -> None:
        """Raises ValueError where two prefixes would claim the same path."""
        self._dialects = dialects
        self.default = dialects[0]
        self.prefixes = tuple(prefix for dialect in dialects for prefix in dialect.prefixes)
        self.forms = " or ".join(dialect.form for dialect in dialects)
        _refuse_overlaps(self.prefixes)
        self._raw_prefixes = tuple(prefix.encode() for prefix in self.prefixes)

    def __iter__(self) -> Iterator[Dialect]:
        return iter(self._dialects)

    def claims(self, raw_path: bytes) -> bool:
        """Whether a path, as it was sent, is that of an image."""
        return raw_path.startswith(self._raw_prefixes)

    def parse(self, path: str, settings: DialectSettings) -> ImageRequest:
        """What a whole path, still percent-encoded, asks for.

        Raises InvalidRequest, SourceNotFound, and RouteNotFound where it is of no dialect.
        """
        for dialect in self._dialects:
            for prefix in dialect.prefixes:
                if path.startswith(prefix):
                    return dialect.parse(path.removeprefix(prefix), settings)
        raise self.not_found()

    def not_found(self) -> RouteNotFound:
        """The error for a path that is of no dialect."""
        return RouteNotFound(f"Images are under {self.forms}.")

    def redact(self, path: str) -> str:
        """`path`, of whichever dialect, without its signature."""
        for dialect in self._dialects:
            path = dialect.signature.sub(r"\1…", path)
        return path


_PREFIX = re.compile(r"/([a-z0-9-]+/)+")


def _refuse_overlaps(prefixes: tuple[str, ...]) -> None:
    for number, prefix in enumerate(prefixes):
        others = prefixes[:number] + prefixes[number + 1 :]
        if not _PREFIX.fullmatch(prefix) or prefix.startswith(others):
            raise ValueError(f"{prefix} is no prefix, or another dialect's")
