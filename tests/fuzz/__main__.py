"""Runs targets, as many at a time as there are processors: `scripts/fuzz [seconds] [target…]`.

With `seed=N` a target is given the same inputs each time while its code stays the same, so that
what breaks is a change's doing, and nothing grows from run to run.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import KEPT, NAMES, Target, load
from tests.support.root import ROOT

GROWN = ROOT / ".fuzz"
"""What earlier runs found out, so that a run goes on where they ended; not part of the project."""
SECONDS = 60
_STARTED_SECONDS = 120
"""Time for a process to start and end, beside its run."""
_LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=4096", "-detect_leaks=0")
"""Seconds and MiB: an input that takes more than that is a find too."""
_STATUS = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
_EXCEPTION = "=== Uncaught Python exception"
_DUMP = "SUMMARY: libFuzzer"
"""Where the input follows, byte by byte."""
_SAID = 5000
"""Characters of a report, at the most."""
_NOT_HERE = """\
atheris is not installed: pip install -e '.[fuzz]'
It comes built for Linux on x86-64 and Python 3.11 to 3.14. Elsewhere that installs nothing, and
atheris has to be built with clang's libFuzzer.
What was found so far is tried everywhere, by tests/pixels/fuzz/test_kept.py.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How one target fared."""

    name: str
    said: str
    """By atheris and libFuzzer."""
    ended_well: bool
    find: Path | None
    """The input that broke the target."""

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Inputs tried, branches that were reached, inputs that reached something of their own."""
        told = _STATUS.findall(self.said)
        executions, edges, _, corpus = map(int, told[-1]) if told else (0, 0, 0, 0)
        return executions, edges, corpus


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 for a find, 2 where nothing can be run."""
    seconds = int(arguments[0]) if arguments and arguments[0].isdecimal() else SECONDS
    seed = next((one.removeprefix("seed=") for one in arguments if one.startswith("seed=")), None)
    names = [one for one in arguments if not one.isdecimal() and "=" not in one] or NAMES
    if unknown := {*names} - {*NAMES}:
        print(f"There is no target {', '.join(sorted(unknown))}: {', '.join(NAMES)}.")
        return 2
    if importlib.util.find_spec("atheris") is None:
        print(_NOT_HERE, end="")
        return 2
    print(f"{'target':<16}{'tried':>12}{'branches':>12}{'corpus':>12}", flush=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        runs = list(threads.map(lambda name: _told(run(name, seconds, seed)), names))
    for bad in (one for one in runs if not one.ended_well):
        print(_report(bad))
    return 0 if all(one.ended_well for one in runs) else 1


def run(name: str, seconds: int, seed: str | None = None) -> Run:
    """Fuzz one target in a process of its own, from its seeds and whatever grew from them."""
    place = GROWN / name
    target = load(name)
    corpus = _corpus(place, target, seed)
    words = place / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(place), *_LIMITS]
    command += [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={place}/"]
    command += [] if seed is None else [f"-seed={seed}"]
    began = time.time()
    known = [str(path) for path in (corpus, KEPT / name) if path.is_dir()]
    ended = subprocess.run(
        [*command, *known],
        cwd=ROOT,
        env=os.environ if seed is None else os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + _STARTED_SECONDS,
        check=False,
    )
    found = [path for path in place.glob("*-*") if path.stat().st_mtime >= began]
    said = ended.stdout.decode(errors="replace")
    return Run(name, said, ended.returncode == 0, min(found, default=None))


def _corpus(place: Path, target: Target, seed: str | None) -> Path:
    """The directory that a run starts from and adds to; a new one where nothing may grow."""
    corpus = place / ("corpus" if seed is None else "once")
    if seed is not None:
        shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True, exist_ok=True)
    for index, example in enumerate(target.seeds):
        (corpus / f"seed-{index}").write_bytes(example)
    return corpus


def _escaped(word: bytes) -> str:
    """As libFuzzer reads a dictionary."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def _told(run: Run) -> Run:
    tried, branches, corpus = run.numbers
    found = "" if run.ended_well else "   broken"
    print(f"{run.name:<16}{tried:>12,}{branches:>12,}{corpus:>12,}{found}", flush=True)
    return run


def _report(run: Run) -> str:
    """What broke, and what to do with it."""
    said = run.said.partition(_DUMP)[0]
    said = said[max(said.find(_EXCEPTION), len(said) - _SAID) :]
    if run.find is None:
        return f"\n{run.name} did not run:\n{said}"
    return (
        f"\n{run.name} was broken by {run.find}:\n{said}\n"
        f"To keep it as a test, give it a name that says what it is:\n"
        f"    mkdir -p {KEPT.relative_to(ROOT) / run.name}\n"
        f"    mv {run.find} {KEPT.relative_to(ROOT) / run.name}/what-it-is\n"
        f"    python -m pytest tests/pixels/fuzz/test_kept.py -k {run.name}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
