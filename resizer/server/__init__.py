"""One process: everything wired, started and stopped."""
