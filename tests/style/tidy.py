"""Runs clang-tidy over what is shipped: the checks of .clang-tidy, and clang's own warnings, thread-safety analysis among them.

Tests are left out: they are compiled with the same warnings, run, and would double the time.

A source that was clean is not looked at again until it, a header of ours that it includes, .clang-tidy, or its compile command
changes: its digest is kept under the build folder.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import includes

CHECKED_FOLDERS = ("server", "client", "proto")
CLANG_TIDY = "clang-tidy-14"
# The thread-safety analysis checks the annotations of server/base/mutex.h.
CLANG_WARNINGS = ["-Wthread-safety", "-Wthread-safety-beta", "-Wno-unknown-warning-option"]


class Closure:
    """The files of ours that a source is made of."""

    def __init__(self, root):
        self.root = root
        self.direct = {}
        # Generated headers come from these.
        self.protos = sorted(root.glob("proto/memsim/v1/*.proto"))

    def included(self, path):
        if path not in self.direct:
            found = set()
            for _, header, angled in includes.includes_of(path):
                if (self.root / header).is_file() and not angled:
                    found.add(self.root / header)
                elif header.startswith("memsim/v1/"):
                    found.update(self.protos)
            self.direct[path] = found
        return self.direct[path]

    def files(self, path):
        found, waiting = {path}, [path]
        while waiting:
            for header in self.included(waiting.pop()) - found:
                found.add(header)
                waiting.append(header)
        return sorted(found)


def digest(closure, entry, configuration):
    total = hashlib.sha256(configuration)
    total.update(entry["command"].encode())
    for path in closure.files(Path(entry["file"])):
        total.update(str(path.relative_to(closure.root)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def run_one(root, build, entry):
    """What clang-tidy says about one source; empty if it is clean."""
    arguments = [CLANG_TIDY, "-p", str(build), "--quiet", f"--config-file={root / '.clang-tidy'}"]
    arguments += [f"--extra-arg={warning}" for warning in CLANG_WARNINGS] + [entry["file"]]
    outcome = subprocess.run(arguments, cwd=entry["directory"], capture_output=True, text=True, check=False)
    complaints = [line for line in outcome.stdout.split("\n") if re.search(r": (error|warning): ", line)]
    if outcome.returncode == 0 and not complaints:
        return ""
    return outcome.stdout.strip() or outcome.stderr.strip()


def own_entries(root, build):
    """The compile commands of our sources."""
    entries = json.loads((build / "compile_commands.json").read_text())
    ours = {}
    for entry in entries:
        path = Path(entry["file"])
        if any(path.is_relative_to(root / folder) for folder in CHECKED_FOLDERS):
            ours.setdefault(entry["file"], entry)
    return [ours[name] for name in sorted(ours)]


def check(root, build, jobs=None):
    root, build = Path(root).resolve(), Path(build).resolve()
    cache = build / "tidy_cache"
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    configuration = version + (root / ".clang-tidy").read_bytes() + " ".join(CLANG_WARNINGS).encode()
    closure = Closure(root)
    waiting = []
    for entry in own_entries(root, build):
        stamp = cache / digest(closure, entry, configuration)
        if not stamp.exists():
            waiting.append((entry, stamp))
    problems = []
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for (entry, stamp), said in zip(waiting, pool.map(lambda item: run_one(root, build, item[0]), waiting)):
            if said:
                problems.append(said)
            else:
                stamp.write_text(entry["file"] + "\n")
    return problems
