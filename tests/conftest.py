"""Fixtures that several test files use."""
