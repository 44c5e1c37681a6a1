"""WebP: RFC 9649 §2.7, the extended form, with flags that say what is left.

Where the data of a frame end within their chunk cannot be told without decoding them.
"""

from collections.abc import Iterator

from resizer.render.write.bare.usual import usual

_FRAME = ([b"VP8 "], [b"VP8L"], [b"ALPH", b"VP8 "])
"""What one picture is made of."""
_PICTURE = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_WORDS = {b"EXIF": 0x08, b"XMP ": 0x04}
_ALPHA_AND_ANIMATION = 0x12
_HEAD = 8
_BYTES = {b"VP8X": 10, b"ANIM": 6}
_ANMF_HEAD = 16

Chunk = tuple[bytes, bytes]


def webp(original: bytes, encoded: bytes) -> bytes:
    """The picture of one and the words of the other."""
    size = 8 + int.from_bytes(original[4:8], "little")
    usual(size <= len(original))
    chunks, words = list(_chunks(original[:size], 12)), list(_chunks(encoded, 12))
    words = [(name, chunk) for name, chunk in words if name in _WORDS]
    picture = [(name, chunk) for name, chunk in chunks if name in _PICTURE]
    _check(picture)
    extended = [chunk for name, chunk in chunks if name == b"VP8X"]
    usual(len(extended) <= 1 and (bool(extended) or not words))
    head = b""
    if extended:
        flags = extended[0][_HEAD] & _ALPHA_AND_ANIMATION
        for name, _ in words:
            flags |= _WORDS[name]
        head = extended[0][:_HEAD] + bytes((flags, 0, 0, 0)) + extended[0][_HEAD + 4 :]
    body = b"".join((b"WEBP", head, *(chunk for _, chunk in (*picture, *words))))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _check(picture: list[Chunk]) -> None:
    """One still picture, or frames each of which is one, and nothing beside it."""
    names = [name for name, _ in picture]
    if b"ANMF" not in names:
        usual(names in _FRAME)
        return
    usual(names == [b"ANIM"] + [b"ANMF"] * (len(names) - 1))
    for _, frame in picture[1:]:
        end = _HEAD + int.from_bytes(frame[4:8], "little")
        usual([name for name, _ in _chunks(frame[:end], _HEAD + _ANMF_HEAD)] in _FRAME)


def _chunks(file: bytes, at: int) -> Iterator[Chunk]:
    """Each chunk to the end. Raises Unusual where that is amid one."""
    while at < len(file):
        name, size = file[at : at + 4], int.from_bytes(file[at + 4 : at + 8], "little")
        end = at + _HEAD + size + size % 2
        usual(at + _HEAD <= end <= len(file) and not any(file[at + _HEAD + size : end]))
        usual(_BYTES.get(name, size) == size)
        yield name, file[at:end]
        at = end
