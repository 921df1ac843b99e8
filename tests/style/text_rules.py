"""Checks that need no compiler: length, names, header guards, unfinished work, paths of somebody's machine, script syntax."""

import ast
import re
import subprocess
from pathlib import Path

import source_tree

# A file that passes the soft limit usually holds two concepts; past the hard one it surely does.
SOFT_LINE_LIMIT = 400
HARD_LINE_LIMIT = 500
MEASURED_SUFFIXES = {".cc", ".h", ".py", ".proto"}

# Names that say nothing about what lies within.
JUNK_DRAWER = re.compile(r"(?:^|[_.-])(utils?|helpers?|commons?|misc|managers?)(?:$|[_.-])", re.IGNORECASE)

# Built from halves, so that this file does not contain what it forbids.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
# Absolute paths of a developer's machine, and a folder beside the clone.
ELSEWHERE = re.compile(r"(?<![\w.}])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "fa" + "rm"]) + r")/|\.\./" + "shared")


def too_long(path, content):
    lines = content.count("\n")
    if path.suffix in MEASURED_SUFFIXES and lines > HARD_LINE_LIMIT:
        yield f"{path}:1: {lines} lines, more than {HARD_LINE_LIMIT}: split it along its concepts"


def junk_drawer(path, _content):
    for part in path.parts:
        if JUNK_DRAWER.search(part):
            yield f"{path}:1: '{part}' is a name for a junk drawer: say what lies within"


def unfinished(path, content):
    for number, line in enumerate(content.split("\n"), 1):
        if found := UNFINISHED.search(line):
            yield f"{path}:{number}: {found.group(1)}: finish it or leave it out"


def elsewhere(path, content):
    for number, line in enumerate(content.split("\n"), 1):
        if found := ELSEWHERE.search(line):
            yield f"{path}:{number}: {found.group(0)} exists on one machine only"


def header_guard(path, content):
    if path.suffix != ".h":
        return
    guard = "MEMSIM_" + re.sub(r"[^A-Z0-9]", "_", str(path).upper()) + "_"
    wanted = [f"#ifndef {guard}", f"#define {guard}", f"#endif  // {guard}"]
    directives = [line for line in content.split("\n") if line.startswith("#")]
    if directives[:2] != wanted[:2] or directives[-1:] != wanted[2:]:
        yield f"{path}:1: the header guard must be {guard}"


def opening_comment(path, content):
    if path.suffix == ".h" and not content.startswith("//"):
        yield f"{path}:1: a header opens with a comment that says what it is"


def script_syntax(path, content, root):
    if content.startswith("#!/usr/bin/env bash"):
        outcome = subprocess.run(["bash", "-n", root / path], capture_output=True, text=True, check=False)
        if outcome.returncode:
            yield f"{path}: {outcome.stderr.strip()}"
    elif path.suffix == ".py" or content.startswith("#!/usr/bin/env python3"):
        try:
            ast.parse(content)
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"


def check(root):
    root = Path(root)
    problems = []
    for path in source_tree.files(root):
        content = source_tree.text(root / path)
        if content is None:
            continue
        for rule in (too_long, junk_drawer, unfinished, elsewhere, header_guard, opening_comment):
            problems += rule(path, content)
        problems += script_syntax(path, content, root)
    return problems


def remarks(root):
    """What is worth a look but no failure."""
    root = Path(root)
    for path in source_tree.files(root):
        lines = (source_tree.text(root / path) or "").count("\n")
        if path.suffix in MEASURED_SUFFIXES and SOFT_LINE_LIMIT < lines <= HARD_LINE_LIMIT:
            yield f"{path}: {lines} lines, past {SOFT_LINE_LIMIT}: two concepts?"
