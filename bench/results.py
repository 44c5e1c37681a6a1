"""The figures of a run as JSON, so that tables and chart can be drawn again without measuring."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.row import Reach, Row
from bench.targets import Found, Server

FILE = Path(__file__).with_name("results.json")


def stored(found: Found) -> dict[str, Any]:
    return {
        "taken": time.strftime("%Y-%m-%d", time.gmtime()),
        **json.loads(json.dumps(asdict(found), default=str)),
    }


def merged(before: Mapping[str, Any], on: Mapping[str, Any], new: Mapping[str, Any]) -> Any:
    """What a run of some targets makes of earlier results; those of another machine go.

    `on` is the run's `machine` and `peers`, with their versions.
    """
    same = before.get("machine") == on["machine"]
    kept = before if same else {}
    return {
        "machine": on["machine"],
        "peers": {**kept.get("peers", {}), **on["peers"]},
        "targets": {**kept.get("targets", {}), **new},
    }


def read(file: Path = FILE) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def write(results: Mapping[str, Any], file: Path = FILE) -> None:
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def rows(results: Mapping[str, Any], order: list[str]) -> list[Row]:
    """Of all targets, by name."""
    targets = results.get("targets", {})
    found = [_row(row) for name in order if name in targets for row in targets[name]["rows"]]
    return sorted(found, key=lambda row: row.name)


def servers(results: Mapping[str, Any]) -> list[Server]:
    """What several targets found of one server and format, in one."""
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for target in results.get("targets", {}).values():
        for one in target["servers"]:
            place = joined.setdefault((one["format"], one["name"]), {})
            place |= {name: value for name, value in one.items() if value is not None}
    return [Server(**one) for one in joined.values()]


def taken(results: Mapping[str, Any]) -> str:
    """The days on which it was measured."""
    days = sorted({target["taken"] for target in results["targets"].values()})
    return " to ".join(dict.fromkeys(days[:1] + days[-1:]))


def photos(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [photo for target in results.get("targets", {}).values() for photo in target["photos"]]


def _row(stored: Mapping[str, Any]) -> Row:
    reach = Reach(**stored["reach"]) if stored["reach"] else None
    spread = tuple(stored["spread"]) if stored["spread"] else None
    return Row(**{**stored, "reach": reach, "spread": spread})
