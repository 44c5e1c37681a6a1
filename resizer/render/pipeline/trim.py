"""Cutting an original before everything else: by numbers, or by its uniform edge."""

from math import ceil, floor

import pyvips

from resizer.model.geometry import Area, Size
from resizer.model.limits import Limits
from resizer.render.colour.convert import opaque, samples
from resizer.render.read import pillow_webp
from resizer.render.read.header import Header
from resizer.render.read.load import load_drawn

_THRESHOLD = 12
"""How far a sample may be from the corner's and still be edge: JPEG noise stays under it."""


def uniform_edge(header: Header, limits: Limits) -> Area:
    """What lies inside the edge of one colour, on the upright original (libvips `find_trim`).

    The colour is that of the left top corner; where that is transparent, every transparent pixel
    is edge. Decodes the whole first frame. Width and height are 0 where all of it is edge.
    """
    opened = load_drawn(header, 1.0, limits)
    image = samples(pillow_webp.read_pixels(opened, header)).copy_memory()
    corner = image(0, 0)
    if image.hasalpha() and corner[-1] == 0:
        found = image.extract_band(image.bands - 1).find_trim(threshold=0, background=[0])
    else:
        colour = opaque(image)
        found = colour.find_trim(threshold=_THRESHOLD, background=corner[: colour.bands])
    across, down = header.stored.width / image.width, header.stored.height / image.height
    left, top, width, height = found
    area = Area(
        round(left * across), round(top * down), round(width * across), round(height * down)
    )
    return header.orientation.area(area, header.stored)


def cut(frame: pyvips.Image, trim: Area, stored: Size) -> pyvips.Image:
    """What `trim` keeps of a frame that may have been loaded smaller than `stored`.

    A cut between two pixels goes inwards: nothing of what is trimmed may shine through.
    """
    if trim.size == stored:
        return frame
    across, down = frame.width / stored.width, frame.height / stored.height
    left = min(ceil(trim.left * across), frame.width - 1)
    top = min(ceil(trim.top * down), frame.height - 1)
    right = max(left + 1, floor((trim.left + trim.width) * across))
    bottom = max(top + 1, floor((trim.top + trim.height) * down))
    return frame.crop(left, top, right - left, bottom - top)
