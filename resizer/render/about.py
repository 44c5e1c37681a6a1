"""About libvips: its version and which formats it has. Run as a program, for the gateway's own
process never loads libvips: `python -m resizer.render.about` prints JSON."""

import json

import pyvips

from resizer.render.load import LOADERS


def about() -> dict[str, object]:
    """`version`, and of the formats that originals may have, those `unread`."""
    unread = [
        str(format_)
        for format_, (_, operation) in LOADERS.items()
        if not pyvips.type_find("VipsOperation", operation)
    ]
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    return {"version": version, "unread": unread}


if __name__ == "__main__":
    print(json.dumps(about()))
