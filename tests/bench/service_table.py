"""memsimd against an empty echo service, and against Redis, in turns on the same cores."""

import contextlib
import csv
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

import programs
from report import Column, share

SECONDS = 3.0
REPETITIONS = 5
SMOKE_SECONDS = 0.1

# Redis's connections and commands in flight on each: what the stream has, and the same number of calls.
REDIS_CONNECTIONS = 4
REDIS_PIPELINE = 1000
# So that a measurement takes about as long as it should.
REDIS_GUESS_PER_SECOND = 1_500_000


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    what: str
    # For service_load; None: Redis is the other side, and ours is what `like` measured.
    load: tuple | None
    # Ours as a share of theirs, at least; None: no demand.
    wanted: float | None
    other: str = "messages"
    like: str = ""


ROWS = [
    Row("unary", "one call an RPC, allocating or freeing a page", ("unary", "pages"), 0.9),
    Row("batch", "ExecuteBatch of 1,000 of these", ("batch", "pages"), None),
    Row("stream", "a stream of batches of 1,000 of these", ("stream", "pages"), 0.5),
    Row("stream_memory", "the same with mmap, store, munmap", ("stream", "memory"), None),
    Row("stream_transport", "stream, against an echo that does not look at its messages", None, None, "bytes", "stream"),
    Row("redis", "stream, against Redis's SET with 1,000 in its pipeline", None, 1.0, "redis", "stream"),
]


def _rate(key):
    return lambda result: "-" if result[key] is None else f"{result[key]:,.0f}"


COLUMNS = [
    Column("row", lambda result: result["name"], is_text=True),
    Column("what", lambda result: result["what"], is_text=True),
    Column("ours/s", _rate("ours")),
    Column("theirs/s", _rate("theirs")),
    Column("CPU ns", _rate("ours_cpu")),
    Column("theirs", _rate("theirs_cpu")),
    Column("share", lambda result: share(result["share"])),
    Column("+-", lambda result: share(result["spread"])),
    Column("wanted", lambda result: share(result["wanted"])),
    Column("verdict", lambda result: result["verdict"], is_text=True),
]

REMARKS = [
    "Theirs is an echo: the same RPCs, messages read and answers as large built, nothing executed. CPU is what all of the server's",
    "threads used a call. The load shares the cores with the server. Medians of rounds in which all take turns; +- is half the range.",
]


def _cpu_seconds(pid):
    """What the process has used of the cores."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Rate:
    calls: float
    cpu_ns: float | None


class GrpcSide:
    """A server of the API's methods that is under load now and then."""

    def __init__(self, build, server, kind):
        self.load = build / "tests/bench/service_load"
        self.server = server
        self.kind = kind
        self.address = server.wait_for(r"gRPC at (127\.0\.0\.1:\d+)\n")

    def rate(self, load, seconds):
        before = _cpu_seconds(self.server.child.pid)
        found = json.loads(programs.output_of([self.load, self.address, self.kind, *load, seconds]))
        used = _cpu_seconds(self.server.child.pid) - before
        # Those of the warm-up and the end included, as the time used is theirs too.
        return Rate(found["calls_per_second"], used / found["calls"] * 1e9)


class RedisSide:
    def __init__(self, server, port):
        self.server = server
        self.port = port
        server.wait_for("(Ready to accept connections)")

    def rate(self, _load, seconds):
        command = ["redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-t", "set", "--csv", "-P", REDIS_PIPELINE]
        command += ["-c", REDIS_CONNECTIONS, "-n", max(REDIS_PIPELINE * REDIS_CONNECTIONS, int(REDIS_GUESS_PER_SECOND * seconds))]
        before = _cpu_seconds(self.server.child.pid)
        printed = programs.output_of(command)
        used = _cpu_seconds(self.server.child.pid) - before
        for row in csv.DictReader(printed.splitlines()):
            if row["test"] == "SET":
                return Rate(float(row["rps"]), used / int(command[-1]) * 1e9)
        raise programs.Failure(f"redis-benchmark printed no SET:\n{printed}")


def _start_sides(stack, build, folder):
    """All servers, by what the rows call them; they end with the stack."""
    echo = build / "tests/bench/echo_server"
    sides = {
        "memsimd": GrpcSide(build, stack.enter_context(programs.memsimd(build, folder)), "memsimd"),
        "messages": GrpcSide(build, stack.enter_context(programs.Server([echo, "messages"], f"{folder}/messages.log")), "echo"),
        "bytes": GrpcSide(build, stack.enter_context(programs.Server([echo, "bytes"], f"{folder}/bytes.log")), "echo"),
    }
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        port = programs.free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", folder, "--daemonize", "no"]
        command += ["--save", "", "--appendonly", "no"]
        sides["redis"] = RedisSide(stack.enter_context(programs.Server(command, f"{folder}/redis.log")), port)
    return sides


def verdict(row, found):
    """What is wrong with a share; "ok" if nothing, "-" if nothing is demanded of it."""
    if found is None:
        return "NOT MEASURED: there is no redis-server; as root: ./deploy/install_packages tests/bench/service_packages.txt"
    if row.wanted is None:
        return "-"
    return "ok" if found >= row.wanted else "BELOW SHARE"


def _median(rates, what):
    values = [getattr(rate, what) for rate in rates]
    return statistics.median(values) if values and None not in values else None


def result(row, ours, theirs):
    """A row of the table from the rates of all rounds."""
    shares = [mine.calls / other.calls for mine, other in zip(ours, theirs)]
    found = statistics.median(shares) if shares else None
    return {
        "name": row.name,
        "what": row.what,
        "ours": _median(ours, "calls"),
        "theirs": _median(theirs, "calls"),
        "ours_cpu": _median(ours, "cpu_ns"),
        "theirs_cpu": _median(theirs, "cpu_ns"),
        "share": found,
        "spread": (max(shares) - min(shares)) / 2 if len(shares) > 1 else None,
        "wanted": row.wanted,
        "verdict": verdict(row, found),
    }


def _round(sides, rows, seconds):
    """(ours, theirs) of each row by its name; theirs is None where there is no such side."""
    rates = {}
    for row in rows:
        print(f"  {row.name}", file=sys.stderr, flush=True)
        like = next(other for other in ROWS if other.name == row.like) if row.like else row
        mine = rates[row.like][0] if row.like in rates else sides["memsimd"].rate(like.load, seconds)
        theirs = sides[row.other].rate(like.load, seconds) if row.other in sides else None
        rates[row.name] = (mine, theirs)
    return rates


def measure(build, repetitions, seconds, wanted):
    """The results of all rows whose names are wanted (empty: of all)."""
    if unknown := set(wanted) - {row.name for row in ROWS}:
        raise programs.Failure(f"there is no row {', '.join(sorted(unknown))}; the rows: {', '.join(row.name for row in ROWS)}")
    rows = [row for row in ROWS if not wanted or row.name in wanted]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        sides = _start_sides(stack, build, folder)
        rounds = [_round(sides, rows, seconds) for _ in range(repetitions)]
    results = []
    for row in rows:
        pairs = [rates[row.name] for rates in rounds]
        results.append(result(row, [mine for mine, _ in pairs], [theirs for _, theirs in pairs if theirs is not None]))
    return results
