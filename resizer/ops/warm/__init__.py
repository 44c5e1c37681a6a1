"""Warm: ask a running gateway for variants before anybody else does.

    run.warm(keys, …)     the whole of it: keys in, a Report out

It goes by HTTP, so that every tier is filled, every limit holds, and somebody else's request for
the same variant is waited for and not made twice.
"""
