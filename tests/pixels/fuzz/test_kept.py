"""What fuzzing found once is right ever after, and each target holds for what it begins with."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz.target import KEPT, NAMES, kept, load

FINDS = [(name, path) for name in NAMES for path in kept(name)]
SECONDS = 5
"""Of CPU time: more than any input may take."""
TRIES = 200


@pytest.mark.parametrize(("name", "path"), FINDS, ids=[f"{n}-{path.name}" for n, path in FINDS])
def test_what_was_found_once_is_right_ever_after(name: str, path: Path) -> None:
    began = time.process_time()
    load(name).check(path.read_bytes())
    assert time.process_time() - began < SECONDS


def test_every_find_belongs_to_a_target() -> None:
    assert {path.name for path in KEPT.iterdir()} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_for_its_seeds_and_for_what_is_near_them(name: str) -> None:
    target, dice = load(name), random.Random(4)
    for seed in target.seeds:
        target.check(seed)
    for _ in range(TRIES):
        target.check(_changed(bytearray(dice.choice(target.seeds)), target.words, dice))


def _changed(data: bytearray, words: Sequence[bytes], dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 3)):
        at = dice.randint(0, len(data))
        data[at : at + dice.randint(0, 3)] = dice.choice([*words, bytes([dice.randrange(256)])])
    return bytes(data)
