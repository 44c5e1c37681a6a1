"""A report for a person to look at: every operation on every kind of input, side by side."""
