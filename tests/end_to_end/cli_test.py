"""The real memsim, against the server inside it and against a real memsimd.

Usage: cli_test.py MEMSIMD MEMSIM

What a person types, what is printed, and what the program exits with. Starts its own server on a Unix socket and ends it.
"""

import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from processes import PATIENCE_SECONDS, Process, eventually

MEMSIMD, MEMSIM = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:3])
del sys.argv[1:3]

CALLS = """\
# A mapping is touched, split, and touched where it is gone.
mmap --length 64KiB --prot rw --store-as 1
touch --address $1 --page-count 16 --access write
munmap --address $1+4KiB --length 8KiB
touch --address $1+4KiB
{"alloc_pages": {"gfp_mask": 3264, "order": 3}, "store_as": 2}
free_pages --frame-number $2 --order 3
free_pages --frame-number $2 --order 3
"""


def memsim(*words, server=None, machine=None, given=""):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEMSIM_")}
    if server:
        environment["MEMSIM_SERVER"] = server
    if machine:
        environment["MEMSIM_MACHINE"] = machine
    return subprocess.run(
        [MEMSIM, *words], env=environment, input=given, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def objects(text):
    """The JSON objects of a text, one a line."""
    return [json.loads(line) for line in text.splitlines()]


class LocalServerTest(unittest.TestCase):
    """With nothing running: each command has a server and a machine of its own."""

    def local(self, *words, given=""):
        return memsim("--server", "local", *words, given=given)

    def test_a_call_answers(self):
        result = self.local("mmap", "--machine", "demo", "--pid", "1", "--length", "64KiB", "--prot", "rw")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^mmap: 0x7[0-9a-f]{11}\n$")

    def test_an_errno_is_named_and_exits_with_1(self):
        result = self.local("mmap", "--machine", "demo", "--length", "100TiB")
        self.assertEqual((result.returncode, result.stdout), (1, "mmap: ENOMEM (Cannot allocate memory)\n"))

    def test_a_signal_is_named_and_exits_with_1(self):
        result = self.local("touch", "--machine", "demo", "--address", "0x10")
        self.assertEqual((result.returncode, result.stdout), (1, "touch: SIGSEGV (SEGV_MAPERR at 0x10)\n"))

    def test_a_file_of_calls_runs_in_words_and_json(self):
        result = self.local("run", "demo", "-", given=CALLS)
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(lines[0], r"^2  mmap: 0x7")
        self.assertEqual(lines[1:3], ["3  touch: 16 minor faults", "4  munmap: ok"])
        self.assertRegex(lines[3], r"^5  touch: SIGSEGV \(SEGV_MAPERR at 0x7[0-9a-f]+\)$")
        self.assertRegex(lines[4], r"^6  alloc_pages: frame \d+$")
        self.assertEqual(lines[5:], ["7  free_pages: ok", "8  free_pages: EINVAL (the frame is free already)"])

    def test_batches_mean_nothing(self):
        outputs = {self.local("run", "demo", "-", "--json", "--batch", size, given=CALLS).stdout for size in ("1", "2", "1000")}
        self.assertEqual(len(outputs), 1, "the size of the batches changed an answer")
        self.assertEqual(len(objects(outputs.pop())), 7)

    def test_a_file_of_lanes_is_cut_into_batches_that_the_server_takes(self):
        line = 'concurrent --lane "0: ' + "; ".join(["kmalloc --size 8"] * 12) + '"\n'
        answers = objects(self.local("run", "demo", "-", "--json", given=line * 1000).stdout)
        self.assertEqual(len(answers), 1000)
        self.assertEqual(int(answers[-1]["sequence"]), 13000)

    def test_a_run_stops_where_it_is_told_to(self):
        result = self.local("run", "demo", "-", "--stop-on", "signal", given=CALLS)
        self.assertEqual((result.returncode, len(result.stdout.splitlines())), (1, 4))
        self.assertEqual(result.stderr, "memsim: stopped; 3 calls not run\n")

    def test_a_run_stops_at_the_same_call_however_long_its_batches_are(self):
        for kind, lines in (("signal", 4), ("errno", 7), ("errno,signal", 4)):
            calls = CALLS + "brk\n"
            for size in ("1", "2", "4", "7", "1000"):
                result = self.local("run", "demo", "-", "--stop-on", kind, "--batch", size, given=calls)
                self.assertEqual(len(result.stdout.splitlines()), lines, (kind, size))
                self.assertEqual(result.stderr, f"memsim: stopped; {8 - lines} call{'s' * (lines < 7)} not run\n")

    def test_batches_that_are_sent_ahead_are_answered_in_order(self):
        answers = objects(self.local("run", "demo", "-", "--stop-on", "never", "--batch", "3", "--json", given="brk\n" * 1000).stdout)
        self.assertEqual([answer["line"] for answer in answers], list(range(1, 1001)))
        self.assertEqual([int(answer["sequence"]) for answer in answers], list(range(1, 1001)))

    def test_the_answers_of_a_run_say_in_json_which_line_and_call_they_are_of(self):
        result = self.local("run", "demo", "-", "--json", "--stop-on", "signal", given=CALLS)
        self.assertEqual([(answer["line"], answer["call"]) for answer in objects(result.stdout)],
                         [(2, "mmap"), (3, "touch"), (4, "munmap"), (5, "touch")])
        self.assertEqual(objects(result.stderr), [{"stopped": {"calls_not_run": 3}}])

    def test_misuse_stops_a_run_unless_it_is_told_not_to(self):
        calls = "munmap --address $9 --length 4KiB\nbrk\n"
        result = self.local("run", "demo", "-", given=calls)
        self.assertRegex(result.stdout, r"^1  munmap: not executed: SLOT_UNSET: .*address_slot.*\n$")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(self.local("run", "demo", "-", "--stop-on", "never", given=calls).stdout.splitlines()), 2)

    def test_memory_is_shown_as_free_does(self):
        rows = self.local("free", "demo", "--kibi").stdout.splitlines()
        self.assertEqual(rows[0].split(), ["total", "used", "free", "shared", "buff/cache", "available"])
        meminfo = self.local("proc", "demo", "meminfo").stdout
        total = int(re.search(r"^MemTotal: +(\d+) kB$", meminfo, re.MULTILINE).group(1))
        self.assertEqual(int(rows[1].split()[1]), total)
        self.assertEqual(int(objects(self.local("free", "demo", "--json").stdout)[0]["total_bytes"]), total * 1024)

    def test_the_same_calls_give_the_same_answers(self):
        first, second = (self.local("run", "demo", "-", "--json", given=CALLS).stdout for _ in range(2))
        self.assertEqual(first, second)

    def replay(self, text, *words):
        """The result of replaying a trace of this text."""
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "given.strace"
            trace.write_bytes(text)
            return self.local("replay", str(trace), *words)

    def test_replay_reports_and_fails_on_garbage(self):
        result = self.replay(b"this is no trace\n\x01\x02\n", "--json")
        total = objects(result.stdout)[-1]
        self.assertEqual((total["trace"], total["equal"], total["unknown"]), ("total", 0, 2))
        self.assertEqual(result.returncode, 1)

    def test_a_replay_of_nothing_is_no_success(self):
        for text in (b"", b"# a comment\n", b"1000 getpid() = 1000\n"):
            result = self.replay(text)
            self.assertEqual((result.returncode, result.stdout.splitlines()[-1]), (1, "wholly equal: 0 of 1 trace"), text)

    def test_a_replay_in_which_all_is_equal_is_a_success_but_not_with_a_line_that_nobody_understands(self):
        equal = b"1000 munmap(0x10000, 4096) = 0\n"
        result = self.replay(equal)
        self.assertEqual((result.returncode, result.stdout.splitlines()[-1]), (0, "wholly equal: 1 of 1 trace"))
        result = self.replay(equal + b"what is this?\n")
        self.assertEqual((result.returncode, result.stdout.splitlines()[-1]), (1, "wholly equal: 0 of 1 trace"))

    def test_a_trace_that_cannot_be_read_exits_with_2_and_does_not_stop_the_others(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "good.strace"
            trace.write_text("1000 munmap(0x10000, 4096) = 0\n")
            result = self.local("replay", f"{folder}/none", str(trace), "--json")
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"replay: {folder}/none: NOT_FOUND: there is no trace file", result.stderr)
        none, good, total = objects(result.stdout)
        self.assertEqual((none["trace"], good["equal"], total["traces"]), (f"{folder}/none", 1, 1))
        self.assertIn("there is no trace file", none["error"])


class ServerTest(unittest.TestCase):
    """Against a memsimd of our own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="memsim-cli-test.")
        cls.server = f"unix:{cls.folder.name}/memsimd.sock"
        cls.addClassCleanup(cls.folder.cleanup)
        cls.memsimd = Process("memsimd", [MEMSIMD, f"--grpc_address={cls.server}", "--http_address="], cls.folder.name)
        cls.addClassCleanup(cls.memsimd.terminate)
        cls.memsimd.line(r"gRPC at (\S+)")

    def remote(self, *words, machine=None, given=""):
        return memsim(*words, server=self.server, machine=machine, given=given)

    def machine(self, name, *flags):
        """Makes a machine that the test's end deletes."""
        result = self.remote("machine", "create", name, *flags)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.addCleanup(self.remote, "machine", "delete", name)
        return result.stdout

    def refused(self, code, reason, *words, given=""):
        """What is printed to standard error; the code, the reason and the exit code must be those."""
        result = self.remote(*words, given=given)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertTrue(result.stderr.startswith(f"memsim: {code} ({reason}): "), result.stderr)
        error = json.loads(self.remote(*words, "--json", given=given).stderr)["error"]
        self.assertEqual((error["code"], error["reason"]), (code, reason))
        return result.stderr

    def test_a_machine_is_made_shown_listed_and_deleted(self):
        shown = self.machine("made", "--memory", "24GiB", "--cpus", "4", "--seed", "7", "--aslr", "off", "--sysctl", "overcommit_memory=2")
        self.assertRegex(shown, r"(?m)^name +tenants/default/machines/made$")
        self.assertRegex(shown, r"(?m)^memory +24 GiB$")
        self.assertRegex(shown, r"(?m)^aslr +off$")
        self.assertRegex(shown, r"(?m)^vm.overcommit_memory +2$")
        spec = json.loads(self.remote("machine", "show", "made", "--json").stdout)["spec"]
        self.assertEqual((spec["cpu_count"], spec["memory_bytes"], spec["seed"]), (4, str(24 << 30), "7"))
        self.assertNotIn("digest", self.remote("machine", "show", "made").stdout)
        self.assertRegex(self.remote("machine", "show", "made", "--digests").stdout, r"(?m)^state digest +[0-9a-f]{32}$")
        self.assertRegex(json.loads(self.remote("machine", "show", "made", "--digests", "--json").stdout)["answer_digest"], r"^[0-9a-f]{32}$")
        self.assertRegex(self.remote("machine", "list").stdout, r"(?m)^made +4 +24 GiB ")
        self.assertIn("tenants/default/machines/made", [machine["name"] for machine in objects(self.remote("machine", "list", "--json").stdout)])
        self.assertEqual(self.remote("machine", "delete", "made").stdout, "deleted made\n")
        self.assertNotRegex(self.remote("machine", "list").stdout, r"(?m)^made ")

    def test_tenants_have_machines_of_their_own(self):
        self.machine("shared")
        self.assertEqual(self.remote("machine", "create", "shared", "--tenant", "acme").returncode, 0)
        self.addCleanup(self.remote, "machine", "delete", "tenants/acme/machines/shared")
        everybody = self.remote("machine", "list", "--tenant", "-").stdout
        self.assertRegex(everybody, r"(?m)^shared ")
        self.assertRegex(everybody, r"(?m)^tenants/acme/machines/shared ")
        self.assertRegex(self.remote("brk", "--machine", "tenants/acme/machines/shared").stdout, r"^brk: 0x")

    def test_state_stays_between_commands(self):
        self.machine("kept", "--aslr", "off")
        mapped = self.remote("mmap", "--length", "64KiB", "--store-as", "1", machine="kept").stdout
        address = re.match(r"mmap: (0x[0-9a-f]+)$", mapped).group(1)
        self.assertEqual(self.remote("touch", "--address", "$1", "--page-count", "16", machine="kept").stdout, "touch: 16 minor faults\n")
        self.assertIn(address[2:], self.remote("proc", "kept", "1/maps").stdout)
        answer = json.loads(self.remote("touch", "--address", address, "--machine", "kept", "--json").stdout)
        self.assertEqual((answer["value"], answer["error_number"], answer["sequence"]), ("0", 0, "3"))

    def test_counters_are_shown_and_watched(self):
        self.machine("watched")
        before = int(objects(self.remote("counters", "watched", "pgfault", "--json").stdout)[0]["value"])
        self.remote("run", "watched", "-", given="mmap --length 64KiB --store-as 1\ntouch --address $1 --page-count 16 --access write\n")
        after = int(objects(self.remote("counters", "watched", "pgfault", "--json").stdout)[0]["value"])
        self.assertEqual(after - before, 16)
        states = objects(self.remote("watch", "watched", "pgfault", "--count", "2", "--interval", "10ms", "--json").stdout)
        self.assertEqual([[counter["name"] for counter in state["state"]["counters"]] for state in states], [["pgfault"]] * 2)
        self.assertRegex(self.remote("watch", "watched", "pgfault", "--count", "1").stdout, r"^2 calls, .* of virtual time\n  pgfault +\d+\n$")
        misspelt = self.remote("counters", "watched", "pgfautl")
        self.assertEqual((misspelt.returncode, "did you mean pgfault?" in misspelt.stderr), (2, True))

    def test_misuse_has_a_code_a_reason_and_words_that_name_the_thing(self):
        self.machine("twice")
        self.assertIn("nobody", self.refused("NOT_FOUND", "MACHINE_NOT_FOUND", "brk", "--machine", "nobody"))
        self.assertIn("twice", self.refused("ALREADY_EXISTS", "MACHINE_ALREADY_EXISTS", "machine", "create", "twice"))
        self.refused("INVALID_ARGUMENT", "NAME_INVALID", "machine", "create", "Not_A_Name")
        self.assertIn("memory_bytes", self.refused("INVALID_ARGUMENT", "SPEC_INVALID", "machine", "create", "--memory", "1MiB"))
        self.assertIn("cpu_count", self.refused("INVALID_ARGUMENT", "SPEC_INVALID", "machine", "create", "--cpus", "257"))
        self.assertIn("nothing", self.refused("NOT_FOUND", "PROC_PATH_NOT_FOUND", "proc", "twice", "nothing"))
        self.assertIn("address_slot", self.refused("FAILED_PRECONDITION", "SLOT_UNSET", "munmap", "--machine", "twice", "--address", "$9", "--length", "1"))
        self.refused("ABORTED", "SEQUENCE_STALE", "brk", "--machine", "twice", "--expected-sequence", "5")
        self.assertEqual(self.remote("brk", "--machine", "twice", "--expected-sequence", "0").returncode, 0, "nothing of this was executed")

    def test_a_deadline_that_passes_is_told(self):
        self.machine("slow")
        # Seconds of simulated faults in one batch.
        long_batch = "mmap --length 64MiB --prot rw --store-as 1\n" + 2000 * (
            "touch --address $1 --page-count 16384 --access write\nmadvise --address $1 --length 64MiB --advice dontneed\n")
        result = self.remote("run", "slow", "-", "--timeout", "100ms", "--batch", "10000", given=long_batch)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("DEADLINE_EXCEEDED: no answer from unix:", result.stderr)

    def test_a_watch_ends_well_when_its_time_is_over(self):
        self.machine("seen")
        result = self.remote("watch", "seen", "pgfault", "--timeout", "300ms", "--interval", "50ms")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertGreaterEqual(len(re.findall("of virtual time", result.stdout)), 2)

    def events(self, *words):
        """What a watch of a machine's events prints until it ends, while somebody asks for a break again and again."""
        watch = subprocess.Popen([MEMSIM, "watch", "--server", self.server, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        eventually(lambda: (self.remote("brk", "--machine", words[0]), watch.poll() is not None)[1])
        printed, said = watch.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual((watch.returncode, said), (0, ""))
        return printed

    def test_events_are_watched_as_perf_prints_them(self):
        self.machine("told")
        lines = self.events("told", "--events", "syscalls:sys_*_brk", "--count", "2").splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^            init      1 \[00\d\] +\d+\.\d{6}: syscalls:sys_enter_brk: brk: 0x00000000$")
        self.assertRegex(lines[1], r"^            init      1 \[00\d\] +\d+\.\d{6}:  syscalls:sys_exit_brk: 0x[0-9a-f]+$")
        [event] = objects(self.events("told", "--events", "*enter_brk", "--events", "kfree", "--count", "1", "--json"))
        self.assertEqual((event["name"], event["comm"], event["pid"]), ("syscalls:sys_enter_brk", "init", 1))
        self.assertEqual(event["fields"], [{"name": "brk", "value": "0x00000000"}])

    def test_a_watch_of_events_ends_when_its_time_is_over_and_with_an_interrupt(self):
        self.machine("heard")
        result = self.remote("watch", "heard", "--events", "*", "--timeout", "300ms")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        watch = subprocess.Popen([MEMSIM, "watch", "--server", self.server, "heard", "--events", "*"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.kill)
        eventually(lambda: (self.remote("brk", "--machine", "heard"), select.select([watch.stdout], [], [], 0)[0])[1])
        watch.send_signal(signal.SIGINT)
        printed, _ = watch.communicate(timeout=PATIENCE_SECONDS)
        self.assertTrue(printed.endswith("\n"), "whole lines")

    def test_events_are_listed_and_a_misspelt_one_is_answered_with_the_nearest(self):
        self.machine("spelt")
        self.assertRegex(self.remote("tracepoints", "kmem:mm_page_free").stdout,
                         r"^kmem:mm_page_free  A block of pages was given back\n +pfn order\n$")
        self.assertEqual([each["name"] for each in objects(self.remote("tracepoints", "k*free", "--json").stdout)],
                         ["kmem:kfree", "kmem:kmem_cache_free"])
        for words in (["watch", "spelt", "--events", "kmem:mm_page_aloc"], ["tracepoints", "kmem:mm_page_aloc"]):
            said = self.refused("INVALID_ARGUMENT", "FIELD_INVALID", *words)
            self.assertIn("did you mean kmem:mm_page_alloc?", said)
        mixed = self.remote("watch", "spelt", "pgfault", "--events", "*")
        self.assertEqual((mixed.returncode, mixed.stdout), (2, ""))

    def test_what_does_not_exist_is_answered_with_the_nearest_that_does(self):
        self.machine("demonstration")
        for words in (["machine", "show", "demonstratoin"], ["machine", "delete", "demonstration2"], ["brk", "--machine", "demonstratio"],
                      ["run", "demonstratoin", "-"], ["machine", "show", "tenants/default/machines/demonstraton"]):
            said = self.refused("NOT_FOUND", "MACHINE_NOT_FOUND", *words, given="brk\n")
            self.assertIn("did you mean demonstration? (memsim machine list shows", said)
        self.assertNotIn("did you mean", self.refused("NOT_FOUND", "MACHINE_NOT_FOUND", "machine", "show", "tenants/acme/machines/demonstration"))
        for path, nearest in (("memifno", "meminfo"), ("/proc/vmstta", "vmstat"), ("1/mpas", "1/maps")):
            self.assertIn(f"did you mean {nearest}?", self.refused("NOT_FOUND", "PROC_PATH_NOT_FOUND", "proc", "demonstration", path))
        self.assertNotIn("did you mean", self.refused("NOT_FOUND", "PROC_PATH_NOT_FOUND", "proc", "demonstration", "99/maps"))

    def test_a_replay_uses_a_machine_that_exists(self):
        self.machine("replayed", "--aslr", "off")
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "small.strace"
            trace.write_text("1000 brk(NULL) = 0x555555559000\n")
            result = self.remote("replay", str(trace), "--machine", "replayed", "--show", "1")
            self.assertIn("small.strace", result.stdout)
            self.assertEqual(result.returncode, 1, "that is not where the break is")
            missing = self.remote("replay", str(trace), "--machine", "nobody")
            self.assertEqual(missing.returncode, 1, "as of every command that the server refuses")
            self.assertIn("NOT_FOUND (MACHINE_NOT_FOUND)", missing.stderr)
        self.assertEqual(self.remote("machine", "show", "replayed").returncode, 0, "it stays")


    def machines(self):
        return {machine["name"] for machine in objects(self.remote("machine", "list", "--json").stdout)}

    def test_a_replay_that_is_interrupted_deletes_its_machine(self):
        # A background job of a shell ignores SIGINT, and so would what it starts.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        before = self.machines()
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "long.strace"
            trace.write_text("1000 munmap(0x10000, 4096) = 0\n" * 100_000)
            for number in (signal.SIGINT, signal.SIGTERM):
                replay = subprocess.Popen([MEMSIM, "replay", "--server", self.server] + [str(trace)] * 10_000,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                self.addCleanup(replay.wait)
                # Before that, as cleanups run: else a failure here would wait for all the traces.
                self.addCleanup(replay.kill)
                eventually(lambda: self.machines() != before)
                replay.send_signal(number)
                _, said = replay.communicate(timeout=PATIENCE_SECONDS)
                self.assertEqual(replay.returncode, 128 + number, said)
                self.assertRegex(said, r"^replay: \S+/long.strace: CANCELLED: interrupted before its last line\n$")
                self.assertEqual(self.machines(), before)

    def test_several_machines_are_deleted_though_one_does_not_exist(self):
        self.machine("first")
        self.machine("second")
        result = self.remote("machine", "delete", "frist", "first", "nobody", "second")
        self.assertEqual((result.returncode, result.stdout), (1, "deleted first\ndeleted second\n"))
        self.assertRegex(result.stderr, r"^memsim: NOT_FOUND \(MACHINE_NOT_FOUND\): .*did you mean first\?.*\n"
                                        r"memsim: NOT_FOUND \(MACHINE_NOT_FOUND\): .*/nobody .*\n$")
        self.machine("third")
        self.assertEqual(self.remote("machine", "create", "fourth", "--tenant", "acme").returncode, 0)
        deleted = self.remote("machine", "delete", "third", "nobody", "tenants/acme/machines/fourth", "--json").stdout
        self.assertEqual(objects(deleted), [{"name": "tenants/default/machines/third"}, {"name": "tenants/acme/machines/fourth"}])
        errors = objects(self.remote("machine", "delete", "nobody", "first", "--json").stderr)
        self.assertEqual([error["error"]["reason"] for error in errors], ["MACHINE_NOT_FOUND"] * 2)

    def test_a_watch_that_cannot_print_ends(self):
        self.machine("unseen")
        with open("/dev/full", "w") as full:
            result = subprocess.run([MEMSIM, "--server", self.server, "watch", "unseen", "--interval", "10ms"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^memsim: cannot write the output: .+\n$")


class UsageTest(unittest.TestCase):
    """What needs no server."""

    def test_a_dead_server_is_named_with_the_remedy(self):
        result = memsim("machine", "list", "--server", "127.0.0.1:1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("UNAVAILABLE: no memsim server answers at 127.0.0.1:1; start one with memsimd", result.stderr)

    def test_a_server_that_takes_calls_and_never_answers_is_left_after_the_timeout(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
            trace = pathlib.Path(folder) / "small.strace"
            trace.write_text("1000 munmap(0x10000, 4096) = 0\n")
            silent.bind(f"{folder}/silent")
            silent.listen()
            for words in (["machine", "show", "demo"], ["watch", "demo"], ["run", "demo", "-"], ["brk", "--machine", "demo"],
                          ["replay", str(trace)]):
                result = memsim(*words, "--timeout", "200ms", server=f"unix:{folder}/silent", given="brk\n")
                self.assertEqual(result.returncode, 1, words)
                self.assertIn("DEADLINE_EXCEEDED: no answer from unix:", result.stderr)

    def test_mistakes_exit_with_2_and_the_nearest_name(self):
        for words, nearest in [
            (["mmpa"], "mmap"),
            (["mmap", "--lenght", "1"], "--length"),
            (["mmap", "--length", "1", "--flags", "PRIVTE"], "PRIVATE"),
            (["machine", "lsit"], "list"),
        ]:
            result = memsim(*words)
            self.assertEqual((result.returncode, result.stdout), (2, ""), words)
            self.assertIn(f"did you mean {nearest}?", result.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        said = "cannot write the output: No space left on device"
        for words in (["constants"], ["help"], ["mmap", "--help"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([MEMSIM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual((result.returncode, result.stderr), (1, f"memsim: {said}\n"))
                result = subprocess.run([MEMSIM, "--json", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(json.loads(result.stderr)["error"]["message"], said)

    def test_a_file_of_calls_without_an_end_is_refused(self):
        result = memsim("run", "demo", "/dev/zero")
        self.assertEqual(result.returncode, 2)
        self.assertIn("memsim: the file /dev/zero is longer than 64 MiB; split it\n", result.stderr)

    def test_words_that_are_no_utf_8_are_refused_by_name(self):
        for words, name in [(["spawn", "--comm", b"\xff"], "--comm"), (["brk", "--machine", b"\xff"], "--machine"), (["proc", "demo", b"\xff"], "PATH")]:
            result = memsim(*words, "--json")
            self.assertEqual(result.returncode, 2)
            self.assertEqual(json.loads(result.stderr)["error"]["message"], f'{name}: "?" is no UTF-8')
        self.assertIn('MEMSIM_MACHINE: "?" is no UTF-8', memsim("brk", machine=b"\xff").stderr)


if __name__ == "__main__":
    unittest.main()
