"""The machine against its budgets and against the host's real kernel."""

import re
import statistics
import sys
import tempfile

import programs
import rows as row_table
from report import Column, share

# For each of a row's measurements. Many short ones: what else runs on the host comes and goes within seconds.
SECONDS = 0.1
REPETITIONS = 15
SMOKE_SECONDS = 0.001

# Measured by the saturation program against a memsimd; all others by benchmarks that bear their names.
LATENCY_ROW = "busy_neighbour_latency"
# So many times as long as the others, for other processes take part.
LATENCY_TIMES = 20
LATENCY_LINE = r"64 clients saturate another\s+median\s+(\d+) us"

def _with_unit(key):
    return lambda result: "-" if result[key] is None else f"{row_table.number(result[key])} {result['unit']}"


FAILED = "FAILED"

COLUMNS = [
    Column("row", lambda result: result["name"], is_text=True),
    Column("what", lambda result: result["what"], is_text=True),
    Column("ours", _with_unit("ours")),
    Column("+-", lambda result: share(result["spread"])),
    Column("budget", _with_unit("budget")),
    Column("host kernel", _with_unit("host")),
    Column("ratio", lambda result: row_table.number(result["ratio"])),
    Column("+-", lambda result: share(result["ratio_spread"])),
    Column("wanted", lambda result: row_table.number(result["times_faster"])),
    Column("verdict", lambda result: result["verdict"], is_text=True),
]

REMARKS = [
    "Medians; ours and the host's take turns, and the ratio is the median of the turns' ratios; +- is half of what lies between the",
    "quartiles. Times are those that the working thread used a core, but for many_machines_create and busy_neighbour_latency.",
]


def verdict(row, ours, ratio):
    """What is wrong with a figure; "ok" if nothing, "-" if nothing is demanded of it."""
    if ours is None:
        return "NOT MEASURED"
    problems = []
    if row.budget is not None and ours > row.budget:
        problems.append("OVER BUDGET")
    if row.times_faster is not None and (ratio is None or ratio < row.times_faster):
        problems.append("BELOW RATIO")
    if problems:
        return ", ".join(problems)
    return "-" if row.budget is None and row.times_faster is None else "ok"


def _latency(build, seconds):
    with tempfile.TemporaryDirectory() as folder, programs.memsimd(build, folder) as server:
        address = server.wait_for(programs.MEMSIMD_LISTENS)
        printed = programs.output_of([build / "tests/bench/saturation", address, seconds])
    found = re.search(LATENCY_LINE, printed)
    if not found:
        raise programs.Failure(f"saturation printed no latency:\n{printed}")
    return float(found.group(1)) * 1e-6


def _spread(figures):
    """Half of what lies between the quartiles, as a share of the median: half of the figures are about so near to it."""
    if len(figures) < 2:
        return None
    low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
    return (high - low) / 2 / median


def result(row, ours, host):
    """A row of the table from the figures of all repetitions."""
    median = row.in_unit(statistics.median(ours)) if ours else None
    host_median = row.in_unit(statistics.median(host)) if host else None
    # Of figures that were taken one after the other: what disturbed one of them most often disturbed the other too.
    ratios = [theirs / own for own, theirs in zip(ours, host, strict=True)] if host and ours else []
    ratio = statistics.median(ratios) if ratios else None
    return {
        "name": row.name,
        "what": row.what,
        "unit": row.unit,
        "ours": median,
        "spread": _spread(ours),
        "budget": row.budget,
        "host": host_median,
        "host_spread": _spread(host),
        "ratio": ratio,
        "ratio_spread": _spread(ratios),
        "times_faster": row.times_faster,
        "verdict": verdict(row, median, ratio),
    }


def check_names(rows, machine, host):
    """Failure: a benchmark without a row, or a comparison without its benchmark."""
    known = {row.name for row in rows}
    for program in (machine, host):
        if stray := program.names() - known:
            raise programs.Failure(f"rows.txt has no row for {', '.join(sorted(stray))} of {program.path.name}")
    compared = {row.name for row in rows if row.times_faster is not None}
    if missing := compared - host.names():
        raise programs.Failure(f"{host.path.name} has no {', '.join(sorted(missing))}")


def _figures(row, machine, host, repetitions, seconds):
    """Ours and the host's, all that there are; they take turns."""
    ours, theirs = [], []
    for _ in range(repetitions):
        if row.name in machine.names():
            ours.append(machine.figure(row.name, seconds))
        if row.name in host.names():
            theirs.append(host.figure(row.name, seconds))
    if row.name == LATENCY_ROW:
        ours.append(_latency(machine.path.parents[2], max(0.1, LATENCY_TIMES * seconds)))
    return ours, theirs


def measure(build, repetitions, seconds, wanted):
    """The results of all rows whose names are wanted (empty: of all)."""
    machine = programs.BenchmarkProgram(build / "tests/bench/machine_bench")
    host = programs.BenchmarkProgram(build / "tests/bench/host_kernel_bench")
    rows = row_table.all_rows()
    check_names(rows, machine, host)
    if unknown := set(wanted) - {row.name for row in rows}:
        raise programs.Failure(f"there is no row {', '.join(sorted(unknown))}; the rows stand in tests/bench/rows.txt")
    results = []
    for row in rows:
        if wanted and row.name not in wanted:
            continue
        print(f"  {row.name}", file=sys.stderr, flush=True)
        try:
            results.append(result(row, *_figures(row, machine, host, repetitions, seconds)))
        except programs.Failure as failure:
            # The other rows are still worth having.
            print(f"  {row.name}: {failure}", file=sys.stderr)
            results.append({**result(row, [], []), "verdict": FAILED})
    return results
