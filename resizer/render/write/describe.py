"""`format=json`: what an original is and what a variant of it would measure."""

import json

from resizer.model.plan import Plan
from resizer.render.read.header import Header


def describe(header: Header, plan: Plan, file_size: int) -> bytes:
    """Cloudflare's shape: the variant's size, then the original's facts. Sizes are upright."""
    original = {
        "file_size": file_size,
        "width": header.size.width,
        "height": header.size.height,
        "format": str(header.format),
        "frames": header.frames,
        "pages": header.pages,
    }
    facts = {"width": plan.size.width, "height": plan.size.height, "original": original}
    return json.dumps(facts, separators=(",", ":")).encode()
