"""render(): the bytes of originals and a Transform in, a variant's bytes out.

Runs in a worker, from memory to memory: nothing here opens a file. `steps` lists what is done to
each frame.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.formats import JSON_TYPE, OUTPUT_FORMATS, Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.plan import plan
from resizer.model.transform import Saliency, Transform, UniformEdge
from resizer.render.colour.convert import opaque, shows_through
from resizer.render.colour.gamut import with_gamut
from resizer.render.colour.profile import with_profile
from resizer.render.containers.output_formats import keeps_frames, output_format
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.no_larger import no_larger
from resizer.render.pipeline.overlay import read_overlays
from resizer.render.pipeline.reuse import find_image, leave_image, reused_or_opened
from resizer.render.pipeline.steps import FINISH, RESIZE, SHAPE, Work, apply, with_saliency_crop
from resizer.render.pipeline.trim import uniform_edge
from resizer.render.protocol.intermediate import IntermediateKind
from resizer.render.protocol.messages import Resampling
from resizer.render.read.decoders.decoded import BROKEN
from resizer.render.read.header import Header
from resizer.render.read.inspect import check_animation, check_decoder_limits, inspect
from resizer.render.read.load import block_other_loaders, load, load_frames, load_small
from resizer.render.read.salvage import check_end, salvaged, take_warnings
from resizer.render.write.encode import encode
from resizer.render.write.frames import joined, split

block_other_loaders()
_FAILURES = (pyvips.Error, UnicodeDecodeError, MemoryError)
"""libvips quotes files in its words, and pyvips cannot raise what is not UTF-8; numpy's memory."""
pyvips.cache_set_max(0)  # every job is of other bytes: a cache of operations only holds memory


def render(
    sources: Sequence[memoryview | bytes],
    transform: Transform,
    limits: Limits,
    resampling: Resampling,
    intermediates: Intermediates | None = None,
) -> Rendered:
    """One variant, whole, of an original that is; else as far as that goes and may go.

    The first of `sources` is the picture, and `intermediates` are of it alone; the others are laid
    over it. Raises UnprocessableSource, with a text for the client. `sources` must stay readable
    and unchanged until this returns, and so must the files of `intermediates`.
    """
    intermediates = intermediates or Intermediates()
    original, *overlays = [memoryview(source) for source in sources]
    start, page = perf_counter(), transform.page or 1
    take_warnings()  # of an earlier job

    def rendered(readable: memoryview, page: int, *, partial: bool = False) -> Rendered:
        header = inspect(readable, limits, page)
        if not partial:
            check_end(header)
        work = _prepared(header, transform, limits, resampling)
        work = replace(work, partial=partial, intermediates=intermediates)
        body, content_type = _written(work, len(original), overlays)
        size, seconds = work.plan.size, perf_counter() - start
        return Rendered(body, content_type, size.width, size.height, seconds, partial)

    try:
        try:
            return rendered(original, page)
        except _FAILURES as error:
            _check_memory(error, limits)
            check_decoder_limits(error, original, limits, page)
        intermediates.forget()
        return rendered(*salvaged(original, limits, page), partial=True)
    except _FAILURES as error:
        _check_memory(error, limits)
        # libvips' own words name its loaders, and sometimes hundreds of positions in the file.
        raise UnprocessableSource(BROKEN) from error


def _check_memory(error: Exception, limits: Limits) -> None:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        raise UnprocessableSource(
            f"The original needs more memory than {limits.render_memory_mb} MiB."
        ) from error


def _prepared(header: Header, transform: Transform, limits: Limits, resampling: Resampling) -> Work:
    """All decisions, before any pixel but those that `trim=border` must look at."""
    frames = header.frames > 1 and keeps_frames(transform, header.format)
    format_ = output_format(transform, header.format, frames=frames, alpha=False)
    transform = with_gamut(transform, wide=header.wide and OUTPUT_FORMATS[format_].profile)
    side = min(limits.max_output_side, OUTPUT_FORMATS[format_].max_side)
    by_edge = isinstance(transform.trim, UniformEdge)
    uniform = uniform_edge(header, limits) if by_edge else None
    numbers = plan(header.size, transform, replace(limits, max_output_side=side), uniform)
    if frames:
        check_animation(header.frames, header.stored, numbers.size, limits)
        resampling = Resampling.GAMMA  # linear light costs too much for each of many frames
    return Work(transform, numbers, header, limits, resampling, frames)


def _written(work: Work, file_size: int, overlays: list[memoryview]) -> tuple[bytes, str]:
    transform, header = work.transform, work.header
    if transform.format is Format.JSON:
        return _description(work, file_size), JSON_TYPE
    frames = _shaped(work)
    alpha = any(map(shows_through, frames))
    if not alpha:
        frames = [opaque(frame) for frame in frames]
    format_ = output_format(transform, header.format, frames=work.frames, alpha=alpha)
    written = OUTPUT_FORMATS[format_]
    laid = read_overlays(overlays, work.plan.size, transform.gamut, work.limits, header.pixels)
    work = replace(work, alpha=written.alpha, overlays=laid)
    image = joined([apply(FINISH, frame, work) for frame in frames], format_)
    body = no_larger(encode(image, format_, transform), image, format_, work)
    return body, written.media_type


def _description(work: Work, file_size: int) -> bytes:
    """`format=json` in Cloudflare's shape: the variant's size, then the original's facts, upright.

    Nothing is decoded for it.
    """
    header, size = work.header, work.plan.size
    original = {
        "file_size": file_size,
        "width": header.size.width,
        "height": header.size.height,
        "format": str(header.format),
        "frames": header.frames,
        "pages": header.pages,
    }
    facts = {"width": size.width, "height": size.height, "original": original}
    return json.dumps(facts, separators=(",", ":")).encode()


def _shaped(work: Work) -> list[pyvips.Image]:
    """Every frame at its size, upright and in its colours, out of the stream and held in memory."""
    if work.frames:
        return _shape(
            [apply(RESIZE, frame, work) for frame in split(load_frames(work.header))], work
        )
    if work.header.lazy:
        return _shape([apply(RESIZE, _opened(work), work)], work)
    header = work.header
    kept = find_image(
        work.intermediates,
        IntermediateKind.SHAPED,
        work.shape,
        lambda: load(header.source, header.format),
    )
    if kept is not None:
        return [with_profile(kept.copy(interpretation="srgb"), None)]
    (frame,) = _shape([apply(RESIZE, _opened(work), work)], work)
    leave_image(work.intermediates, IntermediateKind.SHAPED, work.shape, frame)
    return [frame]


def _opened(work: Work) -> pyvips.Image:
    """The one picture, decoded as small as its target allows."""
    header, trim, target = work.header, work.trim, work.resized
    shrink = min(trim.width / target.width, trim.height / target.height)
    trimmed = trim.size != header.stored

    def open_small() -> pyvips.Image:
        return load_small(header, shrink, work.resampling, work.limits, trimmed=trimmed)

    return reused_or_opened(header, open_small, work.intermediates)


def _shape(frames: list[pyvips.Image], work: Work) -> list[pyvips.Image]:
    resized = work.plan.resized
    crops = work.plan.crop.size != resized and resized.pixels <= work.limits.max_source_pixels
    if crops and isinstance(work.transform.gravity, Saliency):
        frames[0] = frames[0].copy_memory()
        work = with_saliency_crop(frames[0], work)
    return [apply(SHAPE, frame, work) for frame in frames]
