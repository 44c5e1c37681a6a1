"""Image files as bytes: their parts, bounds and damage. No libvips."""
