"""How every test is run."""

import fcntl
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.support.root import ROOT

settings.register_profile("busy machine", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=400)
settings.load_profile("busy machine")

_checkout = os.open(ROOT, os.O_RDONLY)
"""Locked by every process that runs tests of it."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_is_alone)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """What is to be alone waits until no other process runs a test, and keeps them waiting."""
    fcntl.flock(_checkout, fcntl.LOCK_EX if _is_alone(item) else fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        fcntl.flock(_checkout, fcntl.LOCK_UN)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None
