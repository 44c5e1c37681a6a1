"""URL dialects: each reads its own paths into an ImageRequest, and writes them."""
