"""From an original's bytes to a variant's, in processes that hostile bytes cannot leave.

In the gateway, where no picture is ever decoded: `host`, the workers and whose turn it is.

What the gateway and a worker say to each other: `protocol`.

In a worker, from the first line to the last:

- `worker` is its loop; `sandbox` locks it in before it sees a byte
- `containers` reads files as bytes: what they are, and bounds of what they may ask for
- `read` makes an image of them, `colour` says what its colours mean
- `pipeline` is a render from end to end, and `write` makes the variant's bytes

`vips_info` is a program of its own.
"""
