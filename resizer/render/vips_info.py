"""The version of libvips and the formats that it reads, as JSON.

`python -m resizer.render.vips_info` is a program of its own: the gateway never loads libvips.
"""

import json

import pyvips

from resizer.render.containers.sniff import SourceFormat
from resizer.render.read import decoders
from resizer.render.read.load import LOADERS


def vips_info() -> dict[str, object]:
    """`version`; of the formats that originals may have, those `unread`; of the `optional` ones,
    what reads each (None if nothing does), every page or its first alone, and what to install for
    more."""
    unread = [
        str(format_)
        for format_, (_, operation) in LOADERS.items()
        if not pyvips.type_find("VipsOperation", operation)
    ]
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    optional = {str(kind): _reader(kind) for kind in decoders.OPTIONAL}
    return {"version": version, "unread": unread, "optional": optional}


def _reader(kind: SourceFormat) -> dict[str, object]:
    decoder = decoders.decoder(kind)
    install, _ = decoders.OPTIONAL[kind]
    every_page = decoders.reads_every_page(kind)
    return {"by": decoder.NAME if decoder else None, "every_page": every_page, "install": install}


if __name__ == "__main__":
    print(json.dumps(vips_info()))
