"""Results as one table for people, or as JSON for machines, with what they were measured on."""

import dataclasses
import datetime
import json
import os
import pathlib
import platform
import re
from typing import Callable

# More runnable threads than this, a moment before the measurement, and its figures are those of a busy host.
BUSY_LOAD = 0.5


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    # A result's cell.
    show: Callable[[dict], str]
    is_text: bool = False


def share(value):
    return "-" if value is None else f"{value:.0%}"


def host():
    """What the figures depend on."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    load = os.getloadavg()[0]
    return {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": model.group(1) if model else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE)),
        "load": load,
        "quiet": load < BUSY_LOAD,
    }


def host_line(facts):
    return (
        f"{facts['time']}, {facts['cores']} cores of {facts['cpu']}, Linux {facts['kernel']}"
        f"{' in a virtual machine' if facts['virtual'] else ''}, load {facts['load']:.2f} before"
        f"{'' if facts['quiet'] else ': NOT QUIET, so believe nothing that is close'}"
    )


def table(columns, results):
    """Text, one row a result; numbers to the right."""
    cells = [[column.title for column in columns]] + [[column.show(result) for column in columns] for result in results]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]

    def line(row):
        padded = (
            cell.ljust(width) if column.is_text else cell.rjust(width) for cell, width, column in zip(row, widths, columns)
        )
        return "  ".join(padded).rstrip()

    lines = [line(row) for row in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines))] + lines[1:])


def to_json(facts, results):
    return json.dumps({"host": facts, "results": results}, indent=2)
