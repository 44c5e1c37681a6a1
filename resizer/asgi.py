"""The gateway for any ASGI server: `resizer.asgi:app` is a factory, called once in each process.

Settings come from the environment and the file; wrong ones raise SettingsError.
"""

from starlette.types import ASGIApp

from resizer.server.app import create_app
from resizer.settings.load import read_settings
from resizer.settings.rules import SERVING


def app() -> ASGIApp:
    """The gateway as the settings have it. Needs the lifespan protocol."""
    return create_app(read_settings(rules=SERVING))
