"""From an original's bytes to a variant's, in processes that hostile bytes cannot leave.

In the gateway, where no picture is ever decoded:

- whose turn it is: `pool`, `place`, `crew`; `slow`, `pace`, `suspects`, `attempt`
- one process: `process`, `spawn`, `cpu`
- what it is told and says: `job`; what it is lent: `memfd`
- pixels kept for other renders of an original: `pixel_cache`, `stage`

In a worker:

- its loop and its lock: `worker`, `memory`; `sandbox`, `seccomp`, `escapes`, `svg_cost`
- a render from end to end: `pipeline`; `steps` lists what is done to each frame
- what an original is: `sniff`, `examine`, `header`; bounds of what it may ask for: `chunks`,
  `scans`, `svg`, `length`
- pixels that are there already, or are left for others: `stages`, `kept`, `octave`
- its pixels: `load`, `webp`, `decoders`; `gif` and `tiff` rewritten so that libvips reads them
  right, `lzw`, `gif_blocks`
- broken originals: `mend`, `cut_short`; those that fail and are `sound`
- what its colours mean: `profile`, `icc`, `cicp`, `hdr`, `png_colour`,
  `avif_colour`, `av1`
- what is done to pixels: `turn`, `trim`, `resize`, `colour`, `gamut`, `effects`, `canvas`, `frames`
- shrinking in linear light: `light`, by the matrices of `lanczos`; `pixels` back into libvips
- writing: `formats`, `encode`, `metadata`, `xmp`, `iptc`, `describe`; never larger than the
  original: `smaller`, `strip`, `bare`

`about` is a program of its own.
"""
