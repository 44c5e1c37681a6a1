"""Cache tags: labels of replies by which a CDN purges many of them at once.

A tag is a key, a directory of keys (ending in a slash), `preset-<name>`, or `resizer` for all.
An original that is called like another's tag makes a purge forget more, never less.
"""

import hashlib
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from resizer.model.flush import Flush

EVERYTHING = "resizer"
"""The tag of every reply."""

_LONGEST = 250
"""Characters: CloudFront takes 256, Fastly and Cloudflare 1,024."""
_DIRECTORIES_LENGTH = 900
"""Characters of all directories together, so at most 41 of them. Both headers then fit into 4 KiB,
nginx's buffer for the head of a reply, and all tags into the 50 that CloudFront keeps."""
_PLAIN = "/!&';=:@"
"""Left as they are, beside letters, digits and `-._~`: no separators, no quotes, and nothing but
the dot means something in a regular expression, where a tag of a ban may come to stand."""


def tags_of(key: str, preset: str | None, overlays: Sequence[str] = ()) -> list[str]:
    """The tags of a reply: its key, each directory around that, its preset if any, everything.

    Of many directories the outermost are named. What it shows over its original counts like that.
    """
    of_originals = [tag for one in (key, *overlays) for tag in (_tag(one), *_directories(one))]
    of_preset = [] if preset is None else [_of_preset(preset)]
    return list(dict.fromkeys((*of_originals, *of_preset, EVERYTHING)))


def tags_for(flush: Flush) -> list[str]:
    """The tags to purge, so that all that `flush` matches goes.

    For a prefix that is the nearest directory around it that is a tag: more may go, never less.
    """
    if flush.key is not None:
        return [_tag(flush.key)]
    if flush.tag is not None:
        return [_of_preset(flush.tag)]
    return [*_directories(flush.prefix)][-1:] or [EVERYTHING]


def _of_preset(name: str) -> str:
    return _tag(f"preset-{name}")


def _directories(path: str) -> Iterator[str]:
    """Those of `path`, outermost first: the same for everything below, as far as both go."""
    left = _DIRECTORIES_LENGTH
    end = path.find("/")
    while end >= 0:
        tag = _tag(path[: end + 1])
        left -= len(tag) + 1
        if left < 0:
            return
        yield tag
        end = path.find("/", end + 1)


def _tag(text: str) -> str:
    """`text` as one word: percent-encoded, hashed when too long for a CDN."""
    tag = quote(text, safe=_PLAIN)
    if len(tag) <= _LONGEST:
        return tag
    return "sha256-" + hashlib.sha256(text.encode()).hexdigest()
