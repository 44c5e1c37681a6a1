"""The way of a request, from a key and a Transform to a variant."""
