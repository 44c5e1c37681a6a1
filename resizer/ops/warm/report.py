"""The report of `resizer warm`: hits, fills, bytes and failures, counted while it runs."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TextIO

from resizer.ops.warm.client import WarmOutcome
from resizer.ops.warm.variants import VariantSpec
from resizer.telemetry.humanize import counted

_SHOWN = 10
"""Failures kept to be shown, one an original; all are counted, and written where asked for."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A variant that could not be had."""

    key: str
    spec: VariantSpec
    outcome: WarmOutcome


@dataclass(slots=True)
class WarmReport:
    """Counts of one run."""

    failures_file: TextIO | None = None
    """Where every failure becomes a line of JSON."""
    originals: int = 0
    skipped: int = 0
    """Originals that an earlier run did."""
    filled: int = 0
    hits: int = 0
    bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """By kind of problem."""
    first: list[Failure] = field(default_factory=list)

    def add(self, key: str, spec: VariantSpec, outcome: WarmOutcome) -> None:
        if outcome.done:
            self.hits += outcome.hit
            self.filled += not outcome.hit
            self.bytes += outcome.bytes
            return
        self.failed[outcome.kind] += 1
        if len(self.first) < _SHOWN and all(key != failure.key for failure in self.first):
            self.first.append(Failure(key, spec, outcome))
        if self.failures_file is not None:
            self.failures_file.write(f"{_line(key, spec, outcome)}\n")


def _line(key: str, spec: VariantSpec, outcome: WarmOutcome) -> str:
    facts = {
        "key": key,
        "options": ",".join(spec.options),
        "accept": spec.accept,
        "status": outcome.status,
        "kind": outcome.kind,
        "detail": outcome.detail,
    }
    return json.dumps(facts, ensure_ascii=False)


def in_words(report: WarmReport) -> str:
    """The sum of it, in a line."""
    done = (
        f"{counted(report.originals, 'original')}: {counted(report.filled, 'variant')} filled,"
        f" {report.hits:,} there already, {report.failed.total():,} failed"
    )
    return done + (f"; {counted(report.skipped, 'original')} done before" if report.skipped else "")


def failures_in_words(report: WarmReport) -> list[str]:
    """How many of each kind, and the first of them one by one."""
    lines = [f"{number:,} × {kind}" for kind, number in report.failed.most_common()]
    for failure in report.first:
        options = ",".join(failure.spec.options)
        lines.append(f"{failure.key} {options}: {failure.outcome.detail}")
    if left := report.failed.total() - len(report.first):
        file = "the file of --failures" if report.failures_file else "--failures FILE"
        lines.append(f"and {left:,} more: {file} has them all")
    return lines
