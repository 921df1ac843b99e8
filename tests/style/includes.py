"""Checks every #include against include_rules.txt, whose head explains its form."""

import re
from pathlib import Path

import source_tree

RULES_FILE = "tests/style/include_rules.txt"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes_of(path):
    """(line number, header, whether it stands in <>) for each #include."""
    content = source_tree.text(path) or ""
    return [(content.count("\n", 0, m.start(2)) + 1, m.group(2), m.group(1) == "<") for m in INCLUDE.finditer(content)]


class Rules:
    """The parsed rules."""

    def __init__(self, root, lines):
        self.root = root
        self.names = {}
        self.allowed = {}
        self.never = []
        self.orders = []
        for number, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            if line.startswith("let "):
                name, patterns = line[len("let "):].split("=")
                self.names[name.strip()] = patterns.split()
            elif line.startswith("order "):
                folder, parts = line[len("order "):].split(":")
                self.orders.append((folder.strip(), parts.split()))
            elif line.startswith("never "):
                folder, words = line[len("never "):].split(":")
                self.never.append((folder.strip(), words.split()))
            elif ":" in line:
                folder, words = line.split(":")
                self.allowed[folder.strip()] = words.split()
            else:
                raise ValueError(f"{RULES_FILE}:{number}: neither let, order, never nor FOLDER: {line}")

    def patterns(self, words):
        """What stands behind names and HEADER+, as path prefixes and whole headers."""
        found = []
        for word in words:
            if word in self.names:
                found += self.patterns(self.names[word])
            elif word.endswith("+"):
                header = word[:-1]
                found += [header] + [name for _, name, _ in includes_of(self.root / header)]
            else:
                found.append(word)
        return found

    def rule_for(self, path):
        """The folder whose rule holds for a file, or None."""
        holding = [folder for folder in self.allowed if within(path, folder)]
        return max(holding, key=len, default=None)

    def order_problem(self, path, header):
        """Inside an ordered folder: does the file include something that comes after it?"""
        for folder, parts in self.orders:
            if not (path.startswith(folder + "/") and header.startswith(folder + "/")):
                continue
            place, other = part_of(folder, path, parts), part_of(folder, header, parts)
            for part in (place, other):
                if part is not None and part not in parts:
                    return f"{folder}/{part} has no place in the order of {folder} ({RULES_FILE})"
            # What lies in the folder itself is the composition root: it comes last.
            rank = len(parts) if place is None else parts.index(place)
            other_rank = len(parts) if other is None else parts.index(other)
            if other_rank > rank:
                return f"in {folder}, {place} comes before {other or 'the files of the folder itself'}"
        return None


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def part_of(folder, path, parts):
    """The part that path is, or the subfolder of folder that it lies in; None for other files in folder itself."""
    if path[len(folder) + 1:] in parts:
        return path[len(folder) + 1:]
    rest = path[len(folder) + 1:].split("/")
    return rest[0] if len(rest) > 1 or rest[0] in parts else None


def matches(header, patterns):
    return any(header == pattern or header.startswith(pattern.rstrip("/") + "/") for pattern in patterns)


def is_standard(header, angled):
    """<vector> and <cstdint>: no dot, no slash."""
    return angled and "." not in header and "/" not in header


def check(root):
    root = Path(root)
    rules = Rules(root, (root / RULES_FILE).read_text().splitlines())
    problems = []
    for path in map(str, source_tree.cpp_files(root)):
        folder = rules.rule_for(path)
        if folder is None:
            problems.append(f"{path}:1: no rule for this folder; add one to {RULES_FILE}")
            continue
        allowed = rules.patterns(rules.allowed[folder]) + [folder]
        banned = [pattern for where, words in rules.never if within(path, where) for pattern in rules.patterns(words)]
        for line, header, angled in includes_of(root / path):
            if matches(header, banned):
                problems.append(f"{path}:{line}: {folder} must never include {header}")
            elif "anything" in allowed or is_standard(header, angled):
                continue
            elif not matches(header, allowed):
                problems.append(f"{path}:{line}: {folder} may not include {header} ({RULES_FILE})")
            elif reason := rules.order_problem(path, header):
                problems.append(f"{path}:{line}: may not include {header}: {reason}")
    return problems
