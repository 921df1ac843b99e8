"""Checks that clang-format would change nothing."""

import subprocess
from pathlib import Path

import source_tree

CLANG_FORMAT = "clang-format-14"


def check(root):
    paths = source_tree.cpp_files(root)
    outcome = subprocess.run(
        [CLANG_FORMAT, "--dry-run", "-Werror", *map(str, paths)], cwd=Path(root), capture_output=True, text=True, check=False
    )
    if outcome.returncode == 0:
        return []
    wrong = sorted({line.split(":")[0] for line in outcome.stderr.split("\n") if ": error:" in line})
    if not wrong:
        return [outcome.stderr.strip()]
    return [f"{path}:1: not formatted; run {CLANG_FORMAT} -i {path}" for path in wrong]
