"""nginx in front of a gateway, told by `resizer flush` which URLs to forget."""

import asyncio

from resizer.cdn.purge import purge
from resizer.cdn.target import PurgePolicy, read_target
from resizer.model.flush import Flush
from tests.support.fronts import Front, Requests
from tests.support.live import KEY

ACCEPTS = ("image/avif", "image/webp", "*/*")


def test_a_purge_target_forgets_the_noted_urls(nginx: Front) -> None:
    requests = Requests(nginx.gateway)
    small, large = (nginx.gateway.signed(KEY, f"width={w}", "format=auto") for w in (100, 200))
    paths = [url.removeprefix(nginx.gateway.url) for url in (small, large)]
    for path in paths * 2:
        for accept in ACCEPTS:
            nginx.ask(path, accept=accept)
    assert len(requests.new()) == 6
    policy = PurgePolicy((read_target(f"purge:{nginx.url}"),))
    (outcome,) = asyncio.run(purge(policy, [Flush(key=KEY)], paths[:1]))
    assert (outcome.calls, outcome.failure) == (1, None)
    for path in paths:
        for accept in ACCEPTS:
            nginx.ask(path, accept=accept)
    assert {entry["path"] for entry in requests.new()} == {
        paths[0].partition("sig=")[0] + "sig=…/" + KEY
    }


def test_a_ban_is_not_for_nginx(nginx: Front) -> None:
    assert nginx.ask("/", "BAN", surrogate_key=KEY).status_code == 404
