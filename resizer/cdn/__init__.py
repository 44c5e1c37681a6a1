"""CDNs and caching proxies in front of the gateway are purged of what was flushed.

    policy = PurgePolicy((read_target("fastly:SU1Z0isxPaoz"),), tokens={"fastly_token": "…"})
    outcomes = await purge(policy, [Flush(key="photos/cat.jpg")], paths=[])

A vendor is a module of `vendors`: its name in the setting `CDN`, what it needs, the calls that tell
it and how to read its refusals. `purge` makes the calls, at the pace that the vendor allows, again
where it helps, and says how it went.
"""
