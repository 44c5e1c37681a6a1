"""Classic BPF as seccomp runs it (Linux, Documentation/userspace-api/seccomp_filter.rst)."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
_JUMPS = {0x00: lambda a, k: True, 0x10: int.__eq__, 0x20: int.__gt__, 0x30: int.__ge__}
_JUMP_IF_ANY_BIT = 0x40


class Instruction(NamedTuple):
    code: int
    if_true: int
    if_false: int
    operand: int


def errno(number: int) -> int:
    """The verdict that makes a call fail with `number`."""
    return 0x00050000 | number


def read(program: bytes) -> list[Instruction]:
    return [Instruction(*fields) for fields in struct.iter_unpack("=HBBI", program)]


def verdict(
    program: Sequence[Instruction], architecture: int, call: int, arguments: Sequence[int] = ()
) -> int:
    """What the filter says to one call."""
    filled = [each % 2**64 for each in (*arguments, *[0] * 6)][:6]
    data = struct.pack("=IIQ6Q", call % 2**32, architecture, 0, *filled)
    place, value = 0, 0
    while True:
        step = program[place]
        place += 1
        if step.code == 0x20:  # load a word
            (value,) = struct.unpack_from("=I", data, step.operand)
        elif step.code == 0x54:  # keep the bits of a mask
            value &= step.operand
        elif step.code == 0x06:
            return step.operand
        elif step.code == 0x05:
            place += step.operand
        else:
            place += step.if_true if _holds(step, value) else step.if_false


def _holds(step: Instruction, value: int) -> bool:
    if step.code & 0x0F != 0x05:
        raise ValueError(f"an instruction that seccomp filters do not have: {step}")
    if step.code & 0xF0 == _JUMP_IF_ANY_BIT:
        return bool(value & step.operand)
    return bool(_JUMPS[step.code & 0xF0](value, step.operand))
