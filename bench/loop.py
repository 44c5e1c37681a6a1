"""The bare worker loop: the render pipeline in one process a core, and nothing around it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import shared_out
from bench.peers import Ask
from bench.servers import CORES
from resizer.render.host.spawn import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Loop:
    """Processes that wait for asks."""

    hands: Sequence[Callable[[Ask], None]]

    def seconds_of(self, asks: Sequence[Ask]) -> float:
        return shared_out(asks, self.hands)


@contextmanager
def loop(folder: Path, resampling: str, processes: int = CORES) -> Iterator[Loop]:
    """Over the originals of a folder, set up as workers are."""
    with ExitStack() as stack:
        yield Loop([stack.enter_context(_hand(folder, resampling)) for _ in range(processes)])


@contextmanager
def _hand(folder: Path, resampling: str) -> Iterator[Callable[[Ask], None]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.loop", str(folder), resampling],
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, process.stdout

    def hand(ask: Ask) -> None:
        print(ask.key, ask.format, ask.width, ask.height or 0, file=stdin, flush=True)
        if not stdout.readline():
            raise RuntimeError(f"the loop could not render {ask.key}")

    stdout.readline()
    yield hand
    stdin.close()
    process.wait(20)


def main() -> None:
    """Render what is asked for on stdin, one line each; a line on stdout says it is done."""
    from resizer.model.formats import Format
    from resizer.model.limits import Limits
    from resizer.model.transform import Transform
    from resizer.render.pipeline.pipeline import render
    from resizer.render.protocol.messages import Resampling

    folder, resampling, limits = Path(sys.argv[1]), Resampling(sys.argv[2]), Limits()
    print("ready", flush=True)
    for line in sys.stdin:
        key, format_, width, height = line.split()
        asked = Transform(
            width=int(width),
            height=int(height) or None,
            format=Format(format_),
            quality=Ask(key, format_).quality,
        )
        source = (folder / key).read_bytes()
        print(len(render([source], asked, limits, resampling).body), flush=True)


if __name__ == "__main__":
    main()
