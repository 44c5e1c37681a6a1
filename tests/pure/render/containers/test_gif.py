"""The blocks of a GIF are walked as far as a sound file needs, and not beyond."""

from collections.abc import Callable
from typing import Any

import pytest

from resizer.render.containers import gif
from resizer.render.containers.gif import data_end, steps
from resizer.render.containers.truncation import gif_frames, gif_has_end
from resizer.render.read.gif_canvas import with_transparent_canvas

HEAD = b"GIF89a\1\0\1\0\0\0\0"


@pytest.mark.parametrize(
    ("file", "end"),
    [
        (b"\0", 0),
        (b"\2ab\1c\0;", 5),
        (b"\2ab\1c", 5),
        (b"\2ab\3c", 3),
        (b"", 0),
    ],
)
def test_sub_blocks_end_at_their_terminator_or_after_the_last_that_is_whole(
    file: bytes, end: int
) -> None:
    assert data_end(file, 0, steps()) == end


class Counted(bytes):
    """Counts the looks at its bytes."""

    looks = 0

    def __getitem__(self, at: Any) -> Any:
        Counted.looks += 1
        return super().__getitem__(at)


@pytest.mark.parametrize("walk", [gif_has_end, gif_frames, with_transparent_canvas])
@pytest.mark.parametrize("blocks", [b"!\xfe" + b"\1x" * 9000, b"!\xfe\0" * 9000])
def test_a_file_of_many_small_blocks_is_not_walked_to_its_end(
    walk: Callable[[object], object], blocks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gif, "_MOST", 100)
    Counted.looks = 0
    walk(Counted(HEAD + blocks + b"\0;x"))
    assert Counted.looks < 2000


def test_the_bound_leaves_room_for_every_file_of_full_blocks() -> None:
    assert len(list(steps())) > 3 * 64 * 1024 * 1024 // 256
