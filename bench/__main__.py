"""Everything in one go, on one machine: `python -m bench`.

Prints each target's figure as it comes, and says which peers are not here. With `--write` the
tables of BENCHMARK.md, its chart and bench/results.json are made anew; targets that were not run
keep their figures of this machine.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

# Before libvips and numpy are loaded, so that CPU is counted of one thread that works.
os.environ.setdefault("VIPS_CONCURRENCY", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench import chart, originals, report, results, versions
from bench.peers.url import FIELDS
from bench.row import Row, skipped
from bench.stage import Rivals
from bench.targets import TARGETS, Found, Run

ROOT = Path(__file__).parents[1]
PAGE, CHART = ROOT / "BENCHMARK.md", ROOT / "docs/benchmark.svg"
TITLE = "Pictures a second, times those of others"
UNDER = "Misses: fit 512×512, the same qualities, distinct originals, all cores. Hits: one core."


def main() -> None:
    """Measure what is asked for and tell it."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the servers that were started
    if not options.draw:
        run = _run(options)
        new = measured(run, options.only)
        if options.write:
            on = {"machine": versions.machine(), "peers": versions.peers(run.rivals)}
            results.write(results.merged(results.read(), on, new))
    if options.write or options.draw:
        draw(results.read())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--only", type=_targets, default=list(TARGETS), help=f"some of {','.join(TARGETS)}")
    add("--photos", type=Path, help="a folder of JPEGs; else those beside the checkout, or drawn")
    add("--quick", action="store_true", help="few photos and rounds: some two minutes")
    add("--long", action="store_true", help="memory after 10,000 renders, not 2,000")
    add("--thumbor", metavar="PROGRAM", help="else the one on the PATH")
    add("--ipx", type=Path, metavar="FOLDER", help="where `npm install ipx` was run")
    add("--peer", action="append", default=[], metavar="NAME=URL", help=f"with {FIELDS}")
    add("--write", action="store_true", help="BENCHMARK.md, its chart and bench/results.json")
    add("--draw", action="store_true", help="the same from bench/results.json, measuring nothing")
    return parser.parse_args()


def _targets(given: str) -> list[str]:
    names = given.split(",")
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(TARGETS)}")
    return names


def _run(options: argparse.Namespace) -> Run:
    photos = originals.photos(options.photos, quick=options.quick)
    rivals = Rivals(options.thumbor, options.ipx, options.peer)
    return Run(photos, rivals, options.quick, options.long)


def measured(run: Run, names: list[str]) -> dict[str, Any]:
    """By target, ready to be stored; each told as it comes."""
    new = {}
    for name in names:
        try:
            found = TARGETS[name](run)
        except SystemExit as missing:  # a program that one of them needs
            found = Found([skipped(name, "not measured", str(missing))])
        for row in found.rows:
            print(said(row), flush=True)
        new[name] = results.stored(found)
    return new


def said(row: Row) -> str:
    """A row as one line of text."""
    _, what, figure, spread, reach, stands = report.cells(row)
    told = f"{row.name:5} {what}: {figure}"
    told += f" ({spread})" if spread else ""
    return f"{told}, reach {reach}: {stands.strip('*')}" if reach else told


def draw(stored: dict[str, Any]) -> None:
    """The page's tables and the chart."""
    rows = results.rows(stored, list(TARGETS))
    parts = {
        "machine": report.table(("", ""), _machine(stored)),
        "targets": report.of_rows(rows),
        "servers": report.of_servers(results.servers(stored)),
        "photos": report.of_photos(results.photos(stored)),
    }
    PAGE.write_text(report.refreshed(PAGE.read_text(), parts))
    CHART.write_text(chart.chart(rows, TITLE, UNDER))


def _machine(stored: dict[str, Any]) -> list[tuple[str, str]]:
    known = {**stored["machine"], **stored["peers"]}
    return [*known.items(), ("measured", results.taken(stored))]


if __name__ == "__main__":
    main()
