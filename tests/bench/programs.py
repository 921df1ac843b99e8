"""Programs that are measured, or measure: run to their end, or started, watched and ended by their pid."""

import json
import pathlib
import re
import signal
import socket
import subprocess
import time

# How long a server may take to say that it listens, or to end.
PATIENCE_SECONDS = 20
# How long one measurement may take before it is given up.
MEASUREMENT_SECONDS = 300


class Failure(Exception):
    """Something could not be measured; the words are for people."""


def output_of(command):
    """What a program prints. Failure: it does not end well, or in time."""
    command = [str(word) for word in command]
    name = pathlib.Path(command[0]).name
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=MEASUREMENT_SECONDS, check=False)
    except FileNotFoundError as error:
        raise Failure(f"there is no {command[0]}; tests/bench/run builds it") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{name} did not end within {MEASUREMENT_SECONDS} s") from error
    if ended.returncode:
        raise Failure(f"{name} ended with {ended.returncode}: {(ended.stderr or ended.stdout).strip()[-2000:]}")
    return ended.stdout


class BenchmarkProgram:
    """A program of Google Benchmark's whose benchmarks have one figure each."""

    def __init__(self, path):
        self.path = path
        self._names = None

    def names(self):
        if self._names is None:
            listed = output_of([self.path, "--benchmark_list_tests"]).split()
            # "fork/manual_time" is how Google Benchmark calls the one that was named fork.
            self._names = {line.split("/")[0] for line in listed}
        return self._names

    def figure(self, name, seconds):
        """Seconds of one operation, or bytes, measured for about so long."""
        printed = output_of(
            [self.path, f"--benchmark_filter=^{name}(/|$)", f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
        )
        found = json.loads(printed)["benchmarks"]
        if len(found) != 1:
            raise Failure(f"{self.path.name} has {len(found)} benchmarks of the name {name}")
        return found[0]["figure"]


def free_port():
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that was started, with its output in a file; ended when the block that uses it ends."""

    def __init__(self, command, log):
        self.command = [str(word) for word in command]
        self.name = pathlib.Path(self.command[0]).name
        self.log = pathlib.Path(log)
        self.child = None

    def __enter__(self):
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def wait_for(self, pattern):
        """The first group of the pattern, once the output has it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            text = self.log.read_text(errors="replace")
            if found := re.search(pattern, text):
                return found.group(1)
            if self.child.poll() is not None:
                raise Failure(f"{self.name} ended at once: {text.strip()[-2000:]}")
            time.sleep(0.02)
        raise Failure(f"{self.name} did not say that it listens within {PATIENCE_SECONDS} s; its output: {self.log}")


def memsimd(build, folder):
    return Server([build / "memsimd", "--grpc_address=127.0.0.1:0", "--http_address="], pathlib.Path(folder) / "memsimd.log")


MEMSIMD_LISTENS = r"gRPC at (127\.0\.0\.1:\d+)\n"
