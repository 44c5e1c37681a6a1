"""Names of the objects in the results tier: from key and field to a name, and back to the key.

A key's segments are those of the name, so that a prefix of keys is a place to list. An equals sign
begins what a name has of its own: `=XX` is a byte that no name may hold as it is, a bare `=` an
empty segment, and `=v…` the object, which no segment of a key can be spelled like.

    photos/cat.jpg   photos/cat.jpg/=v0123…cdef@thumb
    /a=b/..          =/a=3Db/=2E=2E/=v0123…cdef
"""

import hashlib
import re

from resizer.model.field import TAG_MARK

_OBJECT = "=v"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f=%#\\\ufffe\uffff]")
"""`%` and `#` mean something to obstore, the last two characters are none of XML's."""
_ESCAPES = re.compile(r"(?:=[0-9A-F]{2})+")
_LONGEST = 1024
"""Bytes: Amazon S3 User Guide, "Naming Amazon S3 objects"."""
_LONGEST_SEGMENT = 240
"""Bytes: of the 255 that a directory allows, some are left for a temporary name."""


def name_of(root: str, key: str, field: str) -> str | None:
    """The object of a variant below `root`; None when no store could hold the name."""
    _, mark, tags = field.partition(TAG_MARK)
    tag = mark + _escaped(tags).replace("/", "=2F") if mark else ""
    try:
        digest = hashlib.blake2b(field.encode(), digest_size=16).hexdigest()
        name = f"{directory_of(root, key)}/{_OBJECT}{digest}{tag}"
        segments = name.encode().split(b"/")
    except UnicodeEncodeError:
        return None
    too_long = max(map(len, segments)) > _LONGEST_SEGMENT
    return None if too_long or len(name.encode()) > _LONGEST else name


def directory_of(root: str, key: str) -> str:
    """Where the objects of one original are, and only they lie directly in it."""
    return "/".join([root, *map(_segment, key.split("/"))])


def enclosing(root: str, prefix: str) -> str:
    """The nearest directory that holds every object of the keys that begin with `prefix`."""
    parent, slash, _ = prefix.rpartition("/")
    return directory_of(root, parent) if slash else root


def read_name(root: str, name: str) -> tuple[str, str] | None:
    """The key of an object, and what its name has in the field's place; None for a stranger."""
    directory, _, last = name.removeprefix(f"{root}/").rpartition("/")
    if not directory or not last.startswith(_OBJECT):
        return None
    try:
        return "/".join(map(_key_segment, directory.split("/"))), _key_segment(last)
    except UnicodeDecodeError:
        return None


def _segment(text: str) -> str:
    if not text:
        return "="
    return text.replace(".", "=2E") if text in (".", "..") else _escaped(text)


def _key_segment(segment: str) -> str:
    if segment == "=":
        return ""
    return _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("=", "")).decode(), segment)


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda one: "".join(f"={byte:02X}" for byte in one[0].encode()), text)
