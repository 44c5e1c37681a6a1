"""The steps of a render by name, in the order in which they are done to each frame.

The order is that of the URL grammar: orientation → trim → flip → rotate → resize and crop → colour
→ blur, sharpen → pad, border → overlays → flatten. Only `orient`, which is orientation, flip and
rotate in one, is done after the crop: it comes out the same (see `orientation`), and there the
picture is small.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyvips

from resizer.model.geometry import Area, Size
from resizer.model.limits import Limits
from resizer.model.plan import Plan
from resizer.model.transform import Saliency, Transform
from resizer.render.colour import convert
from resizer.render.pipeline import canvas, effects
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.overlay import lay
from resizer.render.pipeline.resize import resize
from resizer.render.pipeline.trim import cut
from resizer.render.protocol.messages import Resampling
from resizer.render.read.header import Header
from resizer.render.read.orientation import Orientation, requested
from resizer.render.read.salvage import check_warnings


@dataclass(frozen=True, slots=True)
class Work:
    """Everything the steps of one render need to know."""

    transform: Transform
    plan: Plan
    header: Header
    limits: Limits
    resampling: Resampling
    frames: bool
    """Whether the original is an animation and stays one."""
    alpha: bool = True
    """Whether the format to write holds transparency."""
    partial: bool = False
    """Whether the original is shown as far as it goes."""
    intermediates: Intermediates = field(default_factory=Intermediates)
    """What it may begin with, and leave behind."""
    overlays: tuple[pyvips.Image, ...] = ()
    """What is laid over each frame."""

    @property
    def orientation(self) -> Orientation:
        """From the picture as it is stored to the one asked for."""
        return self.header.orientation.then(requested(self.transform))

    @property
    def trim(self) -> Area:
        """What is kept of the picture as it is stored."""
        return self.header.orientation.inverse.area(self.plan.trim, self.header.size)

    @property
    def resized(self) -> Size:
        """What that is resized to, still as it is stored."""
        return self.orientation.inverse.size(self.plan.resized)

    @property
    def crop(self) -> Area:
        """What is kept of that, still as it is stored."""
        return self.orientation.inverse.area(self.plan.crop, self.plan.resized)

    @property
    def wanted(self) -> Area | None:
        """What of the resized picture is looked at: all where it decides what is kept."""
        return None if isinstance(self.transform.gravity, Saliency) else self.crop

    @property
    def shape(self) -> str:
        """All that decides the pixels after `SHAPE`, as a name for them."""
        plan, orientation, aim = self.plan, self.orientation, self.transform.gravity
        areas = (plan.trim, Area(0, 0, plan.resized.width, plan.resized.height), plan.crop)
        numbers = (f"{a.left},{a.top},{a.width},{a.height}" for a in areas)
        aimed = "auto" if isinstance(aim, Saliency) else ""
        turned = f"{orientation.mirrored:d}{orientation.quarters}"
        words = (self.header.page, self.resampling, self.transform.gamut, turned, aimed, *numbers)
        return " ".join(map(str, words))


Step = Callable[[pyvips.Image, Work], pyvips.Image]


def apply(steps: tuple[Step, ...], image: pyvips.Image, work: Work) -> pyvips.Image:
    """The image after these steps."""
    for step in steps:
        image = step(image, work)
    return image


def with_saliency_crop(image: pyvips.Image, work: Work) -> Work:
    """The work with its crop where the eye goes (libvips `smartcrop`), found in one resized frame.

    The image must be held in memory.
    """
    crop = work.crop
    found = image.smartcrop(crop.width, crop.height, interesting="attention")
    area = Area(-found.xoffset, -found.yoffset, crop.width, crop.height)
    return replace(work, plan=replace(work.plan, crop=work.orientation.area(area, work.resized)))


def _trim(image: pyvips.Image, work: Work) -> pyvips.Image:
    return cut(image, work.trim, work.header.stored)


def _samples(image: pyvips.Image, work: Work) -> pyvips.Image:
    return convert.samples(image, work.transform.gamut)


def _resize(image: pyvips.Image, work: Work) -> pyvips.Image:
    return resize(image, work.resized, work.resampling, work.wanted, partial=work.partial)


def _crop(image: pyvips.Image, work: Work) -> pyvips.Image:
    area = work.crop
    if area.size == work.resized:
        return image
    return image.crop(area.left, area.top, area.width, area.height)


def _hold(image: pyvips.Image, work: Work) -> pyvips.Image:
    """Up to here pixels stream from the loader, once and from top to bottom."""
    held = image.copy_memory()
    if not work.partial:
        check_warnings()
    return held


def _orient(image: pyvips.Image, work: Work) -> pyvips.Image:
    return work.orientation.image(image)


def _colour(image: pyvips.Image, work: Work) -> pyvips.Image:
    return convert.displayed(image, work.transform.gamut).copy_memory()


def _adjust(image: pyvips.Image, work: Work) -> pyvips.Image:
    return convert.adjust(image, work.transform)


def _blur(image: pyvips.Image, work: Work) -> pyvips.Image:
    return effects.blur(image, work.transform.blur) if work.transform.blur else image


def _sharpen(image: pyvips.Image, work: Work) -> pyvips.Image:
    return effects.sharpen(image, work.transform.sharpen) if work.transform.sharpen else image


def _pad(image: pyvips.Image, work: Work) -> pyvips.Image:
    return canvas.pad(image, work.plan.pad, work.transform.background)


def _border(image: pyvips.Image, work: Work) -> pyvips.Image:
    border = work.transform.border
    return canvas.extended(image, work.plan.border, border.colour) if border else image


def _overlay(image: pyvips.Image, work: Work) -> pyvips.Image:
    return lay(image, work.overlays)


def _flatten(image: pyvips.Image, work: Work) -> pyvips.Image:
    return canvas.flatten(image, work.transform.background, alpha=work.alpha)


RESIZE: tuple[Step, ...] = (_trim, _samples, _resize)
SHAPE: tuple[Step, ...] = (_crop, _hold, _orient, _colour)
FINISH: tuple[Step, ...] = (_adjust, _blur, _sharpen, _pad, _border, _overlay, _flatten)
