"""Pictures drawn for tests of the whole gateway."""

import pyvips


def drawing(width: int, height: int, colour: tuple[int, ...] = (200, 80, 40)) -> pyvips.Image:
    """One colour, with a gradient laid over it so that sizes and bytes tell pictures apart."""
    ramp = pyvips.Image.xyz(width, height)[0] * (40 / max(1, width))
    flat = pyvips.Image.black(width, height, bands=len(colour)) + list(colour)
    return (flat + ramp).cast("uchar").copy(interpretation="srgb")


def jpeg(width: int = 640, height: int = 480, colour: tuple[int, ...] = (200, 80, 40)) -> bytes:
    data: bytes = drawing(width, height, colour).jpegsave_buffer(Q=90)
    return data


def png(width: int = 64, height: int = 48, colour: tuple[int, ...] = (0, 120, 0, 128)) -> bytes:
    data: bytes = drawing(width, height, colour).pngsave_buffer()
    return data


def size(body: bytes) -> tuple[int, int]:
    """Width and height in pixels of encoded bytes."""
    image = pyvips.Image.new_from_buffer(body, "")
    return image.width, image.height
