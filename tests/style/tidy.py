"""Runs clang-tidy over what is shipped: the checks of .clang-tidy, and clang's own warnings, thread-safety analysis among them.

Tests are left out: they are compiled with the same warnings, run, and would double the time.

The sources of a folder are one translation unit, for nearly all the time goes to the headers that they share. So a name in an
unnamed namespace must be the only one of its folder.

A folder that was clean is not looked at again until a source of it, a header of ours that they include, .clang-tidy, or a compile
command changes: its digest is kept under the build folder.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
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


class Unit:
    """The sources that are compiled alike, of one folder."""

    def __init__(self, folder, flags, sources):
        self.folder = folder
        self.flags = flags
        self.sources = sources

    def text(self):
        """As one source. Not by #include: the analyser looks no deeper into what is included."""
        return "".join(f'#line 1 "{source}"\n{source.read_text()}\n' for source in self.sources)

    def in_sources(self, together, complaints):
        """The complaints about the file `together` with the sources' names and lines, which clang-tidy does not look up."""
        places, source, above = [None], None, 0
        for number, line in enumerate(self.text().split("\n"), start=1):
            if line.startswith('#line 1 "'):
                source, above = line.split('"')[1], number
            places.append(f"{source}:{number - above}")
        return re.sub(re.escape(str(together)) + r":(\d+)", lambda match: places[int(match.group(1))], complaints)

    def digest(self, closure, configuration):
        total = hashlib.sha256(configuration)
        total.update(" ".join(self.flags).encode())
        for path in sorted(set().union(*map(closure.files, self.sources))):
            total.update(str(path.relative_to(closure.root)).encode())
            total.update(path.read_bytes())
        return total.hexdigest()


def run_one(root, unit, scratch):
    """What clang-tidy says about one unit; empty if it is clean."""
    together = scratch / f"{unit.sources[0].relative_to(root)}".replace("/", "_")
    together.write_text(unit.text())
    arguments = [CLANG_TIDY, "--quiet", f"--config-file={root / '.clang-tidy'}", str(together), "--"] + unit.flags + CLANG_WARNINGS
    outcome = subprocess.run(arguments, cwd=scratch, capture_output=True, text=True, check=False)
    complaints = [line for line in outcome.stdout.split("\n") if re.search(r": (error|warning): ", line)]
    if outcome.returncode == 0 and not complaints:
        return ""
    return unit.in_sources(together, outcome.stdout.strip()) or outcome.stderr.strip()


def flags_of(entry):
    """Of a compile command, what is not the compiler, the source or the object."""
    words = shlex.split(entry["command"])
    while words and not re.search(r"(^|/)(c|g|clang)\+\+(-\d+)?$", words[0]):
        words.pop(0)
    flags, skipped = [], False
    for word in words[1:]:
        if not skipped and word not in ("-o", "-c", entry["file"]):
            flags.append(word)
        skipped = word == "-o"
    return flags


def units(root, build):
    """Our sources, the folder with the most first: it takes longest."""
    together = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if any(path.is_relative_to(root / folder) for folder in CHECKED_FOLDERS):
            together.setdefault((path.parent, tuple(flags_of(entry))), set()).add(path)
    found = [Unit(folder, list(flags), sorted(sources)) for (folder, flags), sources in sorted(together.items())]
    return sorted(found, key=lambda unit: -len(unit.sources))


def check(root, build, jobs=None):
    root, build = Path(root).resolve(), Path(build).resolve()
    cache, scratch = build / "tidy_cache", build / "tidy_units"
    cache.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    configuration = version + (root / ".clang-tidy").read_bytes() + " ".join(CLANG_WARNINGS).encode()
    closure = Closure(root)
    waiting = []
    for unit in units(root, build):
        stamp = cache / unit.digest(closure, configuration)
        if not stamp.exists():
            waiting.append((unit, stamp))
    problems = []
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for (unit, stamp), said in zip(waiting, pool.map(lambda item: run_one(root, item[0], scratch), waiting)):
            if said:
                problems.append(said)
            else:
                stamp.write_text(f"{unit.folder}\n")
    return problems
