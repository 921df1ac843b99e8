"""Checks that the command line has a subcommand for each operation of the Call message, and lists it."""

import re
import subprocess
from pathlib import Path

CALL_PROTO = "proto/memsim/v1/call.proto"


def operations(root):
    """The names of the fields of Call's oneof."""
    inside = re.search(r"oneof operation \{(.*?)\n  \}", (Path(root) / CALL_PROTO).read_text(), re.DOTALL).group(1)
    return re.findall(r"^\s*\w+Request (\w+) = \d+;", inside, re.MULTILINE)


def check(root, memsim):
    names = operations(root)
    problems = [] if names else [f"{CALL_PROTO}:1: no operation found in the Call message"]
    overview = subprocess.run([memsim, "help"], capture_output=True, text=True, check=False).stdout
    for name in names:
        if not re.search(rf"^  {name} ", overview, re.MULTILINE):
            problems.append(f"memsim help does not list {name}")
        if subprocess.run([memsim, name, "--help"], capture_output=True, check=False).returncode:
            problems.append(f"memsim {name} --help fails")
    return problems
