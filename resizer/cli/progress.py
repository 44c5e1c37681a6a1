"""Progress of a long command: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from resizer.cli.terminal import err

_LINE_EVERY = 10.0
"""Seconds."""


class ProgressDisplay(Protocol):
    """Where a command reports its progress."""

    def total(self, number: int) -> None: ...
    def advance(self) -> None: ...


@contextmanager
def progress(noun: str) -> Iterator[ProgressDisplay]:
    """On stderr, so that what the command prints stays by itself. Pulses until `total` is told."""
    if not err.is_terminal:
        yield Lines(noun)
        return
    columns = (TextColumn(f"{noun}s"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as bar:
        yield Bar(bar)


class Bar:
    """With rate and time left."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def total(self, number: int) -> None:
        self._bar.update(self._task, total=number)

    def advance(self) -> None:
        self._bar.advance(self._task)


class Lines:
    """One every few seconds, however fast it goes."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._done = 0
        self._total: int | None = None
        self._next = time.monotonic() + _LINE_EVERY

    def total(self, number: int) -> None:
        self._total = number

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LINE_EVERY
        of = f" of {self._total:,}" if self._total is not None else ""
        err.print(f"{self._done:,}{of} {self._noun}s")


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.1f}/s" if task.speed else "")
