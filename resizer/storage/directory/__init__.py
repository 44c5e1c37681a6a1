"""A directory of this machine: its address, and the source that reads it."""
