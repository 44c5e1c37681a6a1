"""From the text of a URL to an ImageRequest and back, and who may ask for it."""
