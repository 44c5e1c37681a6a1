"""`format=json`, whole."""

import json

from resizer.model.formats import Format
from tests.support.drawings import header_alone, png, quarters, rendered


def test_json_describes_original_and_variant_without_decoding() -> None:
    source = header_alone(png(quarters(120, 80)))
    variant = rendered(source, format=Format.JSON, width=60, rotate=90)
    assert variant.content_type == "application/json"
    assert json.loads(variant.body) == {
        "width": 60,
        "height": 90,
        "original": {
            "file_size": len(source),
            "width": 120,
            "height": 80,
            "format": "image/png",
            "frames": 1,
            "pages": 1,
        },
    }
