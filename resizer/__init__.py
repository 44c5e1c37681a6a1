"""resizer: a private-bucket image gateway."""

__version__ = "0.1.0"
