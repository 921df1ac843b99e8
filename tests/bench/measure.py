#!/usr/bin/env python3
"""Measures what is built, and prints one table. tests/bench/run builds first and then runs this.

usage: measure.py kernel|service --build FOLDER [--json] [--smoke] [--repetitions N] [--seconds S] [ROW…]
"""

import argparse
import pathlib
import sys

import kernel_table
import programs
import report
import service_table


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].strip())
    parser.add_argument("what", choices=["kernel", "service"])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("rows", nargs="*")
    found = parser.parse_intermixed_args()
    if (found.repetitions is not None and found.repetitions < 1) or (found.seconds is not None and found.seconds <= 0):
        parser.error("--repetitions and --seconds must be above 0")
    return found


def main():
    wanted = arguments()
    table = {"kernel": kernel_table, "service": service_table}[wanted.what]
    repetitions = 1 if wanted.smoke else wanted.repetitions or table.REPETITIONS
    seconds = wanted.seconds or (table.SMOKE_SECONDS if wanted.smoke else table.SECONDS)
    facts = report.host()
    try:
        results = table.measure(wanted.build, repetitions, seconds, wanted.rows)
    except programs.Failure as failure:
        print(f"tests/bench/run: {failure}", file=sys.stderr)
        return 1
    if wanted.json:
        print(report.to_json(facts, results))
    else:
        print(report.host_line(facts), report.table(table.COLUMNS, results), *table.REMARKS, sep="\n")
    return 1 if any(result["verdict"] == kernel_table.FAILED for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
