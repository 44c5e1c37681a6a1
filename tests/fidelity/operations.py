"""Every operation, as URLs ask for it, in groups."""

BOX = "w=200,h=200"
"""Taller than the card, so that fits differ."""

OPERATIONS: dict[str, tuple[str, ...]] = {
    "sizes": ("w=240", "h=90", "w=120,dpr=2", "w=24", "w=700,fit=contain"),
    "fits": (
        *(f"{BOX},fit={fit}" for fit in ("scale-down", "contain", "pad", "squeeze")),
        *(f"{BOX},fit={fit}" for fit in ("cover", "crop", "aspect-crop")),
        f"{BOX},fit=pad,background=gold",
    ),
    "gravity": tuple(
        f"w=100,h=200,fit=cover,g={g}" for g in ("left", "right", "auto", "0.2x0.5", "center")
    ),
    "formats": tuple(
        f"w=240,f={f}" for f in ("jpeg", "baseline-jpeg", "png", "webp", "avif", "gif")
    ),
    "quality": (
        *(f"w=240,f=jpeg,q={q}" for q in ("low", "medium-low", "medium-high", "high", "10")),
        "w=240,compression=fast",
    ),
    "background": (
        "w=240,f=jpeg",
        "w=240,background=tomato",
        "w=240,background=rgb%280%200%20255%20/%2040%25%29",
    ),
    "light": (
        *("w=240,brightness=1.3", "w=240,contrast=1.5", "w=240,gamma=2", "w=240,gamma=0.5"),
        *("w=240,saturation=0", "w=240,saturation=2"),
    ),
    "edges": ("w=240,blur=4", "w=240,blur=60", "w=240,sharpen=1", "w=240,sharpen=8"),
    "turns": (
        *("w=240,rotate=90", "w=240,rotate=180", "w=160,h=120,fit=cover,rotate=270"),
        *("w=240,flip=h", "w=240,flip=v", "w=160,flip=h,rotate=90"),
    ),
    "cuts": (
        *("trim=40;60;40;60,w=240", "trim.left=56,w=240", "trim=border,w=240"),
        *("w=240,border=8;navy", "w=200,h=200,fit=pad,border=2;6;10;14;teal"),
    ),
    "frames": ("w=160,anim=false", "w=160,page=2"),
    "gamut": ("w=240", "w=240,gamut=p3"),
}
