"""What `bench.encoders` tries: settings of libvips' savers, format by format.

One of each format is the default of `resizer.render.write.encode`, which the others are held
against.
"""

from dataclasses import dataclass, field

from resizer.model.formats import OUTPUT_FORMATS, Format


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to write a format; `name` is how the table calls it."""

    name: str
    options: dict[str, object] = field(default_factory=dict)


_BASE: dict[str, object] = {"optimize_coding": True}
_PROGRESSIVE = _BASE | {"interlace": True}
_SCANS = _PROGRESSIVE | {"optimize_scans": True}
_TRELLIS: dict[str, object] = {"trellis_quant": True}
_AV1: dict[str, object] = {"compression": "av1", "bitdepth": 8}
_DEEP = _AV1 | {"bitdepth": 10}
_444: dict[str, object] = {"subsample_mode": "off"}

SAVERS = {format_: written.save for format_, written in OUTPUT_FORMATS.items()}

QUALITIES = {
    Format.JPEG: (35, 52, 70, 83, 92),
    Format.WEBP: (30, 52, 73, 87, 95),
    Format.AVIF: (35, 46, 58, 70, 82),
}
"""Far enough apart for curves from a score of 45 to one of 87."""

TRIED = {
    Format.JPEG: [
        Setting("baseline", _BASE),
        Setting("baseline, Huffman tables of the standard"),
        *(Setting(f"baseline, table {n}", _BASE | {"quant_table": n}) for n in (2, 3, 4, 5, 6)),
        Setting("baseline, table 5, trellis", _BASE | _TRELLIS | {"quant_table": 5}),
        Setting("baseline, table 5, 4:4:4", _BASE | _444 | {"quant_table": 5}),
        Setting("progressive", _PROGRESSIVE),
        Setting("progressive, table 5", _PROGRESSIVE | {"quant_table": 5}),
        Setting("progressive, table 5, trellis", _PROGRESSIVE | _TRELLIS | {"quant_table": 5}),
        Setting("progressive, best scans, table 5", _SCANS | {"quant_table": 5}),
        Setting("the same, trellis", _SCANS | _TRELLIS | {"quant_table": 5}),
    ],
    Format.WEBP: [
        *(Setting(f"effort {n}", {"effort": n}) for n in range(7)),
        Setting("effort 2, photo", {"effort": 2, "preset": "photo"}),
        Setting("effort 2, sharp chroma", {"effort": 2, "smart_subsample": True}),
        Setting("effort 2, deblock", {"effort": 2, "smart_deblock": True}),
        Setting("effort 2, 3 passes", {"effort": 2, "passes": 3}),
    ],
    Format.AVIF: [
        *(Setting(f"effort {n}, 8 bits", _AV1 | {"effort": n}) for n in (0, 1)),
        *(Setting(f"effort {n}, 10 bits", _DEEP | {"effort": n}) for n in (0, 1, 2, 3)),
        Setting("effort 0, 8 bits, tune ssim", _AV1 | {"effort": 0, "tune": "ssim"}),
        Setting("effort 0, 8 bits, 4:4:4", _AV1 | _444 | {"effort": 0}),
        Setting("effort 0, 10 bits, 4:4:4", _DEEP | _444 | {"effort": 0}),
    ],
    Format.PNG: [
        Setting(f"{level}, {name}", {"compression": level, "filter": name})
        for level in (1, 2, 3, 4, 6, 9)
        for name in ("none", "sub", "up", "avg", "paeth", "all")
    ],
    Format.GIF: [Setting(f"effort {n}", {"effort": n}) for n in (1, 2, 3, 4, 5, 7, 10)],
}


def is_default(format_: Format, setting: Setting) -> bool:
    """Whether the product writes `format_` so."""
    return setting.options == OUTPUT_FORMATS[format_].settings
