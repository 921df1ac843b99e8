"""The rows of rows.txt, and how their figures are written."""

import dataclasses
import pathlib
import re

TABLE = pathlib.Path(__file__).with_name("rows.txt")

# What a benchmark's figure (seconds, or bytes) is divided by.
UNITS = {"ns": 1e-9, "us": 1e-6, "KiB": 1024.0}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    what: str
    unit: str
    # In the unit; None: none.
    budget: float | None
    # The host's kernel must take at least so many times as long; None: it has no such thing, or there is no demand.
    times_faster: float | None

    def in_unit(self, figure):
        return figure / UNITS[self.unit]


def _number(text):
    return None if text == "-" else float(text)


def read(text):
    """The rows of a table. ValueError names the line that is none."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 5 or not re.fullmatch(r"[a-z0-9_]+", fields[0]) or fields[2] not in UNITS:
            raise ValueError(f"line {number} is no row: {line}")
        rows.append(Row(fields[0], fields[1], fields[2], _number(fields[3]), _number(fields[4])))
    return rows


def all_rows():
    return read(TABLE.read_text())


def number(value):
    """Three digits that count, and no exponent."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
