"""Coverage-guided fuzzing of all that reads what strangers write.

    scripts/fuzz 60              every target for a minute each
    scripts/fuzz 600 urls keys   these two for ten minutes each

`targets` has a module for each parser: the bytes a fuzzer makes up go in, and whatever must hold of
them is asserted there. What once broke a target lies in `kept/<target>/` and is tried again by
`tests/pixels/fuzz/test_kept.py`, which needs no fuzzer.
"""
