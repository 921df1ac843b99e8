"""A machine's page of metrics beside that of the real node_exporter, which reads the same machine's /proc.

Usage: node_exporter_test.py MEMSIMD MEMSIM

Starts a server with a machine that has something to show, writes the machine's /proc to a folder, lets node_exporter read that folder
instead of the host's /proc, compares the two pages, and ends what it started.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from processes import PATIENCE_SECONDS, Process, eventually
from web import fetch, free_port, promtools_complaints

MEMSIMD, MEMSIM = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
del sys.argv[1:3]

# Anonymous and shared memory, a fork, slab objects, pages of a low zone, two CPUs that wait for each other.
CALLS = """\
spawn --comm worker --store-as 1
mmap --pid $1 --length 4MiB --prot rw --store-as 2
touch --pid $1 --address $2 --page-count 900 --access write
clone --pid $1
kmalloc --size 300
alloc-pages --order 3
concurrent --lane '0: alloc_pages --order 4; alloc_pages --order 4' --lane '1: alloc_pages --order 4; alloc_pages --order 4'
"""

# The files that these collectors read a machine's numbers from: everything must be the same, values included.
COLLECTORS_BY_FILE = {
    "meminfo": "node_memory_",
    "vmstat": "node_vmstat_",
    "buddyinfo": "node_buddyinfo_",
    "zoneinfo": "node_zoneinfo_",
    "slabinfo": "node_slabinfo_",
}

# A machine has no /proc/stat, so node_exporter reads the host's: names, types and labels must be the same. These families of it a
# machine does not have.
NOT_OF_A_MACHINE = {
    "node_boot_time_seconds": "a machine's time is virtual: it has booted at no time of the world's",
    "node_cpu_guest_seconds_total": "a machine runs no guests",
    "node_intr_total": "no interrupts are simulated",
    "node_procs_blocked": "tasks run in their calls alone, and none of them is left waiting",
    "node_procs_running": "tasks run in their calls alone: between two calls, when the page is made, none does",
}
# What node_exporter says of itself.
ABOUT_ITSELF = ("node_exporter_", "node_scrape_", "promhttp_", "go_", "process_")


class Family:
    def __init__(self, kind):
        self.kind = kind
        # By the labels, as a frozenset of (name, value).
        self.values = {}

    def label_names(self):
        return {tuple(sorted(name for name, _ in labels)) for labels in self.values}


def families_of(page):
    """The families of a page of metrics in the text format."""
    families = {}
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families, f"{name} stands twice"
            families[name] = Family(kind)
        elif not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")
            values = families[name].values
            assert frozenset(pairs) not in values, f"{line} stands twice"
            values[frozenset(pairs)] = float(value)
    return families


class NodeExporterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="memsim-node-exporter-test."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        memsimd = cls.start("memsimd", [MEMSIMD, "--grpc_address=127.0.0.1:0", "--http_address=127.0.0.1:0"])
        cls.grpc_address = memsimd.line(r"gRPC at (\S+)")
        http_address = memsimd.line(r"HTTP at (?:http://)?([^\s/]+)")
        cls.run_memsim("machine", "create", "alpha", "--memory", "8GiB", "--cpus", "3")
        cls.run_memsim("run", "alpha", "-", given=CALLS)
        # Nobody calls the machine from here on.
        cls.our_page = fetch(f"http://{http_address}/machines/alpha/metrics")[2]
        cls.ours = families_of(cls.our_page)
        cls.node_exporters_page = cls.read_as_node_exporter()
        cls.node_exporters = families_of(cls.node_exporters_page)

    @classmethod
    def start(cls, name, command):
        process = Process(name, command, cls.folder)
        cls.addClassCleanup(process.terminate)
        return process

    @classmethod
    def run_memsim(cls, *words, given=None):
        result = subprocess.run(
            [MEMSIM, "--server", cls.grpc_address, *words], input=given, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    @classmethod
    def read_as_node_exporter(cls):
        proc = cls.folder / "proc"
        proc.mkdir()
        for file in COLLECTORS_BY_FILE:
            (proc / file).write_text(cls.run_memsim("proc", "alpha", file))
        shutil.copyfile("/proc/stat", proc / "stat")
        address = f"127.0.0.1:{free_port()}"
        collectors = [f"--collector.{name}" for name in (*COLLECTORS_BY_FILE, "cpu", "stat", "uname")]
        process = cls.start(
            "node_exporter",
            [
                "prometheus-node-exporter",
                f"--web.listen-address={address}",
                f"--path.procfs={proc}",
                "--web.disable-exporter-metrics",
                "--collector.disable-defaults",
                "--collector.vmstat.fields=.*",
                *collectors,
            ],
        )

        def page():
            assert process.child.poll() is None, process.text()
            status, _, text = fetch(f"http://{address}/metrics")
            return status == 200 and text

        text = eventually(page)
        # A collector that failed has no families, and nothing would be compared.
        succeeded = set(re.findall(r'node_scrape_collector_success\{collector="(\w+)"\} 1', text))
        assert succeeded == {*COLLECTORS_BY_FILE, "cpu", "stat", "uname"}, succeeded
        return text

    def test_every_family_of_node_exporters_is_there_or_is_none_of_a_machines(self):
        expected = {name for name in self.node_exporters if not name.startswith(ABOUT_ITSELF)}
        self.assertLessEqual(set(NOT_OF_A_MACHINE), expected)
        found = {name for name in self.ours if name.startswith("node_")}
        self.assertEqual(found, expected - set(NOT_OF_A_MACHINE))

    def test_what_the_machines_files_say_is_the_same_on_both_pages(self):
        for file, prefix in COLLECTORS_BY_FILE.items():
            names = [name for name in self.node_exporters if name.startswith(prefix)]
            self.assertTrue(names, file)
            for name in names:
                with self.subTest(file=file, family=name):
                    self.assertEqual(self.ours[name].kind, self.node_exporters[name].kind)
                    self.assertEqual(self.ours[name].values, self.node_exporters[name].values)

    def test_what_other_collectors_show_has_the_same_types_and_labels(self):
        names = {name for name in self.ours if name.startswith(("node_cpu_", "node_context_", "node_forks_", "node_uname_"))}
        self.assertEqual(len(names), 4)
        for name in names:
            with self.subTest(family=name):
                self.assertEqual(self.ours[name].kind, self.node_exporters[name].kind)
                self.assertEqual(self.ours[name].label_names(), self.node_exporters[name].label_names())
        modes = {
            page: {dict(labels)["mode"] for labels in families["node_cpu_seconds_total"].values}
            for page, families in (("ours", self.ours), ("node_exporter's", self.node_exporters))
        }
        self.assertEqual(modes["ours"], modes["node_exporter's"])
        self.assertEqual(len(self.ours["node_cpu_seconds_total"].values), 3 * len(modes["ours"]))

    def test_the_machine_had_something_to_show(self):
        def total(name):
            return sum(self.ours[name].values.values())

        self.assertGreaterEqual(total("node_vmstat_pgfault"), 900)
        self.assertGreaterEqual(total("node_forks_total"), 3)
        self.assertGreater(total("memsim_lock_contentions_total"), 0)
        self.assertGreater(total("memsim_lock_wait_seconds_total"), 0)
        (uname,) = self.ours["node_uname_info"].values
        self.assertEqual(dict(uname)["nodename"], "alpha")

    def test_promtool_says_of_these_names_what_it_says_of_node_exporters(self):
        ours = promtools_complaints(self.our_page)
        self.assertTrue(ours)
        self.assertEqual(ours, promtools_complaints(self.node_exporters_page))


if __name__ == "__main__":
    unittest.main(verbosity=2)
