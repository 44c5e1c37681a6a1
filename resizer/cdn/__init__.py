"""What stands in front of the gateway and keeps replies: told to forget what was flushed.

    policy = PurgePolicy((read_target("fastly:SU1Z0isxPaozGVKXdv0eY"),), fastly_token="…")
    outcomes = await purge(policy, [Flush(key="photos/cat.jpg")], paths=[])

`plan` turns a target and what was flushed into calls and decides everything; `purge` makes them,
at the pace that the target's keeper allows, again where it helps, and says how it went.
"""
