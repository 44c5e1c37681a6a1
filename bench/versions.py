"""What the figures were taken on and against: machine, libraries, peers."""

import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pyvips

from bench.servers import CORES
from bench.stage import Rivals


def machine() -> dict[str, str]:
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


def peers(rivals: Rivals) -> dict[str, str]:
    """Of those that are installed."""
    found = {}
    if shutil.which("nginx"):
        found["nginx"] = _said("nginx", "-v").partition("/")[2]
    if program := rivals.thumbor or shutil.which("thumbor"):
        found["thumbor"] = _said(program, "--version").removeprefix("Thumbor v")
    if rivals.ipx:
        modules = rivals.ipx / "node_modules"
        ipx, sharp = (
            json.loads((modules / name / "package.json").read_text())["version"]
            for name in ("ipx", "sharp")
        )
        found["IPX"] = f"{ipx}, sharp {sharp}"
    return found


def _said(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return (told.stdout or told.stderr).strip()
