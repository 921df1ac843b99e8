"""The project's files, as the style checks see them.

Walks the folder rather than asking git, so that a tarball and a machine without git are checked the same way.
"""

import os
from pathlib import Path

# What is not ours to style: build output, version control, editors' and Python's leavings.
SKIPPED_NAMES = {".git", "build", "__pycache__", ".cache", ".vscode", ".idea", "node_modules"}
# Recorded evidence: kept byte for byte, whatever it says.
RECORDED_SUFFIXES = {".strace"}
CPP_SUFFIXES = {".cc", ".h"}


def files(root):
    """Every file of the project below root, as paths relative to it, sorted."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED_NAMES]
        for name in names:
            path = Path(folder, name)
            if name not in SKIPPED_NAMES and path.is_file() and path.suffix not in RECORDED_SUFFIXES | {".pyc"}:
                found.append(path.relative_to(root))
    return sorted(found)


def cpp_files(root):
    """The C++ sources and headers."""
    return [path for path in files(root) if path.suffix in CPP_SUFFIXES]


def text(path):
    """A file's text, or None if it is not text."""
    content = path.read_bytes()
    if b"\0" in content:
        return None
    return content.decode("utf-8", errors="replace")
