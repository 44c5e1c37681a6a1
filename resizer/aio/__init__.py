"""Tools for the event loop that know of no image: tasks, retries, a circuit breaker, an LRU."""
