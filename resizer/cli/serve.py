"""`resizer serve`."""

import gc
from functools import partial

from resizer.cli.terminal import fail, read
from resizer.flags import ConfigFlag, settings_as_flags
from resizer.rules import SERVING
from resizer.settings import Settings


@settings_as_flags(*Settings.model_fields)
def serve(config: ConfigFlag = None, **flags: str | None) -> None:
    """Serve images by the settings, until SIGTERM."""
    gc.disable()  # until all is imported and made: of that nothing is garbage
    from resizer.app import create_app
    from resizer.server import listen, run

    settings = read(config, flags, SERVING)
    try:
        bound = listen(settings.host, settings.port)
    except OSError as error:
        fail(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")
    run(partial(create_app, settings), settings, bound)
