"""The figures of a run as JSON, so that tables and chart can be drawn again without measuring."""

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyvips

from bench.row import Reach, Row
from bench.servers import CORES
from bench.targets import Found, Server

FILE = Path(__file__).with_name("results.json")


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{model}, {CORES} cores",
        "memory": f"{gigabytes:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(place)) for place in range(3)),
        "uvicorn": version("uvicorn"),
    }


def stored(found: Found) -> dict[str, Any]:
    return {
        "taken": time.strftime("%Y-%m-%d", time.gmtime()),
        **json.loads(json.dumps(asdict(found), default=str)),
    }


def merged(before: Mapping[str, Any], here: Mapping[str, str], new: Mapping[str, Any]) -> Any:
    """What a run of some targets makes of earlier results; those of another machine go."""
    kept = before.get("targets", {}) if before.get("machine") == dict(here) else {}
    return {"machine": dict(here), "targets": {**kept, **new}}


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


def photos(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [photo for target in results.get("targets", {}).values() for photo in target["photos"]]


def _row(stored: Mapping[str, Any]) -> Row:
    reach = Reach(**stored["reach"]) if stored["reach"] else None
    spread = tuple(stored["spread"]) if stored["spread"] else None
    return Row(**{**stored, "reach": reach, "spread": spread})
