"""Originals to measure with: drawn here, or photos of one's own."""

import pyvips


def noisy_picture(width: int = 800, height: int = 600) -> bytes:
    """A PNG whose variants are as many bytes as those of a busy photo."""
    noise = pyvips.Image.gaussnoise(width, height, mean=128, sigma=60).gaussblur(1.5)
    data: bytes = noise.cast("uchar").pngsave_buffer()
    return data


def photo(width: int = 3000, height: int = 2000) -> bytes:
    """A 6 MP JPEG with detail at every scale, as a camera would have made it."""
    scales = [pyvips.Image.perlin(width, height, cell_size=size) for size in (8, 32, 128, 512)]
    bands = [
        sum(scale * weight for scale, weight in zip(scales, weights, strict=True)) + 128
        for weights in ((20, 25, 30, 40), (18, 28, 26, 44), (24, 20, 34, 36))
    ]
    grain = pyvips.Image.gaussnoise(width, height, sigma=4)
    picture = bands[0].bandjoin(bands[1:]) + grain
    data: bytes = picture.cast("uchar").copy(interpretation="srgb").jpegsave_buffer(Q=88)
    return data
