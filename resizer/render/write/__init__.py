"""From an image to a variant's bytes."""
