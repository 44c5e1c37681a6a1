"""`resizer demo`: a gallery over sample pictures."""

from pathlib import Path
from typing import Annotated

import typer

from resizer.cli.terminal import ASKED_WRONGLY, exit_with, out


def demo(
    images: Annotated[
        Path | None,
        typer.Option(help="Show the pictures of this directory instead of the samples."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1; the next free one if taken.")
    ] = 8080,
) -> None:
    """A gallery over sample pictures: memory cache, open URLs, loopback only."""
    from resizer.ops.demo.run import run_demo

    if images is not None and not images.is_dir():
        exit_with(f"--images: there is no directory {images}", ASKED_WRONGLY)
    try:
        run_demo(images, port, out.print)
    except OSError as error:
        exit_with(f"cannot listen on 127.0.0.1:{port}: {error.strerror}")
    except LookupError as error:
        exit_with(str(error.args[0]))
