"""The real memsimd, watched by the real Prometheus with the configuration and the dashboard that are shipped.

Usage: prometheus_test.py SOURCE_DIRECTORY MEMSIMD MEMSIM

Starts a server with two machines, keeps them busy, lets Prometheus find them through /sd, runs every query of every dashboard, and
ends what it started.
"""

import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

from processes import PATIENCE_SECONDS, Process, eventually
from web import fetch, free_port, promtools_complaints

SOURCE, MEMSIMD, MEMSIM = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
del sys.argv[1:4]

# Two machines: one by its short name, one of another tenant.
MACHINES = [("default", "alpha"), ("acme", "beta")]

# Faults of every kind that the dashboard shows, pages taken and given back, and two CPUs that wait for each other.
CALLS = """\
mmap --length 1MiB --prot rw --store-as 1
touch --address $1 --page-count 256 --access write
clone --pid 1 --store-as 2
touch --pid $2 --address $1 --page-count 64 --access write
exit-group --pid $2
alloc-pages --order 3 --store-as 3
free-pages --frame-number $3 --order 3
munmap --address $1 --length 1MiB
concurrent --lane '0: alloc_pages --order 4 --store-as 4' --lane '1: alloc_pages --order 4 --store-as 5'
free-pages --frame-number $4 --order 4
free-pages --frame-number $5 --order 4
"""


class Traffic(threading.Thread):
    """Runs the calls on every machine again and again, so that rates have something to show."""

    def __init__(self, run_memsim):
        super().__init__(daemon=True)
        self.run_memsim = run_memsim
        self.ended = threading.Event()
        self.failure = None

    def run(self):
        while not self.ended.is_set():
            for tenant, machine in MACHINES:
                name = f"tenants/{tenant}/machines/{machine}"
                # Over the stream, and a unary RPC, for the dashboard shows both.
                for words in (["run", name, "-"], ["free", name]):
                    result = self.run_memsim(*words, given=CALLS)
                    if result.returncode != 0 and not self.ended.is_set():
                        self.failure = result.stdout
                        return
            self.ended.wait(0.2)

    def end(self):
        self.ended.set()
        self.join(PATIENCE_SECONDS)


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="memsim-prometheus-test.")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.memsimd = cls.start("memsimd", [MEMSIMD, "--grpc_address=127.0.0.1:0", "--http_address=127.0.0.1:0"])
        cls.grpc_address = cls.memsimd.line(r"gRPC at (\S+)")
        cls.http_address = cls.memsimd.line(r"HTTP at (?:http://)?([^\s/]+)")
        cls.http = f"http://{cls.http_address}"
        for tenant, machine in MACHINES:
            result = cls.run_memsim("machine", "create", machine, "--tenant", tenant, "--memory", "8GiB")
            assert result.returncode == 0, result.stdout
        cls.traffic = Traffic(cls.run_memsim)
        cls.addClassCleanup(cls.traffic.end)
        cls.traffic.start()
        cls.start_prometheus()

    @classmethod
    def start(cls, name, command):
        process = Process(name, command, cls.folder)
        cls.addClassCleanup(process.terminate)
        return process

    @classmethod
    def run_memsim(cls, *words, given=None):
        return subprocess.run(
            [MEMSIM, "--server", cls.grpc_address, *words],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    @classmethod
    def start_prometheus(cls):
        """With the shipped configuration, but this server's port, and a second where it says five."""
        shipped = (SOURCE / "deploy/prometheus/prometheus.yml").read_text()
        assert "127.0.0.1:7680" in shipped
        text = shipped.replace("127.0.0.1:7680", cls.http_address).replace("../../dashboards", str(SOURCE / "dashboards"))
        text = text.replace("5s", "1s").replace("4s", "1s")
        configuration = pathlib.Path(cls.folder) / "prometheus.yml"
        configuration.write_text(text)
        port = free_port()
        cls.prometheus = f"http://127.0.0.1:{port}"
        process = cls.start(
            "prometheus",
            [
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={cls.folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
        )

        def ready():
            assert process.child.poll() is None, process.text()
            return fetch(f"{cls.prometheus}/-/ready")[0] == 200

        eventually(ready)

    def query(self, expression):
        """The samples that the expression has now."""
        url = f"{self.prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        status, _, text = fetch(url)
        self.assertEqual(status, 200, f"{expression}: {text}")
        return json.loads(text)["data"]["result"]

    def require_data(self, expression):
        def has_data():
            samples = self.query(expression)
            return [sample for sample in samples if math.isfinite(float(sample["value"][1]))]

        try:
            return eventually(has_data)
        except AssertionError:
            self.fail(f"no data for {expression}")

    def test_both_machines_are_found_and_scraped(self):
        def targets_up():
            targets = json.loads(fetch(f"{self.prometheus}/api/v1/targets")[2])["data"]["activeTargets"]
            self.assertTrue(all(target["health"] == "up" for target in targets), targets)
            return len(targets) == 1 + len(MACHINES) and targets

        targets = eventually(targets_up)
        found = {
            (target["labels"]["tenant"], target["labels"]["machine"], target["labels"]["instance"])
            for target in targets
            if target["labels"]["job"] == "memsim-machines"
        }
        self.assertEqual(found, {(tenant, machine, f"{tenant}/{machine}") for tenant, machine in MACHINES})

    def test_every_query_of_every_dashboard_has_data_for_every_machine(self):
        dashboards = sorted((SOURCE / "dashboards").glob("*.json"))
        self.assertTrue(dashboards)
        for path in dashboards:
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel.get("targets", []):
                    for tenant, machine in MACHINES:
                        values = {"tenant": tenant, "machine": machine, "zone": "Normal", "__rate_interval": "15s"}
                        expression = re.sub(r"\$\{?(\w+)\}?", lambda found: values[found.group(1)], target["expr"])
                        with self.subTest(panel=panel["title"], query=expression):
                            self.require_data(expression)

    def test_the_variables_of_every_dashboard_find_the_machines(self):
        for path in sorted((SOURCE / "dashboards").glob("*.json")):
            variables = json.loads(path.read_text())["templating"]["list"]
            values = {"tenant": "acme", "machine": "beta"}
            expected = {"tenant": {"default", "acme"}, "machine": {"beta"}, "zone": {"DMA", "DMA32", "Normal"}}
            for variable in variables:
                if variable["type"] != "query":
                    continue
                selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                selector = re.sub(r"\$(\w+)", lambda found: values[found.group(1)], selector)
                self.require_data(selector)

                def listed():
                    found = {sample["metric"][label] for sample in self.query(selector)}
                    self.assertEqual(found, expected[variable["name"]])
                    return True

                eventually(listed)

    def test_what_is_scraped_has_node_exporters_names_and_the_machines_values(self):
        for tenant, machine in MACHINES:
            name = f"tenants/{tenant}/machines/{machine}"
            meminfo = self.run_memsim("proc", name, "meminfo").stdout
            total_kib = int(re.search(r"MemTotal: +(\d+) kB", meminfo).group(1))
            samples = self.require_data(f'node_memory_MemTotal_bytes{{tenant="{tenant}",machine="{machine}"}}')
            self.assertEqual([float(sample["value"][1]) for sample in samples], [total_kib * 1024])
            # The target's label machine takes the place of the page's, which is the architecture.
            samples = self.require_data(f'node_uname_info{{tenant="{tenant}",machine="{machine}"}}')
            self.assertEqual(samples[0]["metric"]["nodename"], machine)
            self.assertEqual(samples[0]["metric"]["exported_machine"], "x86_64")

    def test_locks_are_counted_by_class(self):
        for tenant, machine in MACHINES:
            self.require_data(f'memsim_lock_contentions_total{{tenant="{tenant}",machine="{machine}",class="&zone->lock"}} > 0')

    def test_promtool_criticises_nothing_but_what_node_exporter_named(self):
        """node_exporter_test.py has promtool say the same of node_exporter's own page."""
        pages = ["/metrics"] + [f"/machines/tenants/{tenant}/machines/{machine}/metrics" for tenant, machine in MACHINES]
        for page in pages:
            status, headers, text = fetch(self.http + page)
            self.assertEqual(status, 200, text)
            self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            expected = {
                f"{name} metric names should be written in 'snake_case' not 'camelCase'"
                for name in re.findall(r"^# TYPE (node_memory_\w*[a-z][A-Z]\w*) ", text, re.MULTILINE)
            }
            if page != "/metrics":
                # "sec" is for "secondary", not for seconds.
                expected.add("node_vmstat_nr_sec_page_table_pages metric names should not contain abbreviated units")
                self.assertGreater(len(expected), 20)
            self.assertEqual(promtools_complaints(text), expected, page)

    def test_a_machine_that_is_deleted_is_no_longer_discovered(self):
        result = self.run_memsim("machine", "create", "passing")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.require_data('up{machine="passing"} == 1')
        result = self.run_memsim("machine", "delete", "passing")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(fetch(f"{self.http}/machines/passing/metrics")[0], 404)

        def forgotten():
            text = fetch(f"{self.prometheus}/api/v1/targets?state=active")[2]
            return "passing" not in text

        eventually(forgotten)

    def test_rpcs_are_counted_by_method(self):
        samples = self.require_data('grpc_server_handled_total{grpc_method="CreateMachine",grpc_code="OK"}')
        self.assertGreaterEqual(float(samples[0]["value"][1]), len(MACHINES))
        samples = self.require_data('grpc_server_handled_total{grpc_method="Execute",grpc_code="OK"} > 0')
        self.assertEqual(samples[0]["metric"]["grpc_service"], "memsim.v1.ExecutionService")

    def test_what_is_not_there_is_refused_in_words(self):
        self.assertEqual(fetch(f"{self.http}/healthz")[0], 200)
        self.assertEqual(fetch(f"{self.http}/nothing")[0], 404)
        status, headers, text = fetch(f"{self.http}/metrics", method="POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        self.assertIn("GET", text)

    @classmethod
    def tearDownClass(cls):
        cls.traffic.end()
        assert cls.traffic.failure is None, f"the calls failed:\n{cls.traffic.failure}"
        code = cls.memsimd.terminate()
        assert code == 0, f"memsimd ended with {code}:\n{cls.memsimd.text()}"


if __name__ == "__main__":
    unittest.main(verbosity=2)
