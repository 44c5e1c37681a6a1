"""The response headers that one reply of an image adds to those that its variant brings."""

from dataclasses import dataclass

from resizer.gateway.answer import Answer


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """Lifetimes in seconds that replies give to browsers and CDNs (RFC 9111 §5.2.2, RFC 5861)."""

    max_age: int
    s_maxage: int
    stale_while_revalidate: int
    stale_if_error: int
    error_max_age: int
    partial_max_age: int = 0


NO_STORE = "no-store"
"""Of what was flushed while it was made: in front of the gateway it would outlive the purge."""


def cache_control(
    policy: CachePolicy,
    expires: int | None,
    now: float,
    *,
    stale: bool = False,
    partial: bool = False,
) -> str:
    """`Cache-Control` of an image, never promising more than is left of the URL's `exp`.

    What is `stale` here is to be asked for again soon: the source is being asked. What is
    `partial` may be whole soon, and is then not to be shown any more.
    """
    most = max(policy.max_age, policy.s_maxage)
    most = min(most, policy.error_max_age) if stale else most
    most = min(most, policy.partial_max_age) if partial else most
    max_age, s_maxage = min(policy.max_age, most), min(policy.s_maxage, most)
    revalidate = 0 if partial else policy.stale_while_revalidate
    if_error = min(policy.stale_if_error, most) if partial else policy.stale_if_error
    if expires is not None:
        left = max(0, expires - int(now) - 1)
        max_age, s_maxage = min(max_age, left), min(s_maxage, left)
        stale_left = left - max(max_age, s_maxage)
        revalidate, if_error = min(revalidate, stale_left), min(if_error, stale_left)
    return (
        f"public, max-age={max_age}, s-maxage={s_maxage}, "
        f"stale-while-revalidate={revalidate}, stale-if-error={if_error}"
    )


MEMORY_HIT, REDIS_HIT = "resizer; hit; detail=memory", "resizer; hit; detail=redis"
"""`Cache-Status` of what `cache_status` need not be asked for."""


def cache_status(answer: Answer) -> str:
    """`Cache-Status` (RFC 9211): how the gateway's own cache came by the answer."""
    marks = "; collapsed" if answer.coalesced else ""
    marks += "; partial" if answer.variant.partial else ""
    if answer.tier:
        stale = "; ttl=-1" if answer.stale else ""
        return f"resizer; hit{stale}; detail={answer.tier}{marks}"
    forwarded = "fwd=stale; fwd-status=304" if answer.unchanged else "fwd=uri-miss; fwd-status=200"
    stored = "; stored" if answer.stored else ""
    return f"resizer; {forwarded}{stored}{marks}"


def server_timing(answer: Answer) -> str | None:
    """`Server-Timing` of a fill: milliseconds spent in fetch and render."""
    if answer.tier:
        return None
    fetch, render = answer.fetch_seconds * 1000, answer.render_seconds * 1000
    return f"fetch;dur={fetch:.1f}, render;dur={render:.1f}"
