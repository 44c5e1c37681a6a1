"""Doubt about a file, said in one way."""


class Unusual(Exception):
    """Built in a way that is not looked into."""


def usual(truth: bool) -> bool:
    """`truth`, if it is. Raises Unusual."""
    if not truth:
        raise Unusual
    return truth
