"""The sandbox: what of it a worker said is missing, what that means and what to do about it."""

from collections.abc import Sequence

from resizer.doctor.finding import Finding, ok, warn
from resizer.render.escapes import ATTEMPTS

SANDBOX = "sandbox"
_ADVICE = {
    "Landlock ABI": "Seccomp alone keeps that from a worker; newer kernels do both (6.12: ABI 6).",
    "Landlock does not confine threads": "A library starts one when it is loaded: report it.",
    "Landlock": (
        "Any file that the gateway's user may read is within reach of a worker that a picture takes"
        " over: use Linux 5.13 or newer with `landlock` among its LSMs, and a container runtime"
        " that lets its system calls through."
    ),
    "seccomp is not available": (
        "A worker that a picture takes over can call all of the kernel: install libseccomp"
        " (Debian, Ubuntu: libseccomp2) where ldconfig finds it."
    ),
    "seccomp": (
        "A worker that a picture takes over can call all of the kernel: use a kernel with"
        " CONFIG_SECCOMP_FILTER, and a container runtime that lets processes filter themselves."
    ),
    "RLIMIT_": "What it bounds is unbounded for a worker: raise the hard limit of the gateway.",
    "dropping capabilities": "Run the gateway as a user that is not root.",
    "a worker can": "It tried when it started; what is missing is told beside this.",
}
"""Beginning of what a worker says → what it means, and what to do. The first that fits."""


def judge_sandbox(lacks: Sequence[str]) -> list[Finding]:
    """`lacks` is what a worker said of its lock."""
    if not lacks:
        tried = f"{len(ATTEMPTS)} forbidden things it tried were denied"
        return [ok(SANDBOX, f"The worker is locked in: the {tried}.")]
    return [warn(SANDBOX, f"{text}. {_advice(text)}".strip()) for text in lacks]


def _advice(lack: str) -> str:
    return next((advice for begin, advice in _ADVICE.items() if lack.startswith(begin)), "")
