"""From an original's bytes to an image, whole or as far as it goes."""
