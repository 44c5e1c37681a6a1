"""`resizer serve`: the server."""

import gc
from functools import partial

from resizer.cli.terminal import exit_with, settings_or_exit
from resizer.render.host.spawn import spawn_ahead
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import SERVING
from resizer.settings.settings import Settings


@settings_as_flags(*Settings.model_fields)
def serve(config: ConfigFlag = None, **flags: str | None) -> None:
    """Serve images by the settings, until SIGTERM."""
    gc.disable()  # until all is imported and made: of that nothing is garbage
    settings = settings_or_exit(config, flags, SERVING)
    if settings.workers == 1:
        spawn_ahead(settings.renderers_each)
    from resizer.server.app import create_app
    from resizer.server.uvicorn import listen, run

    try:
        bound = listen(settings.host, settings.port)
    except OSError as error:
        exit_with(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")
    run(partial(create_app, settings), settings, bound)
