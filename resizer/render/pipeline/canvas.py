"""What lies around and under a picture: pad, border, background."""

import pyvips

from resizer.model.transform import NO_EDGES, WHITE, Colour, Edges

_CLEAR = Colour(255, 255, 255, 0)


def pad(image: pyvips.Image, edges: Edges, background: Colour | None) -> pyvips.Image:
    """Extend with the background; with nothing where that is translucent or none.

    Flattening lays a translucent background under all of the picture, what was added included.
    """
    opaque = background is not None and background.alpha == 255
    return extended(image, edges, background if background and opaque else _CLEAR)


def extended(image: pyvips.Image, edges: Edges, colour: Colour) -> pyvips.Image:
    """The picture with `colour` added at its edges; a translucent one gives it alpha."""
    if edges == NO_EDGES:
        return image
    if colour.alpha < 255 and not image.hasalpha():
        image = image.bandjoin(255)
    ink = [colour.red, colour.green, colour.blue, colour.alpha]
    return image.embed(
        edges.left,
        edges.top,
        image.width + edges.left + edges.right,
        image.height + edges.top + edges.bottom,
        extend="background",
        background=ink[: image.bands],
    )


def flatten(image: pyvips.Image, background: Colour | None, *, alpha: bool) -> pyvips.Image:
    """Lay a picture on its background, where it has one to lie on.

    With `alpha` the format holds transparency, and only a background that was asked for goes
    under it; without, whatever still shines through is white. Never black.
    """
    if not image.hasalpha():
        return image
    if background and background.alpha == 255:
        return _on(image, background)
    if background and background.alpha:
        image = _over(image, background)
    return image if alpha else _on(image, WHITE)


def _on(image: pyvips.Image, colour: Colour) -> pyvips.Image:
    return image.flatten(background=[colour.red, colour.green, colour.blue])


def _over(image: pyvips.Image, colour: Colour) -> pyvips.Image:
    """The picture over a background that is itself translucent."""
    sheet = image.new_from_image([colour.red, colour.green, colour.blue, colour.alpha])
    return sheet.composite2(image, "over").rint().cast("uchar")
