"""The real memsimd as whoever operates it sees it: how it starts, is refused a port, shuts down, and is killed.

Usage: memsimd_test.py MEMSIMD MEMSIM
"""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from processes import PATIENCE_SECONDS, Process, eventually

MEMSIMD, MEMSIM = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:3])
del sys.argv[1:3]

# A second or more of simulated faults, in one batch.
ROUNDS = 1000
PAGES = 16384
LONG_BATCH = f"mmap --length {PAGES * 4}KiB --prot rw --store-as 1\n" + ROUNDS * (
    f"touch --address $1 --page-count {PAGES} --access write\n"
    f"madvise --address $1 --length {PAGES * 4}KiB --advice dontneed\n"
)
CALLS = 1 + 2 * ROUNDS


class MemsimdTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="memsim-memsimd-test.")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *flags, grpc="127.0.0.1:0", http=""):
        process = Process("memsimd", [MEMSIMD, f"--grpc_address={grpc}", f"--http_address={http}", *flags], self.folder)
        self.addCleanup(process.terminate)
        return process

    def serve(self, *flags, **addresses):
        """A server that answers, and its address."""
        server = self.start(*flags, **addresses)
        return server, server.line(r"gRPC at (\S+)")

    def memsim(self, address, *words):
        return subprocess.run(
            [MEMSIM, "--server", address, *words], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )

    def run_long_batch(self, address):
        """A client whose batch runs; what it prints goes to a file."""
        made = self.memsim(address, "machine", "create", "busy")
        self.assertEqual(made.returncode, 0, made.stderr)
        calls = pathlib.Path(self.folder) / "calls"
        calls.write_text(LONG_BATCH)
        client = Process("client", [MEMSIM, "--server", address, "--json", "run", "busy", calls, "--batch", "10000"], self.folder)
        self.addCleanup(client.terminate)

        def has_begun():
            return json.loads(self.memsim(address, "--json", "machine", "show", "busy").stdout)["sequence"] != "0"

        eventually(has_begun)
        return client

    def test_sigterm_ends_an_idle_server_and_so_does_sigint(self):
        for sent in (signal.SIGTERM, signal.SIGINT):
            server, _ = self.serve()
            server.child.send_signal(sent)
            self.assertEqual(server.child.wait(PATIENCE_SECONDS), 0)
            self.assertIn("shutting down", server.text())

    def test_it_takes_as_many_open_files_as_the_host_allows(self):
        command = ["/bin/sh", "-c", 'ulimit -S -n 100; ulimit -H -n 4000; exec "$0" "$@"', MEMSIMD, "--grpc_address=127.0.0.1:0", "--http_address="]
        server = Process("memsimd", command, self.folder)
        self.addCleanup(server.terminate)
        server.line(r"gRPC at (\S+)")
        self.assertRegex(pathlib.Path(f"/proc/{server.child.pid}/limits").read_text(), r"Max open files +4000 +4000")

    def test_sigterm_lets_what_was_accepted_finish(self):
        server, address = self.serve()
        client = self.run_long_batch(address)
        server.child.send_signal(signal.SIGTERM)
        self.assertEqual(server.child.wait(PATIENCE_SECONDS), 0)
        self.assertEqual(client.child.wait(PATIENCE_SECONDS), 0, client.text()[-2000:])
        answers = [json.loads(line) for line in client.text().splitlines()]
        self.assertEqual(int(answers[-1]["sequence"]), CALLS)

    def test_a_second_sigterm_ends_it_at_once_and_the_client_is_told(self):
        server, address = self.serve()
        client = self.run_long_batch(address)
        server.child.send_signal(signal.SIGTERM)
        server.line(r"(shutting down)")
        server.child.send_signal(signal.SIGTERM)
        self.assertEqual(server.child.wait(PATIENCE_SECONDS), -signal.SIGTERM)
        self.assertEqual(client.child.wait(PATIENCE_SECONDS), 1)
        self.assertIn("UNAVAILABLE", client.text())

    def test_a_client_of_a_killed_server_is_told_and_the_next_server_takes_the_socket(self):
        socket = f"unix:{self.folder}/socket"
        server, address = self.serve(grpc=socket)
        client = self.run_long_batch(address)
        server.child.kill()
        self.assertEqual(client.child.wait(PATIENCE_SECONDS), 1)
        self.assertIn("UNAVAILABLE", client.text())
        _, address = self.serve(grpc=socket)
        self.assertEqual(self.memsim(address, "machine", "list").returncode, 0)

    def test_an_address_that_is_taken_is_named(self):
        first, grpc_address = self.serve(http="127.0.0.1:0")
        http_address = first.line(r"HTTP at (?:http://)?([^\s/]+)")
        for taken in ({"grpc": grpc_address}, {"http": http_address}):
            second = self.start(**taken)
            self.assertEqual(second.child.wait(PATIENCE_SECONDS), 1)
            self.assertRegex(second.text(), rf"memsimd: .*{next(iter(taken.values()))}")
        self.assertEqual(self.memsim(grpc_address, "machine", "list").returncode, 0)

    def test_a_flag_that_makes_no_sense_is_named(self):
        for flag in ("--turn_microseconds=0", "--queue_calls=1", "--workers=-1", "--nothing=1"):
            server = self.start(flag)
            self.assertEqual(server.child.wait(PATIENCE_SECONDS), 1, flag)
            self.assertIn(flag.split("=")[0].strip("-"), server.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
