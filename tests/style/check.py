#!/usr/bin/env python3
"""Runs one style check over the project and prints what it finds, one finding a line.

usage: check.py includes|text|formatting
       check.py tidy BUILD_FOLDER
       check.py commands MEMSIM
"""

import sys
from pathlib import Path

import commands
import formatting
import includes
import text_rules
import tidy

ROOT = Path(__file__).resolve().parents[2]


def main(arguments):
    name = arguments[0] if arguments else ""
    if name == "tidy" and len(arguments) == 2:
        problems = tidy.check(ROOT, arguments[1])
    elif name == "commands" and len(arguments) == 2:
        problems = commands.check(ROOT, arguments[1])
    elif name == "includes":
        problems = includes.check(ROOT)
    elif name == "formatting":
        problems = formatting.check(ROOT)
    elif name == "text":
        problems = text_rules.check(ROOT)
        for remark in text_rules.remarks(ROOT):
            print("worth a look:", remark)
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    print(*problems, sep="\n")
    print(f"{name}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
