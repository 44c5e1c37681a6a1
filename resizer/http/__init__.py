"""The ASGI side and the hit lane: requests in, replies out."""
