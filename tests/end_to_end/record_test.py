#!/usr/bin/env python3
"""Records programs of this host and replays them: memsim record and memsim replay together.

usage: record_test.py MEMSIM

Exits with 77, which ctest counts as skipped, where the host forbids tracing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SKIPPED = 77
# This host's kernel may be older than the one that machines simulate, and place a few mappings elsewhere.
EQUAL_SHARE = 0.9

MEMSIM = None


class RecordTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="memsim_record_test.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.trace = self.folder / "program.strace"

    def record(self, *program):
        return subprocess.run([MEMSIM, "record", "-o", self.trace, "--", *program], cwd=self.folder, capture_output=True, text=True,
                              check=False)

    def assert_replays(self):
        """Replays the trace; returns what memsim says of it."""
        replayed = subprocess.run([MEMSIM, "replay", self.trace, "--server", "local", "--json"], capture_output=True, text=True,
                                  check=False)
        self.assertIn(replayed.returncode, (0, 1), replayed.stderr)
        report = json.loads(replayed.stdout.splitlines()[0])
        self.assertEqual((report["skipped"], report["unknown"]), (0, 0), replayed.stdout)
        self.assertGreaterEqual(report["equal"], EQUAL_SHARE * (report["equal"] + report["different"]), replayed.stdout)
        return report

    def test_a_program_that_maps_files_and_grows_its_heap_replays(self):
        recorded = self.record("/usr/bin/python3", "-S", "-c", "x = [bytearray(5000) for _ in range(500)]; open('out', 'w').write('a')")
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        self.assertEqual(self.trace.read_text().count(" @image("), 1)
        self.assertGreater(self.assert_replays()["equal"], 20)

    def test_a_shell_with_children_has_an_image_for_each_execve_and_replays(self):
        recorded = self.record("/bin/sh", "-c", "/bin/ls / | /usr/bin/sort; /bin/true")
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        lines = self.trace.read_text().splitlines()
        images = [line.split('"')[1] for line in lines if " @image(" in line]
        self.assertEqual(sorted(images), ["/bin/ls", "/bin/sh", "/bin/true", "/usr/bin/sort"])
        self.assert_replays()

    def test_files_are_told_with_the_sizes_they_had_before(self):
        (self.folder / "input").write_bytes(b"x" * 12345)
        # A file that is younger than the recording is the program's own.
        self.record("/bin/sh", "-c", "/bin/cat input > output")
        files = [line for line in self.trace.read_text().splitlines() if " @file(" in line]
        self.assertTrue(any(line.endswith('/input", 12345) = 0') for line in files), files)
        self.assertFalse(any("/output" in line for line in files), files)

    def test_a_program_that_fails_is_recorded_all_the_same(self):
        self.assertEqual(self.record("/bin/sh", "-c", "exit 3").returncode, 0)
        self.assertIn("+++ exited with 3 +++", self.trace.read_text())

    def test_a_program_that_is_gone_afterwards_has_no_image_and_the_trace_stays(self):
        recorded = self.record("/bin/sh", "-c", "/bin/cp /bin/true gone; ./gone; /bin/rm gone")
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        self.assertIn(f"memsim: {self.folder}/gone cannot be started again", recorded.stderr)
        lines = self.trace.read_text().splitlines()
        images = [line.split('"')[1] for line in lines if " @image(" in line]
        self.assertEqual(sorted(images), ["/bin/cp", "/bin/rm", "/bin/sh"])
        self.assert_replays()

    def test_a_program_is_found_where_the_process_is_that_starts_it(self):
        (self.folder / "sub").mkdir()
        shutil.copy("/bin/true", self.folder / "sub" / "tr")
        shutil.copy("/bin/true", self.folder / "above")
        recorded = self.record("/bin/sh", "-c", "cd sub && ./tr; (cd .. && ./above); ./tr")
        self.assertEqual((recorded.returncode, recorded.stderr), (0, ""))
        lines = self.trace.read_text().splitlines()
        images = {os.path.realpath(line.split('"')[1]) for line in lines if " @image(" in line}
        self.assertEqual(images, {os.path.realpath("/bin/sh"), f"{self.folder}/sub/tr", f"{self.folder}/above"})
        self.assert_replays()

    def test_what_strace_prints_on_a_terminal_replays_too(self):
        """As the help of replay says not to do it: without -o."""
        logged = subprocess.run(["setarch", "-R", "strace", "-f", "-y", "-e", "trace=%memory,%process,%desc,%file,prlimit64", "/bin/sh",
                                 "-c", "/bin/true; /bin/ls / > out; /bin/true"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(logged.returncode, 0, logged.stderr)
        self.trace.write_text(logged.stderr)
        self.assertIn("attached\n", logged.stderr)
        self.assertIn("[pid ", logged.stderr)
        self.assert_replays()

    def test_help_is_no_failure(self):
        for flag in ("-h", "--help"):
            helped = subprocess.run([MEMSIM, "record", flag], capture_output=True, text=True, check=False)
            self.assertEqual((helped.returncode, helped.stderr), (0, ""))
            self.assertIn("-o, --output FILE", helped.stdout)

    def test_a_trace_that_would_have_no_place_is_refused_before_the_program_runs(self):
        self.trace = self.folder / "none" / "program.strace"
        recorded = self.record("/bin/sh", "-c", "echo ran > ran")
        self.assertEqual((recorded.returncode, recorded.stdout), (1, ""))
        self.assertEqual(recorded.stderr, f"memsim: NOT_FOUND: there is no folder {self.folder}/none for the trace; make it first\n")
        self.assertFalse((self.folder / "ran").exists())

    def test_a_program_that_does_not_exist_is_named(self):
        recorded = self.record("/no/such/program")
        self.assertEqual(recorded.returncode, 1)
        self.assertIn("there is no program /no/such/program", recorded.stderr)
        self.assertFalse(self.trace.exists())

    def test_two_recordings_of_a_program_are_alike(self):
        traces = []
        for _ in range(2):
            self.record("/bin/sh", "-c", "/bin/true; /bin/true")
            # Other lines have inodes of pipes.
            traces.append(sorted(line for line in self.trace.read_text().splitlines() if " execve(" in line or " @image(" in line))
        self.assertEqual(traces[0], traces[1])
        self.assertEqual([line.split()[0] for line in traces[0]], ["1000", "1000", "1001", "1001", "1002", "1002"])

    def test_the_programs_own_flags_and_exit_are_its_own(self):
        recorded = self.record("/bin/sh", "-c", "echo $HOME $#; exit 3", "sh", "--json", "-o")
        self.assertEqual((recorded.returncode, recorded.stderr), (0, ""))
        self.assertTrue(recorded.stdout.startswith("/ 2\nrecorded "), recorded.stdout)

    def test_what_it_reads_and_writes_is_left_out(self):
        self.record("/bin/sh", "-c", "echo a secret that is longer than a short string > out")
        self.assertRegex(self.trace.read_text(), r'write\(1<[^>]*/out>, ""\.\.\., 44\) = 44\n')

    def test_without_strace_it_says_what_to_install(self):
        environment = dict(os.environ, PATH=str(self.folder))
        recorded = subprocess.run([MEMSIM, "record", "-o", self.trace, "--", "/bin/true"], cwd=self.folder, capture_output=True,
                                  text=True, check=False, env=environment)
        self.assertEqual(recorded.returncode, 1)
        self.assertIn("apt-get install strace", recorded.stderr)
        self.assertFalse(self.trace.exists())

    @unittest.skipUnless(os.getuid() == 0, "only root can become somebody else")
    def test_a_user_may_record(self):
        os.chmod(self.folder, 0o777)
        # The build folder may be closed to others.
        shutil.copy(MEMSIM, self.folder / "memsim")
        command = [self.folder / "memsim", "record", "-o", self.trace, "--", "/bin/sh", "-c", "/bin/ls /; /bin/true"]
        recorded = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, user=65534, group=65534,
                                  extra_groups=[])
        self.assertEqual((recorded.returncode, recorded.stderr), (0, ""))
        self.assertIn("# uid: 65534, no capability", self.trace.read_text())
        self.assert_replays()


if __name__ == "__main__":
    MEMSIM = Path(sys.argv[1]).resolve()
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        print("this host forbids tracing (a container without CAP_SYS_PTRACE?)")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
