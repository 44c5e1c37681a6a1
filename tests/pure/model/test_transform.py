from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.formats import Format
from resizer.model.transform import (
    BLACK,
    Border,
    Box,
    Colour,
    Edges,
    Fit,
    Flip,
    Gamut,
    Metadata,
    Point,
    Quality,
    Saliency,
    Transform,
    UniformEdge,
)
from tests.support.transforms import FIELDS, transforms

GOLDEN = [
    (Transform(), ""),
    (Transform(width=400, format=Format.AUTO_AVIF), "width=400,format=auto-avif"),
    (
        Transform(
            format=Format.WEBP,
            quality=80,
            gravity=Point(0.5, 0.2),
            fit=Fit.COVER,
            height=300,
            width=400,
            dpr=2.0,
        ),
        "width=400,height=300,dpr=2,fit=cover,gravity=0.5x0.2,quality=80,format=webp",
    ),
    (Transform(gravity=Saliency(), fit=Fit.ASPECT_CROP), "fit=aspect-crop,gravity=auto"),
    (Transform(dpr=1.5, quality=Quality.MEDIUM_LOW), "dpr=1.5,quality=medium-low"),
    (
        Transform(fit=Fit.PAD, background=Colour(240, 40, 145, 128), anim=False),
        "fit=pad,anim=false,background=#f0289180",
    ),
    (
        Transform(border=Border(Edges(1, 2, 3, 4), BLACK), background=Colour(255, 255, 255)),
        "background=#ffffff,border=1;2;3;4;#000000",
    ),
    (
        Transform(trim=Edges(20, 30, 20, 0), rotate=90, flip=Flip.HV),
        "rotate=90,flip=hv,trim=20;30;20;0",
    ),
    (Transform(trim=Box(left=10, width=500)), "trim=left=10;top=0;width=500"),
    (Transform(gamut=Gamut.P3, metadata=Metadata.KEEP), "gamut=p3,metadata=keep"),
    (Transform(trim=UniformEdge(), metadata=Metadata.NONE), "trim=border,metadata=none"),
    (
        Transform(blur=2.5, sharpen=1, brightness=1.1, contrast=0.9, gamma=2.0, saturation=0),
        "blur=2.5,sharpen=1,brightness=1.1,contrast=0.9,gamma=2,saturation=0",
    ),
    (Transform(page=3, background=Colour(0, 0, 0)), "page=3,background=#000000"),
    (Transform(format=Format.AUTO_JPEG, fast=True), "format=auto-jpeg,compression=fast"),
]
"""A change here changes the cache key of every variant stored: do it on purpose only."""


@pytest.mark.parametrize(("transform", "text"), GOLDEN)
def test_the_canonical_text_is_the_one_that_variants_are_cached_under(
    transform: Transform, text: str
) -> None:
    assert str(transform) == text


def test_the_golden_texts_use_every_field() -> None:
    defaults = Transform()
    used = {
        field.name
        for transform, _ in GOLDEN
        for field in fields(Transform)
        if getattr(transform, field.name) != getattr(defaults, field.name)
    }
    assert used == {field.name for field in fields(Transform)} == set(FIELDS)


@given(transforms)
def test_equal_transforms_have_equal_text(transform: Transform) -> None:
    assert str(replace(transform)) == str(transform)


@given(transforms, st.data())
def test_a_transform_that_differs_in_one_field_has_another_text(
    transform: Transform, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    other = replace(transform, **{name: data.draw(FIELDS[name])})
    assert (str(transform) == str(other)) == (transform == other)


def test_whole_numbers_have_one_text_whether_int_or_float() -> None:
    assert str(Transform(dpr=2, blur=3, sharpen=0)) == str(Transform(dpr=2.0, blur=3.0))
