"""The sandbox: what of it a worker said is missing, what that means and what to do about it."""

from collections.abc import Sequence

from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.render.sandbox.self_test import ESCAPES

SANDBOX = "sandbox"
_REFUSED = (
    "A worker that a picture takes over can call all of the kernel: use a kernel with"
    " CONFIG_SECCOMP_FILTER, and a container runtime that lets processes filter themselves."
)
_ADVICE = {
    "Landlock ABI": "Seccomp alone keeps that from a worker; newer kernels do both (6.12: ABI 6).",
    "Landlock does not confine threads": "A library starts one when it is loaded: report it.",
    "Landlock": (
        "Any file that the gateway's user may read is within reach of a worker that a picture takes"
        " over: use Linux 5.13 or newer with `landlock` among its LSMs, and a container runtime"
        " that lets its system calls through."
    ),
    "seccomp is not available: No module named": (
        "A worker that a picture takes over can call all of the kernel: install resizer anew, with"
        " all that it depends on (pyseccomp)."
    ),
    "seccomp is not available: [Errno": _REFUSED,
    "seccomp is not available": (
        "A worker that a picture takes over can call all of the kernel: install libseccomp"
        " (Debian, Ubuntu: libseccomp2) where ldconfig finds it."
    ),
    "seccomp": _REFUSED,
    "RLIMIT_": "What it bounds is unbounded for a worker: raise the hard limit of the gateway.",
    "dropping capabilities": "Run the gateway as a user that is not root.",
}
"""Beginning of what a worker says → what it means, and what to do. The first that fits."""
_CAN = "a worker can "
"""Begins what it tried with success when it started."""
_OTHERS = {
    *("open a file", "list a directory", "create a file"),
    *("connect by TCP", "send by UDP"),
    *("read the gateway's memory", "signal the gateway"),
}
"""Those of `ESCAPES` that reach files, the network or other processes: no worker may."""


def judge_sandbox(lacks: Sequence[str]) -> list[Finding]:
    """`lacks` is what a worker said of its lock."""
    if not lacks:
        tried = f"{len(ESCAPES)} forbidden things it tried were denied"
        return [ok(SANDBOX, f"The worker is locked in: the {tried}.")]
    causes = [text for text in lacks if not text.startswith(_CAN)]
    ways = [text for text in lacks if text.startswith(_CAN)]
    explained = any(cause.startswith(("Landlock", "seccomp")) for cause in causes)
    return [
        *(warn(SANDBOX, f"{text}. {_advice(text)}".strip()) for text in causes),
        *(_judge_reach(text, explained=explained) for text in ways),
    ]


def _judge_reach(text: str, *, explained: bool) -> Finding:
    """`explained` is whether one of the locks is known to be missing."""
    reaches = _OTHERS.intersection(text.removeprefix(_CAN).split(", "))
    cause = (
        "what is missing is told above"
        if explained
        else "nothing is known to be missing: report it"
    )
    return (fail if reaches else warn)(SANDBOX, f"{text}. It tried when it started; {cause}.")


def _advice(lack: str) -> str:
    return next((advice for begin, advice in _ADVICE.items() if lack.startswith(begin)), "")
