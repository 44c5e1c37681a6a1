"""Values that all parts speak: the standard library alone, no I/O."""
